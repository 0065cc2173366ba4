import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.api.events import MAX_PAGE_CHARACTERS, list_events, show_event
from shared.clock import now
from shared.errors import BadRequest, NotFound
from shared.events.event import Event, EventState
from shared.events.rows import EVENTLOG_TABLE, forgotten_log_row, log_keys, log_row
from shared.events.store import EventStore
from shared.hub.hub import Hub
from shared.settings import Settings
from shared.storage.scan import MAX_TRANSACTIONS
from shared.strict_json import parse_json, parse_object
from tests.support.cases import holds_for
from tests.support.early_ends import EarlyEndTransport
from tests.support.events import PAYLOAD, make_event
from tests.support.transport import JournalTransport

URL = "https://hub.example/api/v1/events"
_NOBODYS = "0d8f7c52-6a3e-4b19-9c4d-1f2e3a4b5c6d"
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def ids(page: dict[str, object]) -> list[str]:
    value = page["value"]
    assert isinstance(value, list)
    return [event["id"] for event in value]


def listed(hub: Hub, **query: str) -> list[str]:
    return ids(list_events(hub.events, query, url=URL))


def shown(hub: Hub, id_: str) -> dict[str, object]:
    return parse_object(show_event(hub.events, id_).encode())


def add(hub: Hub, **changes: Any) -> Event:  # noqa: ANN401 - whatever the fields of an event are
    """An event in the log, as dispatch lists it."""
    event = make_event(state=EventState.DISPATCHED, **changes)
    hub.storage.table(EVENTLOG_TABLE).put(log_row(event))
    return event


@pytest.fixture
def days(hub: Hub) -> list[str]:
    """The ids of events of five days, two a day, in the order of a listing."""
    moments = [NOON - timedelta(hours=12 * number) for number in range(10)]
    return [add(hub, received_at=moment).id for moment in moments]


def test_nothing_received_is_an_empty_page(hub: Hub) -> None:
    assert list_events(hub.events, {}, url=URL) == {"value": [], "continuationToken": None, "nextLink": None}


def test_events_of_several_days_are_listed_newest_first(hub: Hub, days: list[str]) -> None:
    assert listed(hub) == days


@pytest.mark.parametrize("limit", [1, 3, 5, 9, 10, 200])
def test_following_the_tokens_gives_each_event_once(hub: Hub, days: list[str], limit: int) -> None:
    found, query = [], {"limit": str(limit)}
    while True:
        page = list_events(hub.events, query, url=URL)
        found += ids(page)
        assert len(ids(page)) <= limit
        if page["continuationToken"] is None:
            break
        query["continuationToken"] = str(page["continuationToken"])
    assert found == days


def test_a_full_last_page_has_no_next(hub: Hub, days: list[str]) -> None:
    page = list_events(hub.events, {"limit": str(len(days))}, url=URL)
    assert (page["continuationToken"], page["nextLink"]) == (None, None)


def test_an_event_that_comes_in_while_somebody_pages_moves_nothing(hub: Hub, days: list[str]) -> None:
    first = list_events(hub.events, {"limit": "4"}, url=URL)
    add(hub, received_at=NOON + timedelta(days=1))
    rest = listed(hub, continuationToken=str(first["continuationToken"]))
    assert [*ids(first), *rest] == days


def test_the_next_link_keeps_the_filters(hub: Hub, days: list[str]) -> None:
    query = {"limit": "2", "type": "connection.created", "since": "2026-03-11T00:00:00+00:00", "code": "secret"}
    page = list_events(hub.events, query, url=URL)
    link = urlsplit(str(page["nextLink"]))
    assert f"{link.scheme}://{link.netloc}{link.path}" == URL
    kept = {name: value for name, value in query.items() if name != "code"}
    assert dict(parse_qsl(link.query)) == {**kept, "continuationToken": page["continuationToken"]}
    assert ids(list_events(hub.events, dict(parse_qsl(link.query)), url=URL)) == days[2:4]


