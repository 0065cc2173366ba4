"""The pace in storage: nothing that is counted is lost, and wake-up, row and list are written in a safe order."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.delivery.pace.blocked import BlockedWebhooks
from shared.delivery.pace.circuit import Blocked, Kind, Outcome, PaceLimits, after
from shared.delivery.pace.state import Circuit, PacedUsage
from shared.delivery.pace.store import PaceStore
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE, WakeUp, WakeUpQueue, parse_wake_up
from shared.delivery.waiting import WaitingReason
from shared.errors import StorageDown
from shared.hub.hub import Hub
from shared.webhooks.rows import USAGE_TABLE, usage_keys
from shared.webhooks.usage import CallResult, counted
from tests.support.delivering import delivering_hub
from tests.support.patience import Meeting, eventually
from tests.support.queues import visible_texts
from tests.support.stepping import InterruptedTransport
from tests.support.transport import Fault, JournalTransport

NOW = datetime(2026, 3, 14, 9, 26, tzinfo=UTC)
LIMITS = PaceLimits()


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class BetweenCalls(JournalTransport):
    """Does something before or after the next call to storage."""

    before_next: Callable[[], object] | None = None
    after_next: Callable[[], object] | None = None

    def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as in the class it stands for
        before, after_, self.before_next, self.after_next = self.before_next, self.after_next, None, None
        if before:
            before()
        response = super().send(request, **kwargs)
        if after_:
            after_()
        return response


def store_of(hub: Hub, now: Callable[[], datetime] = lambda: NOW) -> PaceStore:
    table = hub.storage.table(USAGE_TABLE)
    return PaceStore(table, BlockedWebhooks(table), WakeUpQueue(hub.storage, now), LIMITS, now)


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


@pytest.fixture
def store(hub: Hub) -> PaceStore:
    return store_of(hub)


def one_call(row: PacedUsage, now: datetime) -> PacedUsage:
    return replace(row, usage=counted(row.usage, CallResult("an event", now, "HTTP 500")))


def outcome(kind: Kind, **fields: object) -> Callable[[PacedUsage, datetime], PacedUsage]:
    """A change: what an attempt teaches."""

    def change(row: PacedUsage, now: datetime) -> PacedUsage:
        given: dict[str, object] = {"kind": kind, "event_id": "an event", "began": now, **fields}
        return replace(row, pace=after(row.pace, Outcome(**given), now, LIMITS, 0.0))  # type: ignore[arg-type]

    return change


def opened(store: PaceStore, webhook_id: int = 7) -> PacedUsage:
    for _ in range(LIMITS.after):
        row = store.change(webhook_id, outcome(Kind.FAILURE))
    assert row is not None
    assert store.latest(webhook_id).pace.circuit is Circuit.OPEN
    return store.latest(webhook_id)


def wake_ups(connection_string: str) -> list[WakeUp]:
    return [parse_wake_up(text.encode()) for text in visible_texts(connection_string, WAKEUPS_QUEUE)]


def test_a_webhook_without_a_row_is_one_whose_receiver_is_well(store: PaceStore) -> None:
    assert replace(store.read(7), slots={}) == PacedUsage()


def test_alone_a_change_is_a_write_and_a_read_only_where_the_row_is_not_known(
    store: PaceStore, transport: JournalTransport
) -> None:
    store.change(7, one_call)
    transport.forget()
    store.change(7, one_call)
    store.read(7)
    store.change(7, one_call)
    assert transport.summary == ["PATCH usage", "GET usage", "PATCH usage"]
    assert store.read(7).usage.total_calls == 3


def test_changes_that_come_while_a_write_is_under_way_go_into_the_next_one_together(
    store: PaceStore, transport: JournalTransport
) -> None:
    store.change(7, one_call)
    transport.forget()
    meeting = Meeting(9)

    def first(row: PacedUsage, now: datetime) -> PacedUsage:
        # While this one is under way, all others come.
        meeting.wait()
        return one_call(row, now)

    def other(_: int) -> PacedUsage | None:
        meeting.wait()
        return store.change(7, one_call)

    with ThreadPoolExecutor(9) as pool:
        begun = pool.submit(store.change, 7, first)
        rows = list(pool.map(other, range(8)))
        begun.result()
    # Each got the row after its own change, and the last one has them all.
    assert sorted(row.usage.total_calls for row in rows if row) == list(range(3, 11)) or len(rows) == 8
    assert store.read(7).usage.total_calls == 10
    assert len([call for call in transport.summary if call == "PATCH usage"]) <= 9


def test_no_call_is_lost_among_many_threads_of_two_instances(hub: Hub, connection_string: str) -> None:
    stores = [store_of(hub), store_of(delivering_hub(connection_string))]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: stores[number % 2].change(7, one_call), range(40)))
    assert store_of(hub).read(7).usage.total_calls == 40


@pytest.mark.parametrize("fault", Fault)
def test_whoever_fails_is_told_and_the_next_one_goes_on(
    store: PaceStore, transport: JournalTransport, fault: Fault
) -> None:
    store.change(7, one_call)
    transport.forget()
    transport.fail(1, fault)
    with pytest.raises(StorageDown):
        store.change(7, one_call)
    transport.forget()
    store.change(7, one_call)
    assert store.read(7).usage.total_calls == (3 if fault is Fault.AFTER else 2)


def test_a_change_that_leaves_the_row_as_it_is_writes_nothing(store: PaceStore, transport: JournalTransport) -> None:
    store.change(7, one_call)
    transport.forget()
    assert store.change(7, lambda row, now: None) is None
    assert transport.summary == []


def test_whoever_opens_a_circuit_sends_the_wake_up_then_writes_the_row_then_lists_the_webhook(
    store: PaceStore, transport: JournalTransport, hub: Hub
) -> None:
    opened(store, 6)
    for _ in range(LIMITS.after - 1):
        store.change(7, outcome(Kind.FAILURE))
    transport.forget()
    store.change(7, outcome(Kind.FAILURE))
    assert transport.summary == ["POST wakeups/messages", "PATCH usage", "PUT usage"]
    (sent, _, _) = transport.calls
    assert sent.query["visibilitytimeout"] == ["5"]
    entries = BlockedWebhooks(hub.storage.table(USAGE_TABLE)).read()
    assert entries[7] == Blocked(WaitingReason.CIRCUIT, NOW + timedelta(seconds=5))


def test_whoever_closes_it_takes_it_off_the_list_first_and_wakes_what_waits(
    store: PaceStore, transport: JournalTransport, hub: Hub, connection_string: str
) -> None:
    number = opened(store).pace.wake_number
    transport.forget()
    store.change(7, outcome(Kind.SUCCESS))
    assert transport.summary == ["POST wakeups/messages", "DELETE usage", "PATCH usage"]
    assert BlockedWebhooks(hub.storage.table(USAGE_TABLE)).read() == {}
    assert wake_ups(connection_string) == [WakeUp(webhook_id=7, number=number + 1)]


def test_a_pause_that_many_attempts_ask_for_has_one_wake_up_and_one_entry(
    store: PaceStore, transport: JournalTransport
) -> None:
    store.change(7, one_call)
    transport.forget()
    for _ in range(5):
        store.change(7, outcome(Kind.PAUSE, wait=timedelta(seconds=20)))
    assert [call for call in transport.summary if call != "PATCH usage"].count("PUT usage") == 1
    assert store.latest(7).pace.wake_number == 1


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("fault", Fault)
def test_a_process_that_dies_while_it_opens_a_circuit_leaves_a_wake_up_or_nothing(
    hub: Hub, store: PaceStore, transport: JournalTransport, connection_string: str, number: int, fault: Fault
) -> None:
    opened(store, 6)
    for _ in range(LIMITS.after - 1):
        store.change(7, outcome(Kind.FAILURE))
    transport.forget()
    transport.fail(number, fault)
    # Once the row is written, a list that cannot be is no failure: what dispatch sends is parked when it comes.
    with suppress(StorageDown) if number == 3 else pytest.raises(StorageDown):
        store.change(7, outcome(Kind.FAILURE))
    sent = [call for call in transport.calls if call.path == "wakeups/messages"]
    transport.forget()
    is_open = store_of(hub).read(7).pace.circuit is Circuit.OPEN
    is_listed = 7 in BlockedWebhooks(hub.storage.table(USAGE_TABLE)).read()
    # Never a listed webhook without its row, and never a row without a wake-up.
    assert is_open or not is_listed
    assert sent or not is_open


def test_what_is_written_is_not_counted_again_where_the_list_cannot_be_written(
    store: PaceStore, transport: JournalTransport
) -> None:
    def failed(row: PacedUsage, now: datetime) -> PacedUsage:
        return outcome(Kind.FAILURE)(one_call(row, now), now)

    opened(store, 6)
    for _ in range(LIMITS.after - 2):
        store.change(7, failed)
    meeting = Meeting(3)

    def first(row: PacedUsage, now: datetime) -> PacedUsage:
        meeting.wait()
        return one_call(row, now)

    def other() -> None:
        meeting.wait()
        # Whoever writes for both is told.
        with suppress(StorageDown):
            store.change(7, failed)

    transport.forget()
    # After the first one's write: the wake-up, the row with both failures, and then the list.
    transport.fail(4, Fault.BEFORE)
    with ThreadPoolExecutor(3) as pool:
        begun = pool.submit(store.change, 7, first)
        for told in [pool.submit(other), pool.submit(other)]:
            told.result()
        begun.result()
    assert transport.summary[3] == "PUT usage"
    # Nor by the next one that writes.
    store.change(7, one_call)
    assert store.read(7).usage.total_calls == LIMITS.after + 2


def test_what_was_read_last_is_known_whatever_is_written_of_other_webhooks_meanwhile(
    connection_string: str, hub: Hub
) -> None:
    between = BetweenCalls()
    store = store_of(delivering_hub(connection_string, between))
    store.change(7, one_call)
    opened(store_of(hub))
    between.before_next = lambda: store.change(8, one_call)
    store.read(7)
    assert store.latest(7).pace.circuit is Circuit.OPEN


def test_what_was_written_while_a_row_was_read_is_known_rather_than_what_was_read(connection_string: str) -> None:
    between = BetweenCalls()
    store = store_of(delivering_hub(connection_string, between))
    store.change(7, one_call)
    between.after_next = lambda: store.change(7, one_call)
    assert store.read(7).usage.total_calls == 1
    assert store.latest(7).usage.total_calls == 2


def test_what_others_wrote_is_known_once_it_was_read_though_rows_of_other_webhooks_are_written_meanwhile(
    connection_string: str,
) -> None:
    with InterruptedTransport() as transport:
        hub = delivering_hub(connection_string, transport)
        store, other = store_of(hub), store_of(delivering_hub(connection_string))
        store.change(7, outcome(Kind.PAUSE, wait=timedelta(days=1)))
        other.change(7, lambda row, now: replace(row, pace=replace(row.pace, paused_until=None)))
        transport.interrupt(lambda method, url: method == "GET" and "usage" in url, lambda: store.change(8, one_call))
        assert store.read(7).pace.paused_until is None
        assert store.latest(7).pace.paused_until is None


def test_what_this_process_wrote_while_it_read_is_not_forgotten(connection_string: str) -> None:
    with InterruptedTransport() as transport:
        store = store_of(delivering_hub(connection_string, transport))
        store.change(7, one_call)
        transport.interrupt(lambda method, url: method == "GET", lambda: store.change(7, one_call))
        store.read(7)
        assert store.latest(7).usage.total_calls == 2


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("number", [2, 3, 4])
def test_calls_that_are_written_together_count_once_each_whatever_call_fails(
    hub: Hub, store: PaceStore, transport: JournalTransport, number: int, fault: Fault
) -> None:
    opened(store, 6)
    store.change(7, one_call)
    transport.forget()
    transport.fail(number, fault)
    others, told = 8, []

    def first(row: PacedUsage, now: datetime) -> PacedUsage:
        # While this one is under way, all others come.
        assert eventually(lambda: len(store._line(7).pending) == others)
        return one_call(row, now)

    def other(row: PacedUsage, now: datetime) -> PacedUsage:
        return outcome(Kind.FAILURE)(one_call(row, now), now)

    def work(change: Callable[[PacedUsage, datetime], PacedUsage]) -> None:
        try:
            told.append(store.change(7, change) is not None)
        except StorageDown:
            told.append(False)

    with ThreadPoolExecutor(others + 1) as pool:
        begun = pool.submit(work, first)
        assert eventually(lambda: store._line(7).is_writing)
        list(pool.map(work, [other] * others))
        begun.result()
    # Together they open the circuit: a wake-up, the row, and the list. Who was told of a failure comes again.
    # Where only the list could not be written, nobody is told: the row is there.
    assert told.count(False) == (number != 4)
    is_written = (number, fault) not in {(2, Fault.BEFORE), (2, Fault.AFTER), (3, Fault.BEFORE)}
    row = store_of(hub).read(7)
    assert row.usage.total_calls == 1 + 1 + others - (not is_written)
    assert row.pace.circuit is Circuit.OPEN


def test_a_row_of_the_previous_version_is_closed_and_keeps_its_counters(hub: Hub, store: PaceStore) -> None:
    partition, key = usage_keys(7)
    old = {
        "TotalCalls": 20,
        "TotalErrors": 4,
        "ConsecutiveErrors": 3,
        "LastError": "HTTP 500\n\nsorry",
        "LastEvent": "37c7c867-d571-e911-a956-000d3a1bc3f6",
        "LastCallAt": "2026-03-14T09:00:00+00:00",
        "NextTurn": "2026-03-14T09:30:00+00:00",
        "NoticeAt": "2026-03-13T09:00:00+00:00",
        "NoticeBy": "someone",
    }
    table = hub.storage.table(USAGE_TABLE)
    table.insert({"PartitionKey": partition, "RowKey": key, **old})
    row = store.read(7)
    assert (row.pace.circuit, row.pace.failing_since, row.usage.total_calls) == (Circuit.CLOSED, None, 20)
    assert row.pace.next_turn == datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
    # Its first failure counts from now.
    store.change(7, outcome(Kind.FAILURE))
    assert store.read(7).pace.failing_since == NOW
    stored = table.get(partition, key)
    assert stored is not None
    assert (stored["NoticeAt"], stored["NoticeBy"]) == (old["NoticeAt"], old["NoticeBy"])


def test_what_is_kept_of_a_webhook_that_is_gone_is_removed(hub: Hub, store: PaceStore) -> None:
    opened(store)
    store.remove(7)
    assert replace(store_of(hub).read(7), slots={}) == PacedUsage()
    assert BlockedWebhooks(hub.storage.table(USAGE_TABLE)).read() == {}


def test_wake_ups_that_are_late_by_a_minute_are_found_and_no_others(hub: Hub, connection_string: str) -> None:
    clock = Clock()
    store = store_of(hub, clock)
    for webhook_id in (7, 8):
        opened(store, webhook_id)
    store.change(9, one_call)
    clock.now += timedelta(seconds=60)
    assert store.overdue() == []
    clock.now += timedelta(seconds=6)
    opened(store, 6)
    assert sorted(store.overdue()) == [7, 8]
