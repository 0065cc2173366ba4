"""Table `deliveries`: of two who work on one delivery at once, the one that has come further counts."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.delivery.attempt import Attempt
from shared.delivery.filter import DeliveryFilter
from shared.delivery.log import DeliveryLog
from shared.delivery.record import DeliveryRecord, DeliveryState, new_record
from shared.events.event import Event
from shared.hub.hub import Hub
from shared.storage.query import Query
from tests.support.events import RECEIVED_AT, make_event
from tests.support.transport import JournalTransport


@pytest.fixture
def log(hub: Hub) -> DeliveryLog:
    return hub.receivers.deliveries


def made(
    record: DeliveryRecord, attempts: int, *, cycle: int = 0, state: DeliveryState = DeliveryState.PENDING
) -> DeliveryRecord:
    """The record after so many attempts in this cycle."""
    attempt = Attempt(RECEIVED_AT, timedelta(milliseconds=12), 500, "http", f"attempt {attempts} of cycle {cycle}")
    return replace(record, cycle=cycle, attempts=attempts, state=state, log=(attempt,))


def stored(log: DeliveryLog, event: Event) -> DeliveryRecord:
    record = log.get(7, event)
    assert record is not None
    return record


def test_before_the_first_attempt_there_is_none(log: DeliveryLog) -> None:
    assert log.get(7, make_event()) is None


def test_writing_is_one_transaction_whether_it_is_new_or_known(log: DeliveryLog, transport: JournalTransport) -> None:
    log.write(new_record(7, make_event()))
    event = make_event()
    transport.forget()
    log.write(made(new_record(7, event), 1))
    log.write(made(stored(log, event), 2))
    assert transport.summary == ["POST deliveries", "GET deliveries", "PUT deliveries"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param((1, 0, DeliveryState.PENDING), (2, 0, DeliveryState.PENDING), id="a later attempt"),
        pytest.param((8, 0, DeliveryState.FAILED), (1, 1, DeliveryState.PENDING), id="a replay"),
        pytest.param((1, 0, DeliveryState.PENDING), (1, 0, DeliveryState.DELIVERED), id="the same, and it succeeded"),
    ],
)
def test_in_whatever_order_two_write_the_one_that_came_further_counts(
    log: DeliveryLog, first: tuple[int, int, DeliveryState], second: tuple[int, int, DeliveryState]
) -> None:
    for order in ([first, second], [second, first]):
        event = make_event()
        # Both have read the delivery before either writes.
        for attempts, cycle, state in order:
            log.write(made(new_record(7, event), attempts, cycle=cycle, state=state))
        record = stored(log, event)
        assert (record.attempts, record.cycle, record.state) == second


def test_of_many_at_once_the_furthest_counts(log: DeliveryLog) -> None:
    event = make_event()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: log.write(made(new_record(7, event), number)), range(1, 17)))
    assert stored(log, event).attempts == 16


def test_a_record_that_was_removed_meanwhile_is_written_anew(hub: Hub, log: DeliveryLog) -> None:
    event = make_event()
    log.write(new_record(7, event))
    known = stored(log, event)
    row = next(iter(hub.storage.table("deliveries").query(Query())))
    hub.storage.table("deliveries").delete(row["PartitionKey"], row["RowKey"], etag=str(row.metadata["etag"]))
    log.write(made(known, 1))
    assert stored(log, event).attempts == 1


def test_filters_by_webhook_state_and_time_hold_together(log: DeliveryLog) -> None:
    moments = [RECEIVED_AT + timedelta(hours=number) for number in range(4)]
    for webhook_id in (1, 2):
        for moment in moments:
            record = new_record(webhook_id, make_event(received_at=moment))
            log.write(replace(record, state=DeliveryState.HELD if webhook_id == 1 else DeliveryState.FAILED))

    def listed(wanted: DeliveryFilter) -> list[tuple[int, datetime]]:
        found = [(record.webhook_id, record.event_at) for _, record in log.records(wanted)]
        shown = [(int(row["PartitionKey"]), datetime.fromisoformat(row["EventAt"])) for _, row in log.summaries(wanted)]
        assert shown == found
        return found

    newest_first = moments[::-1]
    assert listed(DeliveryFilter()) == [(id_, moment) for id_ in (1, 2) for moment in newest_first]
    assert listed(DeliveryFilter(webhook_id=2)) == [(2, moment) for moment in newest_first]
    assert listed(DeliveryFilter(states=(DeliveryState.HELD,))) == [(1, moment) for moment in newest_first]
    between = DeliveryFilter(webhook_id=1, since=moments[1], until=moments[3])
    assert listed(between) == [(1, moments[2]), (1, moments[1])]
    assert listed(DeliveryFilter(webhook_id=1, states=(DeliveryState.FAILED,))) == []
    far = DeliveryFilter(since=datetime(1, 1, 1, tzinfo=UTC), until=datetime(9999, 12, 31, tzinfo=UTC))
    assert len(listed(far)) == 8
