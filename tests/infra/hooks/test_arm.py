"""The management plane's client: how long it waits, and when it gives up."""

from collections.abc import Callable

import pytest

from infra.hooks.arm import MAX_SECONDS_OF_A_CALL, Arm, Conflict
from infra.hooks.clock import Clock
from infra.hooks.failure import HookFailed
from tests.fakes.arm import APP, TOKEN, FakeArm
from tests.fakes.server import Reply, json_reply

type Ask = Callable[[], object]


class RecordingClock(Clock):
    """Sleeps for no time, and keeps how long it was asked to."""

    def __init__(self) -> None:
        super().__init__(0)
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        super().sleep(seconds)


@pytest.fixture
def clock() -> RecordingClock:
    return RecordingClock()


@pytest.fixture
def ask(arm: FakeArm, clock: RecordingClock) -> Ask:
    """Lists the functions."""
    client = Arm(arm.url, lambda: TOKEN, clock, "rg-test")
    return lambda: client.get(f"{APP}/functions", "2024-04-01", to="list", role="Reader")


def test_pauses_grow_up_to_half_a_minute(arm: FakeArm, ask: Ask, clock: RecordingClock) -> None:
    arm.refuse("GET", "/functions", Reply(503), times=7)
    ask()
    assert clock.pauses == [2, 4, 8, 16, 30, 30, 30]


@pytest.mark.parametrize(
    ("asked", "pause"),
    [("17", 17), ("0", 1), ("Thu, 01 Jan 1970 00:00:00 GMT", 1), ("soon", 2), ("", 2), ("-5", 2)],
)
def test_a_pause_that_azure_asks_for_is_kept_but_never_none(
    arm: FakeArm, ask: Ask, clock: RecordingClock, asked: str, pause: float
) -> None:
    arm.refuse("GET", "/functions", Reply(429, headers={"Retry-After": asked}), times=1)
    ask()
    assert clock.pauses == [pause]


def test_a_moment_that_azure_names_is_told_by_its_own_clock(arm: FakeArm, ask: Ask, clock: RecordingClock) -> None:
    told = {"Date": "Thu, 01 Jan 1970 00:00:00 GMT", "Retry-After": "Thu, 01 Jan 1970 00:00:17 GMT"}
    arm.refuse("GET", "/functions", Reply(429, headers=told), times=1)
    ask()
    assert clock.pauses == [17]


@pytest.mark.parametrize("asked", ["301", "9" * 40, "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_a_pause_longer_than_a_call_may_take_is_not_begun(
    arm: FakeArm, ask: Ask, clock: RecordingClock, asked: str
) -> None:
    arm.refuse("GET", "/functions", Reply(429, headers={"Retry-After": asked}))
    with pytest.raises(HookFailed, match="busy"):
        ask()
    assert clock.pauses == []


def test_one_call_waits_for_five_minutes_at_most(arm: FakeArm, ask: Ask, clock: RecordingClock) -> None:
    arm.answer_always(Reply(500))
    with pytest.raises(HookFailed, match="wait for some minutes"):
        ask()
    assert MAX_SECONDS_OF_A_CALL - 60 < sum(clock.pauses) <= MAX_SECONDS_OF_A_CALL


def test_a_fault_of_the_request_is_not_tried_again(arm: FakeArm, ask: Ask, clock: RecordingClock) -> None:
    arm.answer_always(Reply(400, b'{"error": {"code": "BadRequest", "message": "no"}}'))
    with pytest.raises(HookFailed, match="400 BadRequest"):
        ask()
    assert clock.pauses == []


def test_nobody_who_answers_is_told_apart_from_one_who_is_busy(clock: RecordingClock) -> None:
    client = Arm("http://127.0.0.1:9", lambda: TOKEN, clock, "rg-test")
    with pytest.raises(HookFailed, match="Azure does not answer"):
        client.get(APP, "2024-04-01", to="list", role="Reader")


@pytest.mark.parametrize(("status", "kind"), [(409, Conflict), (412, HookFailed)])
def test_a_conflict_is_an_error_of_its_own(arm: FakeArm, clock: RecordingClock, status: int, kind: type) -> None:
    arm.answer_always(Reply(status))
    with pytest.raises(HookFailed) as raised:
        Arm(arm.url, lambda: TOKEN, clock, "rg-test").put(APP, "2024-04-01", {}, to="write", role="Owner")
    assert type(raised.value) is kind


def test_one_token_serves_many_calls(arm: FakeArm, clock: RecordingClock) -> None:
    asked: list[str] = []

    def token() -> str:
        asked.append(TOKEN)
        return TOKEN

    client = Arm(arm.url, token, clock, "rg-test")
    for _ in range(3):
        client.get(f"{APP}/functions", "2024-04-01", to="list", role="Reader")
    assert len(asked) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Sign in</html>", b"[]", b'"text"', b'{"default": "half', b"[" * 100_000, b"\xff\xfe{}"],
    ids=["nothing", "a page", "a list", "a text", "a half", "deep", "no text"],
)
def test_an_answer_that_cannot_be_read_is_not_taken_for_nothing(
    arm: FakeArm, clock: RecordingClock, body: bytes
) -> None:
    client = Arm(arm.url, lambda: TOKEN, clock, "rg-test")
    arm.answer_always(Reply(200, body))
    for read in (client.get, client.find, client.ask):
        with pytest.raises(HookFailed, match="cannot list: Azure's answer cannot be read"):
            read(APP, "2024-04-01", to="list", role="Reader")
    client.post(APP, "2024-04-01", to="restart", role="Reader")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, b"<html>not here</html>"),
        Reply(404),
        json_reply({"error": {"code": "ResourceGroupNotFound"}}, 404),
        json_reply({"error": {"code": "ParentResourceNotFound"}}, 404),
        json_reply({"error": {"code": "SubscriptionNotFound"}}, 404),
    ],
)
def test_what_azure_itself_does_not_call_missing_is_not_taken_for_missing(
    arm: FakeArm, clock: RecordingClock, reply: Reply
) -> None:
    arm.answer_always(reply)
    with pytest.raises(HookFailed, match="404"):
        Arm(arm.url, lambda: TOKEN, clock, "rg-test").find(APP, "2024-04-01", to="look", role="Reader")
