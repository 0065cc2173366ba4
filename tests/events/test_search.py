"""Events that contain a text: which, and how far a call looks."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.event import Event
from shared.events.rows import EVENTLOG_TABLE, EVENTS_TABLE, log_row, values_row
from shared.events.search import EventSearch, contains
from shared.events.store import LogFilter
from shared.hub.hub import Hub
from shared.storage.scan import WorkBudget
from tests.support.events import RECEIVED_AT, make_event

VALUES = {
    "name": "Größe \N{OGHAM LETTER BEITH}",
    "nested": {"deep": [{"a": "50% off'"}, 12.5]},
    "flag": True,
    "none": None,
}


def add(hub: Hub, hours: int = 0, **changes: object) -> Event:
    event = make_event(received_at=RECEIVED_AT + timedelta(hours=hours), **changes)
    hub.storage.table(EVENTLOG_TABLE).put(log_row(event))
    return event


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("ABCDEF01", True),
        ("kim@hub", True),
        ("größe", True),
        ("GRÖSSE", True),
        ("50% off'", True),
        ("12.5", True),
        ("true", True),
        ("null", True),
        ("deep", False),
        ("37c7c867", True),
        ("opportunity.updated", False),
    ],
)
def test_ids_initiator_and_field_values_are_compared_ignoring_case(text: str, *, is_found: bool) -> None:
    event = make_event(id="abcdef01-0000-0000-0000-000000000000", initiator="Kim@Hub.example", field_values=VALUES)
    assert contains(event, text.casefold()) is is_found


@given(st.text(min_size=1), st.text(), st.text())
def test_whatever_stands_in_a_value_is_found(text: str, before: str, after: str) -> None:
    assert contains(make_event(field_values={"a": {"b": before + text + after}}), text.casefold())


def test_a_search_looks_at_so_many_rows_and_goes_on_behind_them(hub: Hub) -> None:
    events = [add(hub, hour, initiator="needle" if hour == 0 else "hay") for hour in range(7)]
    wanted, looked = LogFilter(), []
    while True:
        search = EventSearch(hub.events, "NEEDLE", wanted, WorkBudget(), max_rows=3)
        found = [event.id for _, event in search]
        looked.append((search.scanned_until, search.is_complete, found))
        if search.is_complete:
            break
        wanted = LogFilter(place=search.place)
    hour = {number: RECEIVED_AT + timedelta(hours=number) for number in range(7)}
    assert looked == [(hour[4], False, []), (hour[1], False, []), (hour[0], True, [events[0].id])]


def test_values_that_the_listing_leaves_out_are_looked_through_too_within_the_budget(hub: Hub) -> None:
    event = add(hub, field_values={"description": "x" * 40_000 + "needle"})
    hub.storage.table(EVENTS_TABLE).put(values_row(event))
    other = add(hub, -1, initiator="needle")
    found = [one.id for _, one in EventSearch(hub.events, "needle", LogFilter(), WorkBudget())]
    assert found == [event.id, other.id]
    short = EventSearch(hub.events, "needle", LogFilter(), WorkBudget(transactions=1))
    assert ([*short], short.is_complete, short.scanned_until) == ([], False, None)
