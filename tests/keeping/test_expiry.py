"""What is old goes, in its order; what is young stays, whatever happens in between."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from shared.audit.entry import AuditEntry, Outcome
from shared.audit.log import AUDIT_TABLE, audit_row
from shared.delivery.record import DELIVERIES_TABLE, DeliveryState
from shared.errors import StorageDown
from shared.events.event import Event
from shared.events.rows import EVENTLOG_TABLE, EVENTS_TABLE, log_row, values_row
from shared.hub.hub import Hub
from shared.keeping.expiry import Expiry
from shared.keeping.old_events import OldEvents
from shared.keeping.retention_report import RetentionReport
from shared.storage.query import Query
from shared.storage.scan import WorkBudget
from tests.keeping.kept import DAY, NOW, Keys, event_at, keep, keep_events, parked, record, stored
from tests.support.transport import Fault, JournalTransport

KEPT_FROM = NOW - 90 * DAY
MICROSECOND = timedelta(microseconds=1)
GONE = 2_000_000_000
"""The id of a webhook that nobody registered."""


def expiry(hub: Hub) -> Expiry:
    tables = hub.storage.table
    events = OldEvents(tables(EVENTS_TABLE))
    return Expiry(tables(DELIVERIES_TABLE), events, tables(EVENTLOG_TABLE), {AUDIT_TABLE: tables(AUDIT_TABLE)})


def run(hub: Hub, *, seconds: float = 60) -> RetentionReport:
    report = RetentionReport()
    report.is_finished = expiry(hub).remove_events(KEPT_FROM, WorkBudget(seconds=seconds), report)
    return report


def keep_whole(hub: Hub, *events: Event) -> None:
    """Events with deliveries to two webhooks, one of them gone."""
    keep_events(hub, events)
    deliveries = [record(event, webhook, DeliveryState.DELIVERED) for event in events for webhook in (1, GONE)]
    keep(hub, DELIVERIES_TABLE, deliveries)


def test_an_event_goes_when_it_is_more_than_the_kept_days_old_and_not_before(hub: Hub) -> None:
    keep_whole(hub, event_at(KEPT_FROM))
    before = stored(hub)
    keep_whole(hub, event_at(KEPT_FROM - MICROSECOND))
    keep(hub, DELIVERIES_TABLE, [parked(event_at(KEPT_FROM - MICROSECOND), 1)])
    run(hub)
    assert stored(hub) == before


def test_what_waits_goes_only_if_it_is_old(hub: Hub) -> None:
    keep(hub, DELIVERIES_TABLE, [parked(event_at(KEPT_FROM), 1), parked(event_at(NOW), 1)])
    before = stored(hub)
    keep(hub, DELIVERIES_TABLE, [parked(event_at(KEPT_FROM - MICROSECOND), 1), parked(event_at(NOW - 900 * DAY), 1)])
    report = run(hub)
    assert (stored(hub), report.undelivered) == (before, {"waiting": 2})


def test_deliveries_of_events_that_no_row_tells_of_go_too(hub: Hub) -> None:
    event = event_at(NOW - 91 * DAY)
    keep(hub, DELIVERIES_TABLE, [record(event, GONE + number, state) for number, state in enumerate(DeliveryState)])
    report = run(hub)
    assert (stored(hub)[DELIVERIES_TABLE], report.is_finished) == (set(), True)


def test_what_a_trimmed_event_was_completed_with_goes(hub: Hub) -> None:
    event = event_at(NOW - 91 * DAY, trimmed=True)
    keep_events(hub, [event], is_listed=False)
    completed = event_at(event.received_at, id=event.id, trimmed=True, field_values={"text": "x" * 40_000})
    keep(hub, EVENTLOG_TABLE, [log_row(completed)])
    keep(hub, EVENTS_TABLE, [values_row(completed)])
    run(hub)
    assert stored(hub)[EVENTS_TABLE] == set()


def test_long_values_of_an_event_that_came_once_more_stay(hub: Hub) -> None:
    # A run died after `events` and before the row of the log; then the source sent the event again.
    long = {"text": "x" * 40_000}
    old = event_at(NOW - 100 * DAY, field_values=long)
    young = event_at(NOW - 3 * DAY, id=old.id, field_values=long)
    keep(hub, EVENTLOG_TABLE, [log_row(old)])
    keep_events(hub, [young])
    run(hub)
    left = hub.events.get(old.id)
    assert left is not None
    assert left.field_values == long
    assert len(stored(hub)[EVENTLOG_TABLE]) == 1


@pytest.mark.parametrize("is_young", [False, True])
def test_a_second_row_that_does_not_tell_its_age_goes_with_its_event(hub: Hub, is_young: bool) -> None:
    event = event_at(NOW - 91 * DAY, field_values={"text": "x" * 40_000})
    keep(hub, EVENTLOG_TABLE, [log_row(event)])
    as_before = {name: value for name, value in values_row(event).items() if name != "ReceivedAt"}
    keep(hub, EVENTS_TABLE, [as_before])
    if is_young:
        keep_events(hub, [event_at(NOW, id=event.id)])
    run(hub)
    assert len(stored(hub)[EVENTS_TABLE]) == 2 * is_young


def test_days_rows_and_deliveries_are_counted(hub: Hub) -> None:
    events = [event_at(NOW - days * DAY) for days in (91, 91, 92, 400)]
    keep_whole(hub, *events)
    report = run(hub)
    assert (report.days, report.rows) == (3, {"deliveries": 8, "events": 4, "eventlog": 4})


def order_of(transport: JournalTransport) -> list[str]:
    tables = [call.split()[1] for call in transport.summary if call.split()[1] != "$batch"]
    return list(dict.fromkeys(tables))


def test_deliveries_go_first_and_the_row_of_the_log_last(hub: Hub, transport: JournalTransport) -> None:
    keep_whole(hub, event_at(NOW - 91 * DAY))
    transport.forget()
    run(hub)
    assert order_of(transport) == ["deliveries", "eventlog", "events"]


def faults(hub: Hub, transport: JournalTransport) -> int:
    """How many calls a run makes."""
    transport.forget()
    run(hub)
    return len(transport.calls)


@pytest.mark.parametrize("fault", list(Fault))
def test_a_run_that_dies_anywhere_leaves_nothing_that_the_next_one_does_not_find(
    hub: Hub, transport: JournalTransport, fault: Fault
) -> None:
    keep_whole(hub, event_at(NOW))
    young = stored(hub)
    old = [event_at(NOW - days * DAY, field_values={"text": "x" * 40_000}) for days in (91, 92)]
    keep_whole(hub, *old)
    calls = faults(hub, transport)
    for number in range(1, calls + 1):
        keep_whole(hub, *old)
        transport.forget()
        transport.fail(number, fault)
        with pytest.raises(StorageDown):
            run(hub)
        transport.forget()
        left = stored(hub)
        # What is left of an event can be found: its log's row goes last.
        assert {key[1][:36] for key in left[EVENTS_TABLE] - young[EVENTS_TABLE]} <= {
            key[1][18:] for key in left[EVENTLOG_TABLE]
        }
        assert all(young[table] <= left[table] for table in young)
        run(hub)
        assert stored(hub) == young


def test_two_runs_at_once_remove_the_same_and_count_each_row_once(hub: Hub) -> None:
    keep_whole(hub, event_at(NOW))
    young = stored(hub)
    keep_whole(hub, *(event_at(NOW - 91 * DAY - number * MICROSECOND) for number in range(300)))
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: run(hub), range(2)))
    assert stored(hub) == young
    counted = {table: sum(report.rows[table] for report in reports) for table in ("deliveries", "eventlog")}
    assert counted == {"deliveries": 600, "eventlog": 300}
    assert 300 <= sum(report.rows["events"] for report in reports) <= 310


def late_rows(hub: Hub, event: Event) -> dict[str, Callable[[], object]]:
    return {
        "a first attempt": lambda: keep(hub, DELIVERIES_TABLE, [record(event, 1, DeliveryState.DELIVERED)]),
        "parked": lambda: keep(hub, DELIVERIES_TABLE, [parked(event, 1)]),
        "a dispatch": lambda: keep(hub, EVENTLOG_TABLE, [log_row(event)]),
    }


@pytest.mark.parametrize("write", ["a first attempt", "parked", "a dispatch"])
def test_what_is_written_of_an_old_event_while_it_goes_is_found_by_the_next_run(hub: Hub, write: str) -> None:
    event = event_at(NOW - 91 * DAY)
    keep_whole(hub, event)
    run(hub)
    late_rows(hub, event)[write]()
    run(hub)
    assert all(not rows for rows in stored(hub).values())


def test_a_run_ends_when_its_time_is_over_and_the_next_goes_on(hub: Hub) -> None:
    keep_whole(hub, *(event_at(NOW - 91 * DAY - number * MICROSECOND) for number in range(150)))
    first = run(hub, seconds=0)
    assert not first.is_finished
    left: set[Keys] = stored(hub)[DELIVERIES_TABLE]
    assert 0 < len(left) < 300
    second = run(hub)
    assert second.is_finished
    assert first.rows["deliveries"] + second.rows["deliveries"] == 300


def test_a_day_of_many_pages_goes_whole_at_the_price_that_is_documented(hub: Hub, transport: JournalTransport) -> None:
    events = [event_at(NOW - 91 * DAY - number * MICROSECOND) for number in range(1200)]
    keep_events(hub, events)
    keep(hub, DELIVERIES_TABLE, [record(event, GONE, DeliveryState.DELIVERED) for event in events])
    keep(hub, DELIVERIES_TABLE, [record(event_at(NOW), GONE, DeliveryState.DELIVERED)])
    transport.forget()
    report = run(hub)
    called = Counter(transport.summary)
    assert report.rows == {"deliveries": 1200, "events": 1200, "eventlog": 1200}
    assert len(stored(hub)[DELIVERIES_TABLE]) == 1
    # Each event is read, and each of 256 partitions changed once; the others go a hundred at a time.
    assert called["GET events"] == 1200
    assert called["POST $batch"] <= 256 + 12 + 12
    assert called["GET deliveries"] + called["GET eventlog"] <= 12


def entry(days: int) -> AuditEntry:
    return AuditEntry(NOW - days * DAY, "megan", "webhook.save", "webhooks/1", Outcome.DONE, 200)


def test_the_audit_loses_what_is_old(hub: Hub) -> None:
    keep(hub, AUDIT_TABLE, [audit_row(entry(days)) for days in (1, 399, 401, 402, 402)])
    report = RetentionReport()
    assert expiry(hub).remove_rows(AUDIT_TABLE, NOW - 400 * DAY, WorkBudget(seconds=60), report)
    left = [row["At"] for row in hub.storage.table(AUDIT_TABLE).query(Query())]
    assert (report.rows["audit"], left) == (3, [entry(1).at.isoformat(), entry(399).at.isoformat()])
