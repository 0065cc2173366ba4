import json
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from azure.functions.queue import QueueMessage
from pydantic import SecretStr

from shared.circuit_breaker import OPEN_SECONDS
from shared.deadline import MESSAGE_SECONDS, remaining_seconds
from shared.errors import StorageDown, StorageRefused
from shared.queue_edge import MAX_DEQUEUE_COUNT, MAX_WAITING, handle_message
from shared.settings import StorageSettings
from shared.storage.account import StorageAccount
from shared.storage.tables import Contended
from shared.storage.transport import StorageTransport
from shared.telemetry.tracing import about_event
from tests.fakes.server import Reply, json_reply
from tests.fakes.storage import FakeStorage
from tests.support.invoking import TRACE, TRACEPARENT, invocation_context
from tests.support.lines import lines_in
from tests.support.paths import ROOT
from tests.support.patience import eventually

NOT_FOUND = json_reply({"odata.error": {"code": "ResourceNotFound"}}, 404)
ANOTHER = "00-11111111111111111111111111111111-2222222222222222-00"
DAY = "Fri, 09 Oct 2026 21:04:30 GMT"
SENT = Reply(
    201,
    b"<?xml version='1.0' encoding='utf-8'?><QueueMessagesList><QueueMessage><MessageId>1</MessageId>"
    b"<InsertionTime>%(day)b</InsertionTime><ExpirationTime>%(day)b</ExpirationTime><PopReceipt>p</PopReceipt>"
    b"<TimeNextVisible>%(day)b</TimeNextVisible></QueueMessage></QueueMessagesList>" % {b"day": DAY.encode()},
    {"Content-Type": "application/xml"},
)


def message(dequeue_count: int | None) -> QueueMessage:
    return QueueMessage(id="1", body=b"text", dequeue_count=dequeue_count)  # type: ignore[no-untyped-call]


@dataclass
class Outage:
    """Tables and queues that a test takes down, and a time that passes only while somebody waits."""

    tables: FakeStorage
    queues: FakeStorage
    seconds: float = 0
    slept: float = 0
    counts: list[int] = field(default_factory=list)
    when_slept: Callable[[], object] = lambda: None
    account: StorageAccount = field(init=False)

    def __post_init__(self) -> None:
        text = f"TableEndpoint={self.tables.url}/a;QueueEndpoint={self.queues.url}/a;AccountName=a;AccountKey=c2VjcmV0"
        transport = StorageTransport(read_seconds=0.1, seconds=lambda: self.seconds)
        self.account = StorageAccount(StorageSettings(AzureWebJobsStorage=SecretStr(text)), transport)

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.seconds += seconds
        self.slept += seconds
        self.when_slept()

    def work(self, body: bytes, count: int) -> None:
        """What the function does: it reads a row."""
        assert body == b"text"
        self.counts.append(count)
        self.account.table("things").get("p", "r")

    def handle(self, dequeue_count: int | None = 1, handler: Callable[[bytes, int], object] | None = None) -> None:
        """Hand over a message."""
        handle_message(
            message(dequeue_count),
            handler or self.work,
            storage=lambda: self.account,
            queue="events",
            as_repeat=lambda body: body.decode() + " again",
            sleep=self.sleep,
        )

    def end(self) -> None:
        """Let the tables answer again."""
        self.tables.reset()
        self.tables.answer_always(NOT_FOUND)


@pytest.fixture
def outage() -> Iterator[Outage]:
    with FakeStorage() as tables, FakeStorage() as queues:
        tables.hang()
        queues.answer_always(SENT)
        yield Outage(tables, queues)


def test_the_last_dequeue_is_the_one_that_host_json_says() -> None:
    queues = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["queues"]
    assert queues["maxDequeueCount"] == MAX_DEQUEUE_COUNT


@pytest.mark.parametrize(("dequeue_count", "told"), [(None, 1), (1, 1), (4, 4), (MAX_DEQUEUE_COUNT, MAX_DEQUEUE_COUNT)])
def test_a_message_is_handled_once_within_its_time(outage: Outage, dequeue_count: int | None, told: int) -> None:
    outage.end()
    left: list[float] = []

    def handler(body: bytes, count: int) -> None:
        left.append(remaining_seconds(at_most=1000))
        outage.work(body, count)

    outage.handle(dequeue_count, handler)
    assert (outage.counts, outage.slept) == ([told], 0)
    assert MESSAGE_SECONDS - 10 < left[0] <= MESSAGE_SECONDS


def test_an_outage_is_waited_out_and_the_message_handled_then(outage: Outage) -> None:
    outage.when_slept = lambda: outage.end() if outage.slept > 10 else None
    outage.handle()
    # What was begun before is told from what was not.
    assert (outage.counts[0], {*outage.counts[1:]}) == (1, {2})
    assert 10 < outage.slept < 10 + 10 + OPEN_SECONDS


def test_a_message_that_came_before_keeps_its_dequeue_count(outage: Outage) -> None:
    outage.when_slept = outage.end
    outage.handle(3)
    assert outage.counts == [3, 3]


def test_while_storage_is_refused_the_handler_is_not_run_again(outage: Outage) -> None:
    with ThreadPoolExecutor(10) as pool:
        failed = [pool.submit(outage.work, b"text", 1) for _ in range(10)]
    assert all(isinstance(one.exception(), StorageDown) for one in failed)
    assert outage.account.is_refusing
    refused_at_run = []

    def handler(_: bytes, count: int) -> None:
        refused_at_run.append(outage.account.is_refusing)
        outage.work(b"text", count)

    outage.when_slept = lambda: outage.end() if outage.slept > 5 else None
    outage.handle(handler=handler)
    assert refused_at_run[0]
    assert not any(refused_at_run[1:])


