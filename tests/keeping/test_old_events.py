"""Removing events: what goes, what stays, and what it costs."""

from dataclasses import replace
from urllib.parse import unquote

import pytest

from shared.errors import StorageDown
from shared.events.event import Event, EventId
from shared.events.rows import EVENTS_TABLE, event_rows, values_keys, values_row
from shared.hub.hub import Hub
from shared.keeping.old_events import OLD_EVENT_COLUMNS, OldEvents
from shared.storage.query import Query
from tests.keeping.kept import DAY, NOW, event_at, ids_stored, keep, keep_events, stored
from tests.support.delivering import delivering_hub
from tests.support.events import PAYLOAD
from tests.support.stepping import InterruptedTransport
from tests.support.transport import Fault, JournalTransport

LONG = {"text": "x" * 40_000}


@pytest.fixture
def old(hub: Hub) -> OldEvents:
    return OldEvents(hub.storage.table(EVENTS_TABLE))


def test_an_event_goes_with_its_second_row(hub: Hub, old: OldEvents) -> None:
    event = event_at(NOW - 2 * DAY, field_values=LONG)
    keep_events(hub, [event], is_listed=False)
    assert len(stored(hub)[EVENTS_TABLE]) == 2
    assert old.remove([event.id], NOW - DAY) == 1
    assert stored(hub)[EVENTS_TABLE] == set()


def test_an_event_that_came_once_more_since_stays(hub: Hub, old: OldEvents) -> None:
    event = event_at(NOW)
    keep_events(hub, [event], is_listed=False)
    assert old.remove([event.id], NOW - DAY) == 0
    assert ids_stored(hub) == {event.id}


def test_what_is_not_there_is_no_obstacle(hub: Hub, old: OldEvents) -> None:
    event = event_at(NOW - 2 * DAY)
    keep_events(hub, [event], is_listed=False)
    gone = EventId("37c7c867-d571-e911-a956-000d3a1bc3f6")
    assert old.remove([gone, event.id, gone], NOW - DAY) == 1


def test_events_of_one_partition_go_in_one_transaction(hub: Hub, old: OldEvents, transport: JournalTransport) -> None:
    events = [event_at(NOW - 2 * DAY, id=EventId(f"ab{number:06}-d571-4911-a956-000d3a1bc3f6")) for number in range(60)]
    keep_events(hub, events, is_listed=False)
    transport.forget()
    assert old.remove([event.id for event in events], NOW - DAY) == 60
    assert sorted(transport.summary) == ["GET events"] * 60 + ["POST $batch"] * 2


def test_a_second_row_alone_is_found_by_its_age_and_no_event(hub: Hub, old: OldEvents) -> None:
    event = event_at(NOW - 2 * DAY, field_values=LONG)
    keep(hub, EVENTS_TABLE, [values_row(event)])
    rows = list(hub.storage.table(EVENTS_TABLE).query(Query().where("ReceivedAt lt", NOW.isoformat())))
    assert old.remove_found(rows) == 0
    assert stored(hub)[EVENTS_TABLE] == set()


def test_both_rows_found_are_removed_once(hub: Hub, old: OldEvents) -> None:
    keep_events(hub, [event_at(NOW - 2 * DAY, field_values=LONG)], is_listed=False)
    rows = list(hub.storage.table(EVENTS_TABLE).query(Query(), select=OLD_EVENT_COLUMNS))
    assert (len(rows), old.remove_found(rows)) == (2, 1)
    assert stored(hub)[EVENTS_TABLE] == set()


@pytest.fixture
def interrupted(connection_string: str) -> InterruptedTransport:
    return InterruptedTransport()


@pytest.fixture
def racing(connection_string: str, interrupted: InterruptedTransport) -> Hub:
    return delivering_hub(connection_string, interrupted)


def is_batch(method: str, url: str) -> bool:
    return method == "POST" and "$batch" in url


def of_one_partition() -> list[Event]:
    return [event_at(NOW - 2 * DAY, id=EventId(f"ab{number:06}-d571-4911-a956-000d3a1bc3f6")) for number in range(3)]


def test_two_runs_at_once_count_each_event_once(racing: Hub, interrupted: InterruptedTransport, hub: Hub) -> None:
    events = of_one_partition()
    keep_events(hub, events, is_listed=False)
    other = OldEvents(hub.storage.table(EVENTS_TABLE))
    counts: list[int] = []
    interrupted.interrupt(is_batch, lambda: counts.append(other.remove([events[1].id], NOW - DAY)))
    counts.append(OldEvents(racing.storage.table(EVENTS_TABLE)).remove([event.id for event in events], NOW - DAY))
    assert (counts, ids_stored(hub)) == ([1, 2], set())


def test_an_event_that_comes_once_more_in_that_moment_stays(
    racing: Hub, interrupted: InterruptedTransport, hub: Hub
) -> None:
    events = of_one_partition()
    keep_events(hub, events, is_listed=False)
    again = replace(events[1], received_at=NOW, field_values=LONG)
    interrupted.interrupt(is_batch, lambda: keep(hub, EVENTS_TABLE, event_rows(again, PAYLOAD)))
    assert OldEvents(racing.storage.table(EVENTS_TABLE)).remove([event.id for event in events], NOW - DAY) == 2
    assert len(stored(hub)[EVENTS_TABLE]) == 2
    assert ids_stored(hub) == {again.id}


def is_second_row(method: str, url: str) -> bool:
    return method != "POST" and ".1'" in unquote(url)


def test_an_event_that_comes_once_more_between_its_two_rows_keeps_its_values(
    racing: Hub, interrupted: InterruptedTransport, hub: Hub
) -> None:
    event = event_at(NOW - 2 * DAY, field_values=LONG)
    again = replace(event, received_at=NOW)
    # The first row alone was read, and the transaction fails: its second row is gone.
    keep_events(hub, [event], is_listed=False)
    hub.storage.table(EVENTS_TABLE).delete(*values_keys(event.id))
    interrupted.interrupt(is_second_row, lambda: keep(hub, EVENTS_TABLE, event_rows(again, PAYLOAD)))
    assert OldEvents(racing.storage.table(EVENTS_TABLE)).remove([event.id], NOW - DAY) == 1
    stored_event = hub.events.get(event.id)
    assert stored_event is not None
    assert stored_event.field_values == LONG


def test_an_outage_is_told(hub: Hub, old: OldEvents, transport: JournalTransport) -> None:
    event = event_at(NOW - 2 * DAY)
    keep_events(hub, [event], is_listed=False)
    transport.forget()
    transport.fail(2, Fault.BEFORE)
    with pytest.raises(StorageDown):
        old.remove([event.id], NOW - DAY)
    transport.forget()
    assert old.remove([event.id], NOW - DAY) == 1