@pytest.mark.parametrize("type_", ["feature.updated", "Feature.Updated"])
def test_a_type_selects_its_events_in_any_case(hub: Hub, days: list[str], type_: str) -> None:
    wanted = add(hub, type="feature.updated", received_at=NOON - timedelta(days=2))
    assert listed(hub, type=type_) == [wanted.id]
    assert days


@pytest.mark.parametrize("type_", [" feature.updated", "feature.updated\n", "\u00a0feature.updated", " "])
def test_a_type_with_white_space_around_it_is_refused_by_name(hub: Hub, type_: str) -> None:
    with pytest.raises(BadRequest, match=r"^type must be the name of an event"):
        listed(hub, type=type_)


def test_a_rare_type_is_found_behind_a_page_of_others(hub: Hub, days: list[str]) -> None:
    wanted = add(hub, type="feature.updated", received_at=NOON - timedelta(days=30))
    assert listed(hub, type="feature.updated", limit="1") == [wanted.id]
    assert wanted.id not in days


def test_since_includes_its_moment(hub: Hub, days: list[str]) -> None:
    assert listed(hub, since=(NOON - timedelta(days=1)).isoformat()) == days[:3]


def test_until_leaves_its_moment_out(hub: Hub, days: list[str]) -> None:
    assert listed(hub, until=(NOON - timedelta(days=1)).isoformat()) == days[3:]


def test_since_and_until_select_what_is_between(hub: Hub, days: list[str]) -> None:
    since, until = (NOON - timedelta(days=number) for number in (3, 1))
    assert listed(hub, since=since.isoformat(), until=until.isoformat()) == days[3:7]


def test_a_span_that_ends_before_it_begins_is_empty(hub: Hub, days: list[str]) -> None:
    assert days
    assert listed(hub, since=NOON.isoformat(), until=(NOON - timedelta(days=2)).isoformat()) == []


@pytest.mark.parametrize(
    "since",
    [
        "2026-03-13T12:00:00Z",
        "2026-03-13T13:00:00+01:00",
        "2026-03-13T13:00:00 01:00",
        "2026-03-13T12:00:00",
        "2026-03-13 12:00:00",
        "2026-03-13T12:00",
    ],
)
def test_a_time_may_be_written_in_several_ways(hub: Hub, days: list[str], since: str) -> None:
    assert listed(hub, since=since) == days[:3]


def test_a_day_is_its_beginning(hub: Hub, days: list[str]) -> None:
    assert listed(hub, since="2026-03-14") == days[:2]


@pytest.mark.parametrize(("since", "until"), [("0001-01-01", "9999-12-31"), ("1969-12-31", "6000-01-01")])
def test_far_times_leave_nothing_out(hub: Hub, days: list[str], since: str, until: str) -> None:
    assert listed(hub, since=since, until=until) == days
    assert listed(hub, since=until) == listed(hub, until=since) == []


@pytest.mark.parametrize("limit", ["1", "200", "007"])
def test_a_limit_from_1_to_200_is_taken(hub: Hub, limit: str) -> None:
    assert listed(hub, limit=limit) == []


@holds_for("limit", ["0", "201", "-1", "1.5", "", "x", "²", "1_0", "9" * 5000])
def test_another_limit_is_refused(hub: Hub, limit: str) -> None:
    with pytest.raises(BadRequest) as caught:
        listed(hub, limit=limit)
    assert [error.pointer for error in caught.value.errors] == ["#/limit"]


