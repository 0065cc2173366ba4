"""The look through `events`: what was never dispatched is announced, and what is too old goes."""

from dataclasses import replace
from datetime import datetime

import pytest

from shared.events.announcement import EVENTS_QUEUE
from shared.events.rows import EVENTS_TABLE, values_row
from shared.hub.hub import Hub
from shared.keeping.event_look import EventLook
from shared.keeping.retention_report import RetentionReport
from shared.storage.query import Query
from shared.storage.scan import WorkBudget
from tests.keeping.kept import DAY, NOW, event_at, ids_stored, keep, keep_events, retention, stored
from tests.support.queues import announcements

YESTERDAY = NOW.replace(hour=0, minute=0) - DAY / 2
LONG = {"text": "x" * 40_000}


@pytest.fixture
def look(hub: Hub) -> EventLook:
    return retention(hub).look


def run(
    look: EventLook, now: datetime = NOW, kept_days: int | None = 90, *, payload_days: int | None = None
) -> RetentionReport:
    """A run, which says in `is_finished` whether the look came to its end."""
    report = RetentionReport()
    kept_from = None if kept_days is None else now - kept_days * DAY
    contents_from = None if payload_days is None else now - payload_days * DAY
    report.is_finished = look.run(now, kept_from, contents_from, WorkBudget(seconds=60), report)
    return report


def announced(connection_string: str) -> list[str]:
    return [announcement.event_id for announcement in announcements(connection_string)]


def test_what_came_yesterday_and_was_never_dispatched_is_announced(
    hub: Hub, look: EventLook, connection_string: str
) -> None:
    lost, long = event_at(YESTERDAY), event_at(YESTERDAY, field_values=LONG)
    keep_events(hub, [event_at(YESTERDAY)])
    keep_events(hub, [lost, long], is_listed=False)
    report = run(look)
    assert sorted(announced(connection_string)) == sorted([lost.id, long.id])
    assert (report.announced, report.is_finished) == (2, True)


@pytest.mark.parametrize("moment", [YESTERDAY - DAY, NOW], ids=["the day before", "today"])
def test_other_days_are_left_alone(hub: Hub, look: EventLook, connection_string: str, moment: datetime) -> None:
    keep_events(hub, [event_at(moment)], is_listed=False)
    assert run(look).announced == 0


def test_after_nights_without_a_run_all_of_them_are_looked_at(
    hub: Hub, look: EventLook, connection_string: str
) -> None:
    run(look, NOW - 5 * DAY)
    events = [event_at(YESTERDAY - number * DAY) for number in range(5)]
    keep_events(hub, events, is_listed=False)
    assert run(look).announced == 5


def test_a_forgotten_event_is_not_announced(hub: Hub, look: EventLook) -> None:
    event = event_at(YESTERDAY)
    keep_events(hub, [event], is_listed=False)
    partition, key = event.id[:2], event.id
    hub.storage.table(EVENTS_TABLE).merge({"PartitionKey": partition, "RowKey": key, "Forgotten": True})
    assert run(look).announced == 0


def test_what_is_from_before_the_kept_days_goes_and_is_counted(
    hub: Hub, look: EventLook, connection_string: str
) -> None:
    old, young = event_at(NOW - 91 * DAY, field_values=LONG), event_at(NOW - 89 * DAY)
    keep_events(hub, [old, young], is_listed=False)
    keep(hub, EVENTS_TABLE, [values_row(event_at(NOW - 91 * DAY))])
    report = run(look)
    assert (report.never_dispatched, report.rows["events"], report.announced) == (1, 1, 0)
    assert ids_stored(hub) == {young.id}


def test_nothing_goes_where_all_is_kept(hub: Hub, look: EventLook) -> None:
    keep_events(hub, [event_at(NOW - 900 * DAY)], is_listed=False)
    assert run(look, kept_days=None).never_dispatched == 0
    assert len(stored(hub)[EVENTS_TABLE]) == 1


def test_where_a_day_is_too_old_it_goes_and_is_not_announced(hub: Hub, look: EventLook) -> None:
    keep_events(hub, [event_at(NOW - DAY - DAY / 24), event_at(NOW - DAY + DAY / 24)], is_listed=False)
    report = run(look, kept_days=1)
    assert (report.never_dispatched, report.announced) == (1, 1)


class Clock:
    """Lets a budget end after so many looks at it."""

    def __init__(self, looks: int) -> None:
        self.left = looks

    def __call__(self) -> float:
        self.left -= 1
        return 0.0 if self.left >= 0 else 100.0


def test_a_look_goes_on_where_its_time_ended_and_nothing_is_left_out(hub: Hub, look: EventLook) -> None:
    keep_events(hub, [event_at(YESTERDAY) for _ in range(1300)], is_listed=False)
    report = RetentionReport()
    # The first two looks are those of the budget itself, and of the log.
    budget = WorkBudget(seconds=50, clock=Clock(3))
    assert not look.run(NOW, None, None, budget, report)
    assert report.announced == 1000
    assert run(look, NOW + DAY).announced == 300
    assert hub.storage.queue(EVENTS_QUEUE).count() == 1300


def begin(look: EventLook, kept_days: int, payload_days: int | None = None) -> None:
    """A look whose time ends before its first page."""
    kept_from, contents_from = NOW - kept_days * DAY, None if payload_days is None else NOW - payload_days * DAY
    assert not look.run(NOW, kept_from, contents_from, WorkBudget(seconds=50, clock=Clock(2)), RetentionReport())