def test_a_longer_outage_is_the_hosts_who_comes_again(outage: Outage) -> None:
    with pytest.raises(StorageDown):
        outage.handle(MAX_DEQUEUE_COUNT - 1)
    assert MESSAGE_SECONDS / 3 < outage.slept < MESSAGE_SECONDS
    assert outage.queues.journal == []


def test_at_the_last_dequeue_the_message_is_sent_again_and_ends(outage: Outage) -> None:
    outage.handle(MAX_DEQUEUE_COUNT)
    [sent] = outage.queues.journal
    assert (sent.method, sent.path) == ("POST", "/a/events/messages")
    assert sent.query == {"visibilitytimeout": "60", "messagettl": "-1"}
    text = sent.body.partition(b"<MessageText>")[2].partition(b"</MessageText>")[0]
    assert b64decode(text) == b"text again"
    assert (outage.counts, outage.slept) == ([MAX_DEQUEUE_COUNT], 0)


def test_at_the_last_dequeue_without_a_queue_the_exception_goes_up_in_the_end(outage: Outage) -> None:
    outage.queues.hang()
    with pytest.raises(StorageDown):
        outage.handle(MAX_DEQUEUE_COUNT)
    assert outage.slept > MESSAGE_SECONDS / 3


@pytest.mark.parametrize("error", [StorageRefused("no"), Contended("others"), ValueError("not ours")])
def test_what_is_no_outage_is_neither_waited_out_nor_sent_again(outage: Outage, error: Exception) -> None:
    def handler(_: bytes, count: int) -> None:
        outage.counts.append(count)
        raise error

    with pytest.raises(type(error)):
        outage.handle(MAX_DEQUEUE_COUNT, handler)
    assert (len(outage.counts), outage.slept, outage.queues.journal) == (1, 0, [])


def test_only_so_many_messages_wait_that_requests_find_a_thread(outage: Outage) -> None:
    waits, go_on = threading.Semaphore(0), threading.Event()

    def wait(_: float) -> None:
        waits.release()
        assert go_on.wait(60)

    def fail(_body: bytes, count: int) -> None:
        if count == 1:
            raise StorageDown("no answer")

    def handle() -> None:
        handle_message(message(1), fail, storage=lambda: outage.account, queue="events", sleep=wait)

    with ThreadPoolExecutor(MAX_WAITING) as pool:
        waiting = [pool.submit(handle) for _ in range(MAX_WAITING)]
        try:
            assert all(waits.acquire(timeout=60) for _ in range(MAX_WAITING))
            with pytest.raises(StorageDown):
                handle()
        finally:
            go_on.set()
        assert eventually(lambda: all(one.done() for one in waiting))
    assert [one.exception() for one in waiting] == [None] * MAX_WAITING
    handle()


def fails(body: bytes, _: int) -> None:
    """Comes as far as the event that the message is about, and has told of others."""
    with about_event("an event", TRACEPARENT):
        with about_event("what it led to", ANOTHER):
            pass
        raise ValueError(f"s3cret {body!r}")


@pytest.mark.parametrize(("count", "names"), [(None, []), (4, []), (MAX_DEQUEUE_COUNT, ["message.poisoned"])])
def test_the_last_attempt_of_a_message_that_fails_is_told_with_trace_and_event(
    outage: Outage, caplog: pytest.LogCaptureFixture, count: int | None, names: list[str]
) -> None:
    with pytest.raises(ValueError, match="s3cret"):
        handle_message(
            message(count), fails, storage=lambda: outage.account, queue="deliveries", context=invocation_context()
        )
    told = lines_in(caplog.records)
    assert [line["name"] for line in told] == names
    for line in told:
        assert line == {
            "name": "message.poisoned",
            "trace": TRACE,
            "event": "an event",
            "queue": "deliveries",
            "error": "ValueError",
        }
    assert "s3cret" not in caplog.text


def test_a_message_that_says_nothing_is_told_with_the_trace_of_its_last_invocation(
    outage: Outage, caplog: pytest.LogCaptureFixture
) -> None:
    def unrecognized(body: bytes, _: int) -> None:
        raise ValueError("not ours")

    context = invocation_context(TRACEPARENT)
    with pytest.raises(ValueError, match="not ours"):
        handle_message(message(5), unrecognized, storage=lambda: outage.account, queue="events", context=context)
    [line] = lines_in(caplog.records)
    assert (line["trace"], "event" in line, line["error"]) == (TRACE, False, "ValueError")


def test_a_message_that_fails_after_an_event_that_it_led_to_is_not_told_as_if_it_were_about_that(
    outage: Outage, caplog: pytest.LogCaptureFixture
) -> None:
    def wakes(body: bytes, _: int) -> None:
        with about_event("what it led to", ANOTHER):
            pass
        raise ValueError(body)

    context = invocation_context(TRACEPARENT)
    with pytest.raises(ValueError, match="text"):
        handle_message(message(5), wakes, storage=lambda: outage.account, queue="wakeups", context=context)
    [line] = lines_in(caplog.records)
    assert (line["trace"], "event" in line) == (TRACE, False)


def test_a_message_that_was_sent_again_is_not_told_as_poisoned(
    outage: Outage, caplog: pytest.LogCaptureFixture
) -> None:
    outage.queues.answer_always(SENT)
    outage.handle(MAX_DEQUEUE_COUNT)
    assert [line["name"] for line in lines_in(caplog.records)] == ["message.repeated"]