@pytest.mark.parametrize("name", ["since", "until"])
@holds_for("text", ["soon", "", "13", "2026-13-01", "2026-03-14T25:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_refused_by_the_name_of_its_parameter(hub: Hub, name: str, text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        listed(hub, **{name: text})
    assert [error.pointer for error in caught.value.errors] == [f"#/{name}"]


@pytest.mark.parametrize("name", ["limit", "since", "until", "continuationToken"])
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text() | st.from_regex(r"\A[0-9T:.Z+-]{1,30}\Z"))
def test_any_parameter_is_taken_or_refused_by_its_name(hub: Hub, name: str, text: str) -> None:
    pointers = []
    try:
        listed(hub, **{name: text})
    except BadRequest as refusal:
        pointers = [error.pointer for error in refusal.errors]
    assert pointers in ([], [f"#/{name}"])


@pytest.mark.parametrize("token", ["x", "", "79739685.1", "' or true"])
def test_a_token_that_the_api_did_not_give_is_refused(hub: Hub, token: str) -> None:
    with pytest.raises(BadRequest) as caught:
        listed(hub, continuationToken=token)
    assert [error.pointer for error in caught.value.errors] == ["#/continuationToken"]


@pytest.mark.parametrize("name", ["Type", "webhook", "state", "$top", "before", "who"])
def test_a_parameter_that_is_none_is_refused_by_its_name(hub: Hub, transport: JournalTransport, name: str) -> None:
    with pytest.raises(BadRequest, match=r"is not a known parameter; known are q, type, since, until, limit") as caught:
        listed(hub, **{name: "x"})
    assert [error.pointer for error in caught.value.errors] == [f"#/{name}"]
    assert transport.calls == []
    assert listed(hub, code="a function key") == []


@pytest.mark.parametrize(
    "other", [{"type": "feature.updated"}, {"since": "2026-03-13T00:00:00Z"}, {"until": "2027-01-01"}]
)
def test_a_token_of_another_query_is_refused(hub: Hub, days: list[str], other: dict[str, str]) -> None:
    token = str(list_events(hub.events, {"limit": "2"}, url=URL)["continuationToken"])
    with pytest.raises(BadRequest, match=r"^continuationToken must be a token .* to the same query$"):
        listed(hub, continuationToken=token, **other)
    # The number of items may change from page to page, and a time may be written otherwise.
    assert listed(hub, continuationToken=token, limit="3") == days[2:5]
    since = {"since": "2026-03-11T00:00:00Z", "limit": "2"}
    token = str(list_events(hub.events, since, url=URL)["continuationToken"])
    assert listed(hub, continuationToken=token, since="2026-03-11T01:00:00+01:00", limit="2") == days[2:4]


def test_a_listing_that_finds_nothing_for_long_answers_and_goes_on_with_the_next_call(connection_string: str) -> None:
    with EarlyEndTransport() as transport:
        hub = Hub.assemble(Settings.read({"AzureWebJobsStorage": connection_string}), transport=transport)
        for number in range(2 * MAX_TRANSACTIONS + 1):
            add(hub, received_at=NOON - timedelta(minutes=number))
        rare = add(hub, type="feature.updated", received_at=NOON - timedelta(days=30))
        transport.forget()
        transport.early_ends = MAX_TRANSACTIONS
        first = list_events(hub.events, {"type": "feature.updated"}, url=URL)
        assert (first["value"], len(transport.calls)) == ([], MAX_TRANSACTIONS)
        query = {"type": "feature.updated", "continuationToken": str(first["continuationToken"])}
        second = list_events(hub.events, query, url=URL)
    assert (ids(second), second["continuationToken"]) == ([rare.id], None)


def test_one_event_is_shown_with_its_payload(hub: Hub) -> None:
    event = make_event()
    hub.events.append(event, PAYLOAD)
    more = {"dispatchedAt": None, "trace": None, "payload": {"MessageName": "Create"}}
    assert shown(hub, event.id) == {**event.as_json(), **more}


@pytest.mark.parametrize("state", list(EventState))
def test_an_event_tells_when_it_was_dispatched_in_the_two_transactions_that_show_it(
    hub: Hub, transport: JournalTransport, state: EventState
) -> None:
    event = make_event(received_at=now())
    hub.events.append(event, PAYLOAD)
    hub.events.begin_dispatch(replace(event, state=state), None)
    transport.forget()
    told = shown(hub, event.id)["dispatchedAt"]
    assert transport.summary == ["GET events", "GET eventlog"]
    assert isinstance(told, str) == (state is EventState.DISPATCHED)


def test_it_is_told_when_the_last_page_was_asked_and_still_once_the_event_is_forgotten(connection_string: str) -> None:
    moments = [NOON, NOON + timedelta(minutes=1)]
    hub = Hub.assemble(Settings.read({"AzureWebJobsStorage": connection_string}))
    events = EventStore(hub.storage, now=lambda: moments[0])
    event = make_event(received_at=NOON)
    events.append(event, PAYLOAD)
    events.begin_dispatch(event, None)
    assert shown(hub, event.id)["dispatchedAt"] is None
    moments.pop(0)
    events.mark_dispatched(event)
    assert shown(hub, event.id)["dispatchedAt"] == "2026-03-14T12:01:00Z"
    table = hub.storage.table(EVENTLOG_TABLE)
    row = table.get(*log_keys(event))
    assert row is not None
    table.put(forgotten_log_row(row, event))
    assert shown(hub, event.id)["dispatchedAt"] == "2026-03-14T12:01:00Z"


def test_one_event_is_shown_with_the_id_of_its_trace(hub: Hub) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    event = make_event(traceparent=f"00-{trace}-b7ad6b7169203331-01")
    hub.events.append(event, PAYLOAD)
    assert shown(hub, event.id)["trace"] == trace
    hub.events.begin_dispatch(event, None)
    assert shown(hub, event.id)["trace"] == trace


def test_an_id_may_be_in_upper_case(hub: Hub) -> None:
    event = make_event()
    hub.events.append(event, PAYLOAD)
    assert shown(hub, event.id.upper())["id"] == event.id


@pytest.mark.parametrize("id_", [_NOBODYS, "", "x", "a/b", f"{_NOBODYS}/deliveries", "'", "\u017f" * 36])
def test_an_unknown_event_is_not_found(hub: Hub, id_: str) -> None:
    with pytest.raises(NotFound):
        show_event(hub.events, id_)


@pytest.mark.parametrize(
    "payload", [b'\xef\xbb\xbf{"a": 1}', b'{"a": 1, "a": 2}', b'{"a": ' + b"9" * 4000 + b"}", b'{"a": 1E-999}']
)
def test_any_payload_that_was_taken_can_be_shown(hub: Hub, payload: bytes) -> None:
    event = make_event()
    hub.events.append(event, payload)
    assert shown(hub, event.id)["payload"] == parse_json(payload)


def test_a_payload_is_shown_as_strict_json_and_with_every_digit(hub: Hub) -> None:
    event = make_event()
    hub.events.append(event, rb'{"a": [NaN, 1e400, 1.12345678901234567890], "b\ud83d": "\ude00"}')
    text = show_event(hub.events, event.id)
    assert text.endswith(r'"payload": {"a": [null, "1e400", 1.12345678901234567890], "b\ufffd": "\ufffd"}}')
    assert parse_object(text.encode())["id"] == event.id


def test_a_page_ends_at_a_few_megabytes_and_the_next_one_goes_on(hub: Hub) -> None:
    # As much as an event may have besides its payload.
    large = {"field_values": {"a": "x" * 29_900}, "changes": ("y" * 29_900,), "values": {"b": "z" * 29_900}}
    stored = [add(hub, received_at=NOON - timedelta(minutes=number), **large).id for number in range(60)]
    first = list_events(hub.events, {"limit": "200"}, url=URL)
    assert MAX_PAGE_CHARACTERS <= len(json.dumps(first)) < MAX_PAGE_CHARACTERS + 200_000
    second = list_events(hub.events, {"limit": "200", "continuationToken": str(first["continuationToken"])}, url=URL)
    assert ids(first) + ids(second) == stored
    assert second["continuationToken"] is None


def test_a_page_is_read_from_storage_in_parts(connection_string: str, transport: JournalTransport) -> None:
    hub = Hub.assemble(Settings.read({"AzureWebJobsStorage": connection_string}), transport=transport)
    for number in range(60):
        add(hub, received_at=NOON - timedelta(minutes=number))
    transport.forget()
    assert len(listed(hub, limit="200")) == 60
    assert [one.query["$top"] for one in transport.calls] == [["51"], ["51"]]


@pytest.mark.parametrize("type_", ["x" * 251, "a\n.b", "a\0b"])
def test_a_type_that_no_event_can_have_is_refused_by_its_name(hub: Hub, type_: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        listed(hub, type=type_)
    assert refusal.value.errors[0].pointer == "#/type"
