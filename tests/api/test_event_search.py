"""`GET /api/v1/events?q=`: its parameters and its pages."""

from datetime import timedelta

import pytest

from shared.api.event_search import search_events
from shared.api.parameters import token_of
from shared.errors import BadRequest
from shared.events.event import Event
from shared.events.rows import EVENTLOG_TABLE, log_row
from shared.events.store import LogFilter
from shared.hub.hub import Hub
from shared.storage.paging import Place, Position
from shared.timestamps import utc_z
from tests.support.events import RECEIVED_AT, make_event

URL = "https://hub.example/api/v1/events"


@pytest.fixture
def events(hub: Hub) -> list[Event]:
    """Newest first; each other one has the text."""
    made = [
        make_event(
            received_at=RECEIVED_AT - timedelta(hours=number),
            field_values={"name": 'It\'s 100% "sure"' if number % 2 else ""},
        )
        for number in range(6)
    ]
    for event in made:
        hub.storage.table(EVENTLOG_TABLE).put(log_row(event))
    return made


def ids(page: dict[str, object]) -> list[str]:
    value = page["value"]
    assert isinstance(value, list)
    return [one["id"] for one in value]


@pytest.mark.parametrize("text", ["it's", "100%", '"SURE"', '100% "s', "s"])
def test_quotes_and_percent_signs_mean_themselves(hub: Hub, events: list[Event], text: str) -> None:
    page = search_events(hub.events, {"q": text}, url=URL)
    assert ids(page) == [event.id for event in events[1::2]]
    assert (page["continuationToken"], page["scannedUntil"]) == (None, utc_z(events[-1].received_at))


@pytest.mark.parametrize("text", ["%", "'", "' or 1 eq 1", "%25", "\x00", "\ud800", "*", "x" * 200, " "])
def test_no_text_does_harm(hub: Hub, events: list[Event], text: str) -> None:
    assert set(ids(search_events(hub.events, {"q": text}, url=URL))) <= {event.id for event in events}


@pytest.mark.parametrize("text", ["", "x" * 201, "x" * 10_000])
def test_a_text_of_another_length_is_refused(hub: Hub, text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        search_events(hub.events, {"q": text}, url=URL)
    assert caught.value.detail == f"q must have 1 to 200 characters (got {len(text)})"


def test_pages_have_each_event_once_and_say_how_far_they_looked(hub: Hub, events: list[Event]) -> None:
    found, looked, query = list[str](), list[object](), {"q": "sure", "limit": "1"}
    while True:
        page = search_events(hub.events, query, url=URL)
        found += ids(page)
        looked.append(page["scannedUntil"])
        if page["continuationToken"] is None:
            break
        assert "q=sure" in str(page["nextLink"])
        query["continuationToken"] = str(page["continuationToken"])
    assert found == [event.id for event in events[1::2]]
    # Before the one that did not fit any more.
    assert looked == [utc_z(events[number].received_at) for number in (2, 4, 5)]


def test_filters_hold_beside_it(hub: Hub, events: list[Event]) -> None:
    since = {"since": events[3].received_at.isoformat()}
    assert ids(search_events(hub.events, {"q": "sure", **since}, url=URL)) == [events[1].id, events[3].id]
    assert ids(search_events(hub.events, {"q": "sure", "type": "a.b"}, url=URL)) == []
    nothing = search_events(hub.events, {"q": "sure", "type": "a.b"}, url=URL)
    assert nothing["scannedUntil"] is None


def test_a_token_of_another_text_or_a_forged_one_is_refused(hub: Hub, events: list[Event]) -> None:
    token = str(search_events(hub.events, {"q": "sure", "limit": "1"}, url=URL)["continuationToken"])
    forged = token_of(Place(Position("79739685", "nothing")), ("search", "sure", LogFilter()))
    for query in ({"q": "other", "continuationToken": token}, {"q": "sure", "continuationToken": forged}):
        with pytest.raises(BadRequest, match="continuationToken"):
            search_events(hub.events, query, url=URL)
    with pytest.raises(BadRequest, match=r"^Q is not a known parameter; known are q, type"):
        search_events(hub.events, {"q": "x", "Q": "y"}, url=URL)