@pytest.mark.parametrize("kept_days", [None, 200], ids=["all is kept, or removing was cut", "kept for longer"])
def test_a_look_that_goes_on_announces_nothing_but_what_is_missing_of_its_days(
    hub: Hub, look: EventLook, connection_string: str, kept_days: int | None
) -> None:
    old, lost = event_at(NOW - 95 * DAY), event_at(YESTERDAY)
    keep_events(hub, [old, lost], is_listed=False)
    begin(look, 90)
    report = run(look, NOW + DAY, kept_days)
    assert (announced(connection_string), report.never_dispatched) == ([lost.id], 0)
    # A later night takes it.
    assert run(look, NOW + 2 * DAY, 90).never_dispatched == 1
    assert ids_stored(hub) == {lost.id}


def test_contents_that_a_look_left_when_it_went_on_go_in_a_later_night(
    hub: Hub, look: EventLook, connection_string: str
) -> None:
    old = event_at(NOW - 31 * DAY)
    keep_events(hub, [old], is_listed=False)
    begin(look, 90, payload_days=30)
    # Forgetting what the log has was cut.
    first = run(look, NOW + DAY)
    assert (first.forgotten, first.announced, contents(hub)) == (0, 0, {old.id})
    second = run(look, NOW + 2 * DAY, payload_days=30)
    assert (second.forgotten, second.announced, contents(hub)) == (1, 0, set())


@pytest.mark.parametrize("settings", [{"RETENTION_DAYS": "90"}, {"RETENTION_PAYLOAD_DAYS": "90"}])
def test_what_is_due_is_not_announced_where_its_turn_did_not_come(
    hub: Hub, look: EventLook, connection_string: str, settings: dict[str, str]
) -> None:
    # After nights without a run the days that are looked at reach beyond those that are kept.
    run(look, NOW - 99 * DAY)
    old, lost = event_at(NOW - 95 * DAY), event_at(NOW - 85 * DAY)
    keep_events(hub, [old, lost], is_listed=False)
    # The time to remove is over with the first of the log.
    keep_events(hub, [event_at(NOW - 96 * DAY)])
    report = replace(retention(hub, NOW, **{"RETENTION_DAYS": "0", **settings}), clock=Hurried()).run()
    assert (report.is_finished, report.never_dispatched) == (False, 0)
    assert announced(connection_string) == [lost.id]


class Hurried:
    """After the budgets are made, the time to remove is over, and that of the whole run is not."""

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self) -> float:
        self._calls += 1
        return 0.0 if self._calls <= 4 else 200.0


def test_a_look_that_goes_on_keeps_what_is_to_be_kept_now(hub: Hub, look: EventLook) -> None:
    keep_events(hub, [event_at(NOW - 50 * DAY)], is_listed=False)
    assert not look.run(NOW, NOW - 10 * DAY, None, WorkBudget(seconds=50, clock=Clock(2)), RetentionReport())
    assert run(look, kept_days=90).never_dispatched == 0


def test_a_dispatch_that_was_delayed_is_known_by_its_row(hub: Hub, look: EventLook, connection_string: str) -> None:
    event = event_at(YESTERDAY)
    keep_events(hub, [event], is_listed=False)
    hub.events.begin_dispatch(event, "37c7c867-d571-4911-a956-000d3a1bc3f6")
    assert run(look).announced == 0


def contents(hub: Hub) -> set[str]:
    """The events whose row still has a payload."""
    rows = hub.storage.table(EVENTS_TABLE).query(Query())
    return {row["RowKey"] for row in rows if not row.get("Forgotten")}


def test_what_was_never_dispatched_loses_its_contents_too(hub: Hub, look: EventLook) -> None:
    old, young = event_at(NOW - 8 * DAY), event_at(NOW - 6.5 * DAY)
    keep_events(hub, [old, young], is_listed=False)
    assert run(look, payload_days=7).forgotten == 1
    assert contents(hub) == {young.id}
    # Nothing is done twice, and a day later another one is old.
    assert [run(look, NOW + days * DAY, payload_days=7).forgotten for days in (0, 1)] == [0, 1]


def test_an_event_that_loses_its_contents_is_not_announced(hub: Hub, look: EventLook) -> None:
    keep_events(hub, [event_at(NOW - DAY - DAY / 24)], is_listed=False)
    report = run(look, payload_days=1)
    assert (report.forgotten, report.announced) == (1, 0)


def test_a_look_whose_time_ends_within_a_page_goes_on_with_the_rest_of_it(
    hub: Hub, look: EventLook, connection_string: str
) -> None:
    lost = event_at(YESTERDAY)
    keep_events(hub, [*(event_at(NOW - 8 * DAY) for _ in range(20)), lost], is_listed=False)
    report = RetentionReport()
    budget = WorkBudget(seconds=50, clock=Clock(3))
    assert not look.run(NOW, None, NOW - 7 * DAY, budget, report)
    assert (report.forgotten, len(contents(hub))) == (16, 5)
    second = run(look, NOW + DAY / 24, None, payload_days=7)
    assert (second.forgotten, second.is_finished, contents(hub)) == (4, True, {lost.id})
    assert announced(connection_string) == [lost.id]
