"""Contents that go before their events, day by day."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.delivery.record import DELIVERIES_TABLE, DeliveryState, parse_record
from shared.errors import StorageDown
from shared.events.event import Event
from shared.events.rows import EVENTLOG_TABLE, EVENTS_TABLE, log_keys, log_row
from shared.hub.hub import Hub
from shared.keeping.retention_report import RetentionReport
from shared.storage.query import Query
from shared.storage.scan import WorkBudget
from tests.keeping.kept import DAY, NOW, event_at, keep, keep_events, parked, record, retention, stored
from tests.support.delivering import delivering_hub, register
from tests.support.transport import Fault, JournalTransport

BEFORE = NOW - 7 * DAY
OLD, YOUNG = BEFORE - DAY / 2, BEFORE + DAY / 2
SECOND = timedelta(seconds=1)


def forget(hub: Hub, *, days: int = 0, seconds: float = 60) -> RetentionReport:
    """A run of that part alone, so many days after the first one."""
    report = RetentionReport()
    budget = WorkBudget(seconds=seconds)
    report.is_finished = retention(hub).contents.forget_listed(BEFORE + days * DAY, budget, report)
    return report


def with_contents(hub: Hub, table: str) -> set[str]:
    """The events whose row still has contents."""
    return {row.get("Id") or row["RowKey"] for row in hub.storage.table(table).query(Query()) if "Forgotten" not in row}


def test_what_is_old_loses_its_contents_in_both_tables_and_nothing_else(hub: Hub) -> None:
    old, young = event_at(OLD, field_values={"text": "x" * 40_000}), event_at(YOUNG)
    keep_events(hub, [old, young])
    report = forget(hub)
    assert (report.forgotten, report.is_finished) == (1, True)
    assert with_contents(hub, EVENTS_TABLE) == with_contents(hub, EVENTLOG_TABLE) == {young.id}
    forgotten = hub.events.get(old.id)
    assert forgotten is not None
    assert (forgotten.field_values, forgotten.forgotten, forgotten.received_at) == ({}, True, OLD)
    assert len(stored(hub)[EVENTS_TABLE]) == 2


def test_open_deliveries_fail(connection_string: str) -> None:
    hub = delivering_hub(connection_string, None, DELIVERY_ALLOWED_NETWORKS="0.0.0.0/0")
    event = event_at(OLD)
    webhooks = [register(hub, "http://127.0.0.1:9/x", State="Stopped").id for _ in range(2)]
    keep_events(hub, [event])
    keep(hub, DELIVERIES_TABLE, [record(event, webhooks[0], DeliveryState.PENDING), parked(event, webhooks[1])])
    forget(hub)
    rows = [row for row in hub.storage.table(DELIVERIES_TABLE).query(Query())]
    assert [parse_record(row, "").state for row in rows] == [DeliveryState.FAILED] * 2


def test_a_second_run_reads_the_last_day_alone_and_changes_nothing(hub: Hub, transport: JournalTransport) -> None:
    keep_events(hub, [event_at(OLD - number * DAY) for number in range(5)])
    assert forget(hub).forgotten == 5
    transport.forget()
    assert forget(hub).forgotten == 0
    assert transport.summary.count("GET events") <= 1
    assert [call for call in transport.summary if call.startswith(("PATCH", "DELETE"))] == []


def test_a_day_later_another_day_loses_them(hub: Hub) -> None:
    keep_events(hub, [event_at(OLD), event_at(YOUNG)])
    assert [forget(hub, days=days).forgotten for days in (0, 1)] == [1, 1]


def test_it_goes_on_with_the_day_at_which_its_time_ended(hub: Hub) -> None:
    keep_events(hub, [event_at(OLD - number * DAY) for number in range(3)])
    first = forget(hub, seconds=0)
    assert (first.forgotten, first.is_finished) == (1, False)
    second = forget(hub)
    assert (second.forgotten, second.is_finished) == (2, True)


def test_a_part_has_so_many_events_as_their_webhooks_allow(hub: Hub) -> None:
    events = [event_at(OLD - number * SECOND) for number in range(20)]
    keep_events(hub, events, is_listed=False)
    keep(hub, EVENTLOG_TABLE, [log_row(event, None, tuple(range(1, 101))) for event in events])
    first = forget(hub, seconds=0)
    assert (first.forgotten, first.is_finished) == (4, False)
    # Each run does some of them.
    assert forget(hub, seconds=0).forgotten == 4
    last = forget(hub)
    assert (last.forgotten, last.is_finished) == (12, True)
    assert with_contents(hub, EVENTS_TABLE) == set()


def test_where_nobody_knows_whom_they_asked_all_that_are_registered_count(connection_string: str) -> None:
    hub = delivering_hub(connection_string, None, DELIVERY_ALLOWED_NETWORKS="0.0.0.0/0")
    for _ in range(50):
        register(hub, "http://127.0.0.1:9/x", State="Stopped")
    keep_events(hub, [event_at(OLD - number * SECOND) for number in range(10)])
    assert forget(hub, seconds=0).forgotten == 8


def test_an_event_that_came_once_more_keeps_its_contents(hub: Hub) -> None:
    event = event_at(OLD)
    again = replace(event, received_at=YOUNG)
    keep_events(hub, [event])
    keep_events(hub, [again])
    assert forget(hub).forgotten == 0
    assert with_contents(hub, EVENTS_TABLE) == {event.id}


def test_one_that_a_slow_dispatch_listed_since_is_found_by_the_next_run(hub: Hub) -> None:
    forget(hub)
    keep_events(hub, [event_at(BEFORE - DAY / 48)])
    assert forget(hub, days=1).forgotten == 1


def dies(hub: Hub, transport: JournalTransport, number: int, fault: Fault) -> bool:
    transport.forget()
    transport.fail(number, fault)
    try:
        forget(hub)
    except StorageDown:
        return True
    finally:
        transport.forget()
    return False


@pytest.mark.parametrize("fault", list(Fault))
def test_a_run_that_dies_anywhere_leaves_no_contents_that_the_next_one_does_not_find(
    hub: Hub, transport: JournalTransport, fault: Fault
) -> None:
    number, events = 1, [event_at(OLD, field_values={"text": "x" * 40_000})]
    keep_events(hub, events)
    while dies(hub, transport, number, fault):
        forget(hub)
        assert with_contents(hub, EVENTS_TABLE) == with_contents(hub, EVENTLOG_TABLE) == set()
        hub.storage.table("retention").delete("retention", "marks")
        keep_events(hub, events)
        number += 1
    assert number > 8


def log_row_of(hub: Hub, event: Event) -> object:
    return hub.storage.table(EVENTLOG_TABLE).get(*log_keys(event))


def test_what_is_removed_at_this_moment_is_no_obstacle(hub: Hub) -> None:
    event = event_at(OLD)
    keep_events(hub, [event])
    hub.storage.table(EVENTS_TABLE).delete(event.id[:2], event.id)
    report = forget(hub)
    assert (report.forgotten, report.is_finished) == (0, True)
    assert log_row_of(hub, event) is not None
