"""The receivers of docs/receivers.md against what the hub really sends: genuine, forged, changed, old, repeated."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from devhost.install import find_node
from shared.delivery.record import DeliveryState
from shared.hub.hub import Hub
from shared.webhooks.signing import standard_webhooks_headers
from tests.fakes.receiver import Receiver
from tests.fakes.server import Received
from tests.receivers.mono import compile_program, find_mono
from tests.receivers.running import FOLDER, RunningReceiver, node_command, python_command, running_receiver
from tests.support.delivering import attempt, delivering_hub, register, save

OLD, NEW = "the sécret of before", "whsec_c2VjcmV0IG9mIHRoZSByZWNlaXZlcg"

type Start = Callable[..., AbstractContextManager[RunningReceiver]]


@pytest.fixture(scope="module", params=["Python", "JavaScript", "C#"])
def command(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What starts the receiver in this language."""
    if request.param == "Python":
        return python_command()
    if request.param == "JavaScript":
        find_node()
        return node_command()
    find_mono()
    program = tmp_path_factory.mktemp("csharp") / "Receiver.exe"
    compile_program(FOLDER / "Receiver.cs", program)
    return ["mono", str(program)]


@pytest.fixture(scope="module")
def shared_receiver(command: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningReceiver]:
    with running_receiver(command, tmp_path_factory.mktemp("receiver") / "inbox", (NEW, OLD)) as running:
        yield running


@pytest.fixture
def theirs(shared_receiver: RunningReceiver) -> RunningReceiver:
    """A receiver that knows the new and the old secret, with an empty folder."""
    for path in shared_receiver.inbox.iterdir():
        path.unlink()
    return shared_receiver


@pytest.fixture
def start(command: list[str], tmp_path: Path) -> Start:
    """Starts one with other secrets or settings."""
    numbers = itertools.count()
    return lambda secrets, **more: running_receiver(command, tmp_path / str(next(numbers)), secrets, **more)


@pytest.fixture
def hub(connection_string: str) -> Hub:
    return delivering_hub(connection_string)


def delivery(hub: Hub, receiver: Receiver, *secrets: str, **members: Any) -> Received:  # noqa: ANN401 - of a webhook
    """A delivery as it arrives; with several secrets the last one has just replaced the others."""
    registration = register(hub, receiver.url, Name="grüße", Secret=secrets[0], **members)
    for secret in secrets[1:]:
        registration = save(hub, registration.id, Secret=secret)
    attempt(hub, registration)
    return receiver.journal[-1]


@pytest.fixture
def call(hub: Hub, receiver: Receiver) -> Received:
    """A delivery that is signed with the new secret."""
    return delivery(hub, receiver, NEW)


def test_what_the_hub_delivers_is_kept_once_and_a_test_event_is_not(hub: Hub, theirs: RunningReceiver) -> None:
    registration = register(hub, theirs.url, Secret=NEW)
    assert theirs.kept == []
    event = attempt(hub, registration)
    attempt(hub, registration, event, attempt=0, cycle=1)
    log = hub.receivers.deliveries.get(registration.id, event)
    assert log is not None
    assert (log.state, len(log.log)) == (DeliveryState.DELIVERED, 2)
    [body] = theirs.kept
    assert event.id.encode() in body


def test_what_arrives_is_genuine_and_what_was_changed_is_not(call: Received, theirs: RunningReceiver) -> None:
    headers = dict(call.headers)
    assert theirs.post(headers, call.body) == 204
    assert theirs.post(headers, call.body + b" ") == 401
    assert theirs.post({**headers, "webhook-id": "another"}, call.body) == 401
    later = str(int(headers["webhook-timestamp"]) + 1)
    assert theirs.post({**headers, "webhook-timestamp": later}, call.body) == 401
    assert theirs.kept == [call.body]


STRANGE = [
    *(("webhook-signature", value) for value in ("", "v1,", "v1,bm90IGEgbWFj", "v1a,bm90IGEgbWFj", "v2,x v1", "v1,é")),
    *(("webhook-timestamp", value) for value in ("", "soon", "-1", "1e9", "99999999999999999999")),
    ("webhook-id", ""),
]


def test_what_is_signed_strangely_or_not_at_all_is_refused(call: Received, theirs: RunningReceiver) -> None:
    strange = [{**call.headers, name: value} for name, value in STRANGE]
    without = [{name: value for name, value in call.headers.items() if name != left} for left, _ in STRANGE[::5]]
    assert [theirs.post(headers, call.body) for headers in strange + without] == [401] * (len(STRANGE) + 3)
    assert theirs.kept == []


def test_what_is_old_or_of_the_future_is_refused_though_it_is_signed(call: Received, theirs: RunningReceiver) -> None:
    def signed(age: int) -> dict[str, str]:
        return standard_webhooks_headers(call.headers["webhook-id"], int(time.time()) - age, call.body, [NEW])

    assert [theirs.post({**call.headers, **signed(age)}, call.body) for age in (400, -400, 200)] == [401, 401, 204]


def test_what_is_sent_again_is_acknowledged_and_kept_once(call: Received, theirs: RunningReceiver) -> None:
    assert [theirs.post(call.headers, call.body) for _ in range(3)] == [204, 204, 204]
    assert theirs.kept == [call.body]


def test_what_cannot_be_kept_is_not_acknowledged(call: Received, start: Start) -> None:
    with start((NEW,)) as theirs:
        theirs.inbox.rmdir()
        assert theirs.post(call.headers, call.body) == 500
        theirs.inbox.mkdir()
        assert theirs.post(call.headers, call.body) == 204
        assert theirs.kept == [call.body]


def test_while_a_secret_is_replaced_either_one_is_enough_and_another_one_is_not(
    hub: Hub, receiver: Receiver, start: Start
) -> None:
    sent = [delivery(hub, receiver, *secrets) for secrets in ((OLD,), (OLD, NEW), (NEW,))]
    answers = {(OLD,): [204, 204, 401], (NEW, OLD): [204, 204, 204], (NEW,): [401, 204, 204]}
    for known, expected in answers.items():
        with start(known) as theirs:
            assert [theirs.post(call.headers, call.body) for call in sent] == expected
            assert len(theirs.kept) == expected.count(204)


def test_superoffices_signature_is_checked_where_that_is_wanted(hub: Hub, receiver: Receiver, start: Start) -> None:
    call = delivery(hub, receiver, OLD, NEW)
    before = delivery(hub, receiver, OLD)
    only = {name: value for name, value in call.headers.items() if not name.startswith("webhook-")}
    with start((NEW, OLD), SIGNATURE="superoffice") as theirs:
        assert [theirs.post(only, call.body) for _ in range(2)] == [204, 204]
        assert theirs.kept == [call.body]
        assert theirs.post(only, call.body + b" ") == 401
        assert theirs.post({**only, "x-superoffice-signature": "bm90IGEgbWFj"}, call.body) == 401
        assert theirs.post({**only, "x-superoffice-signature": ""}, call.body) == 401
        assert theirs.post(before.headers, before.body) == 204


def test_without_a_secret_nothing_is_genuine(call: Received, start: Start) -> None:
    forged = standard_webhooks_headers(call.headers["webhook-id"], int(time.time()), call.body, [NEW])
    with start(()) as theirs:
        assert theirs.post({**call.headers, **forged}, call.body) == 401
