"""Whole runs of retention over many days, with the clock moved."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from shared.delivery.record import DELIVERIES_TABLE, DeliveryState
from shared.errors import StorageDown, Unavailable
from shared.events.event import Event
from shared.events.late import LATE_EVENTS_TABLE, late_row
from shared.events.rows import EVENTLOG_TABLE, EVENTS_TABLE
from shared.hub.hub import Hub
from shared.storage.query import Query
from tests.keeping.kept import DAY, NOW, event_at, ids_stored, keep, keep_events, parked, record, retention, stored
from tests.support.delivering import delivering_hub
from tests.support.lines import lines_in
from tests.support.queues import announcements
from tests.support.transport import Fault, JournalTransport

DAYS = 200
GONE = 2_000_000_000
STATES = (*DeliveryState,)


def history(hub: Hub) -> list[Event]:
    """An event about every twelve hours of 200 days, each delivered to one webhook and open at one that is gone."""
    events = [event_at(NOW - number * DAY / 2 - DAY / 7) for number in range(2 * DAYS)]
    keep_events(hub, events)
    keep(hub, DELIVERIES_TABLE, [record(event, 1, DeliveryState.DELIVERED) for event in events])
    keep(hub, DELIVERIES_TABLE, [record(event, GONE, STATES[n % len(STATES)]) for n, event in enumerate(events)])
    keep(hub, DELIVERIES_TABLE, [parked(event, 3) for event in events[::10]])
    return events


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return lines_in(caplog.records, "retention")


def test_of_200_days_the_kept_ones_stay_although_the_run_is_killed_again_and_again(
    hub: Hub, connection_string: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    events = history(hub)
    young = {event.id for event in events if event.received_at >= NOW - 90 * DAY}
    assert 0 < len(young) < len(events)
    transport = JournalTransport()
    killed = delivering_hub(connection_string, transport)
    for number in (12, 40, 200, 420):
        transport.forget()
        transport.fail(number, Fault.AFTER)
        with pytest.raises(StorageDown):
            retention(killed).run()
    transport.forget()
    report = retention(killed).run()
    assert report.is_finished
    assert ids_stored(hub) == ids_stored(hub, EVENTLOG_TABLE) == young
    assert {key.removeprefix("w-")[18:] for _, key in stored(hub)[DELIVERIES_TABLE]} == young
    told = lines(caplog)
    assert [line["finished"] for line in told] == [False] * 4 + [True]
    assert all(line["failed"] for line in told[:4])
    # A transaction whose answer was lost is not counted: at most one of each run that was killed.
    assert sum(line["rows"]["eventlog"] for line in told) >= len(events) - len(young) - 400
    assert sum(line["undelivered"]["held"] for line in told) > 0


def test_an_undisturbed_run_counts_everything(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    events = history(hub)
    old = [number for number, event in enumerate(events) if event.received_at < NOW - 90 * DAY]
    retention(hub).run()
    by_state = [STATES[number % len(STATES)] for number in old]
    waiting = sum(number % 10 == 0 for number in old)
    (line,) = lines(caplog)
    assert line["rows"] == {
        "deliveries": 2 * len(old) + waiting,
        "events": len(old),
        "eventlog": len(old),
        "lateevents": 0,
        "audit": 0,
    }
    assert line["undelivered"] == {
        "pending": by_state.count(DeliveryState.PENDING),
        "waiting": by_state.count(DeliveryState.WAITING) + waiting,
        "held": by_state.count(DeliveryState.HELD),
        "failed": by_state.count(DeliveryState.FAILED),
    }
    assert (line["name"], line["finished"], line["stopped"], line["failed"]) == ("retention", True, None, None)
    assert line["days"] == len({event.received_at.date() for number, event in enumerate(events) if number in old})


def test_a_second_run_finds_nothing(hub: Hub) -> None:
    keep_events(hub, [event_at(NOW - 91 * DAY)])
    retention(hub).run()
    report = retention(hub).run()
    assert (report.days, sum(report.rows.values()), report.is_finished) == (0, 0, True)


def test_two_instances_at_once_leave_what_one_leaves(hub: Hub, connection_string: str) -> None:
    events = history(hub)
    young = {event.id for event in events if event.received_at >= NOW - 90 * DAY}
    others = [delivering_hub(connection_string) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda other: retention(other).run(), others))
    assert all(report.is_finished for report in reports)
    assert ids_stored(hub) == ids_stored(hub, EVENTLOG_TABLE) == young
    assert sum(report.rows["eventlog"] for report in reports) == len(events) - len(young)


def test_a_day_later_another_day_goes(hub: Hub) -> None:
    keep_events(hub, [event_at(NOW - 90 * DAY + DAY / 2)])
    assert retention(hub).run().rows["events"] == 0
    assert retention(hub, NOW + DAY).run().rows["events"] == 1


def test_where_late_events_are_told_goes_as_well(hub: Hub) -> None:
    events = [event_at(NOW - days * DAY) for days in (92, 91, 89)]
    keep(hub, LATE_EVENTS_TABLE, [late_row(event, event.received_at + DAY / 24) for event in events])
    assert retention(hub).run().rows["lateevents"] == 2
    (row,) = hub.storage.table(LATE_EVENTS_TABLE).query(Query())
    assert row["LogKey"].endswith(events[2].id)


def test_0_days_keep_everything(hub: Hub) -> None:
    keep_events(hub, [event_at(NOW - 9000 * DAY)])
    before = stored(hub)
    report = retention(hub, RETENTION_DAYS="0").run()
    assert (stored(hub), report.is_finished) == (before, True)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"RETENTION_DAYS": "-1"}, "RETENTION_DAYS is '-1': must be a whole number of days from 0 to 36500"),
        ({"RETENTION_DAYS": "99999999999"}, "RETENTION_DAYS is '99999999999'"),
        ({"RETENTION_DAYS": "30", "RETENTION_PAYLOAD_DAYS": "31"}, "RETENTION_PAYLOAD_DAYS is 31: must not be more"),
    ],
)
def test_settings_that_make_no_sense_stop_retention_alone(
    hub: Hub, connection_string: str, caplog: pytest.LogCaptureFixture, settings: dict[str, str], said: str
) -> None:
    lost = event_at(NOW - DAY)
    keep_events(hub, [event_at(NOW - 900 * DAY)])
    keep_events(hub, [lost], is_listed=False)
    before = stored(hub)
    # They are no fault of the app's settings.
    delivering_hub(connection_string, None, **settings)
    report = retention(hub, NOW, **settings).run()
    assert (stored(hub), report.is_finished) == (before, True)
    assert [announcement.event_id for announcement in announcements(connection_string)] == [lost.id]
    (error,) = [entry for entry in caplog.records if entry.levelno == logging.ERROR]
    assert said in error.getMessage()


def test_contents_go_earlier_than_their_events(hub: Hub) -> None:
    events = [event_at(NOW - days * DAY, field_values={"text": "secret"}) for days in (3, 10, 20)]
    keep_events(hub, events)
    keep_events(hub, [event_at(NOW - 10 * DAY)], is_listed=False)
    report = retention(hub, RETENTION_DAYS="15", RETENTION_PAYLOAD_DAYS="7").run()
    assert (report.rows["events"], report.forgotten, report.is_finished) == (1, 2, True)
    left = {event.id: stored_event for event in events if (stored_event := hub.events.get(event.id)) is not None}
    assert [stored_event.forgotten for stored_event in left.values()] == [False, True]
    listed = [event.field_values for event in map(hub.events.dispatched, left.values()) if event]
    assert listed == [{"text": "secret"}, {}]


def test_events_that_were_never_dispatched_go_in_the_same_run(hub: Hub) -> None:
    keep_events(hub, [event_at(NOW - 91 * DAY)], is_listed=False)
    report = retention(hub).run()
    assert (report.never_dispatched, stored(hub)[EVENTS_TABLE]) == (1, set())


def test_while_the_log_is_not_done_no_event_goes_ahead_of_its_deliveries(hub: Hub) -> None:
    keep_events(hub, [event_at(NOW - 91 * DAY)])
    keep(hub, DELIVERIES_TABLE, [record(event_at(NOW - 91 * DAY), 1, DeliveryState.FAILED)])
    # The time to remove is over once the deliveries are gone; that of the whole run is not.
    hurried = replace(retention(hub), clock=lambda: 0.0 if stored(hub)[DELIVERIES_TABLE] else 200.0)
    report = hurried.run()
    assert (report.rows["events"], report.is_finished) == (0, False)
    assert len(stored(hub)[EVENTS_TABLE]) == 1


def test_an_outage_ends_the_run_with_its_line(
    hub: Hub, transport: JournalTransport, caplog: pytest.LogCaptureFixture
) -> None:
    transport.fail(1, Fault.BEFORE, StorageDown("the cable is cut"))
    with pytest.raises(Unavailable):
        retention(hub).run()
    (line,) = lines(caplog)
    assert (line["finished"], line["failed"]) == (False, "the cable is cut")
    assert caplog.records[-1].levelno == logging.WARNING


def test_a_night_without_work_costs_a_dozen_transactions(hub: Hub, transport: JournalTransport) -> None:
    keep_events(hub, [event_at(NOW - 10 * DAY)])
    retention(hub).run()
    transport.forget()
    retention(hub).run()
    assert len(transport.calls) <= 14
