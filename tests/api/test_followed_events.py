"""`GET ?after=`: tokens there and back, what is refused, and pages that end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.api import followed_events
from shared.api.events import list_events
from shared.api.followed_events import follow_events
from shared.api.parameters import token_of
from shared.clock import now
from shared.errors import BadRequest
from shared.events.event import Event, EventState
from shared.events.late import LAG
from shared.events.rows import EVENTLOG_TABLE, log_row
from shared.hub.hub import Hub
from shared.storage.paging import Place, Position
from shared.storage.scan import MAX_TRANSACTIONS, WorkBudget
from tests.support.events import make_event
from tests.support.patience import eventually
from tests.support.transport import JournalTransport

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def add(hub: Hub, number: int, **changes: Any) -> Event:  # noqa: ANN401 - whatever the fields of an event are
    at = NOON + number * timedelta(minutes=7)
    event = make_event(state=EventState.DISPATCHED, **{"received_at": at, **changes})
    hub.storage.table(EVENTLOG_TABLE).put(log_row(event))
    return event


def page(hub: Hub, **query: str) -> tuple[list[str], str]:
    answer = follow_events(hub.events, query)
    assert answer.keys() == {"value", "after"}
    value, after = answer["value"], answer["after"]
    assert isinstance(value, list)
    assert isinstance(after, str)
    return [event["id"] for event in value], after


def test_events_come_oldest_first_as_a_listing_shows_them(hub: Hub) -> None:
    events = [add(hub, number) for number in range(5)]
    answer = follow_events(hub.events, {"after": ""})
    assert answer["value"] == [event.as_json() for event in events]
    assert page(hub, after=str(answer["after"]))[0] == []


@pytest.mark.parametrize("limit", [1, 2, 5, 200])
def test_following_the_tokens_gives_each_event_once_and_a_token_always(hub: Hub, limit: int) -> None:
    events = [add(hub, number).id for number in range(5)]
    found: list[str] = []
    after = ""
    for _ in range(9):
        told, after = page(hub, after=after, limit=str(limit))
        assert len(told) <= limit
        found += told
    assert found == events


def test_the_limit_may_change_from_page_to_page(hub: Hub) -> None:
    events = [add(hub, number).id for number in range(5)]
    told, after = page(hub, after="", limit="2")
    assert told + page(hub, after=after, limit="50")[0] == events


def test_now_begins_with_what_comes(hub: Hub) -> None:
    add(hub, 1)
    told, after = page(hub, after="now")
    assert told == []
    event = add(hub, 0, received_at=now() - LAG + timedelta(seconds=1.5))
    followed: list[str] = []

    def is_told() -> bool:
        nonlocal after
        told, after = page(hub, after=after)
        followed.extend(told)
        return bool(followed)

    # It is told ten seconds after its receipt.
    assert eventually(is_told)
    assert followed == [event.id]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"after": "x"}, "after"),
        ({"after": "NOW"}, "after"),
        ({"after": " "}, "after"),
        ({"after": "é"}, "after"),
        ({"after": "x" * 10_000}, "after"),
        ({"after": "", "limit": "0"}, "limit"),
        ({"after": "", "limit": "201"}, "limit"),
        ({"after": "", "type": "a"}, "type"),
        ({"after": "", "since": "2026-01-01"}, "since"),
        ({"after": "", "continuationToken": "x"}, "continuationToken"),
    ],
)
def test_what_is_wrong_is_refused_by_name(hub: Hub, query: dict[str, str], field: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        follow_events(hub.events, query)
    assert field in refusal.value.detail


def test_a_token_of_another_query_is_refused(hub: Hub) -> None:
    for number in range(3):
        add(hub, number)
    token = str(list_events(hub.events, {"limit": "1"}, url="https://hub.example")["continuationToken"])
    with pytest.raises(BadRequest):
        page(hub, after=token)
    _, after = page(hub, after="", limit="1")
    with pytest.raises(BadRequest):
        list_events(hub.events, {"continuationToken": after}, url="https://hub.example")


def made_up(*keys: str) -> str:
    """A token with a right digest, as somebody may make one."""
    one, other, third, fourth = keys
    return token_of(Place(Position(one, other), (third, fourth)), "followed events")


@given(st.lists(st.text(max_size=20) | st.sampled_from(["", "0", "9" * 17, "9" * 30, "1"]), min_size=4, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_whatever_a_token_holds_it_is_a_place_or_refused(hub: Hub, keys: list[str]) -> None:
    try:
        told, after = page(hub, after=made_up(*keys))
    except BadRequest:
        return
    assert (told, after != "") == ([], True)


@pytest.mark.parametrize(
    "keys",
    [
        ("", "", "", ""),
        ("99999999999999999", "", "0", ""),
        ("99999999999999999", "", "9" * 20, ""),
        ("9999999999999999x", "", "1", ""),
        ("99999999999999999", "no id", "1", ""),
        ("-1", "", "1", ""),
    ],
)
def test_a_token_that_was_made_up_is_refused(hub: Hub, keys: tuple[str, ...]) -> None:
    with pytest.raises(BadRequest):
        page(hub, after=made_up(*keys))


def test_a_made_up_token_that_says_a_place_is_one_like_any_other(hub: Hub) -> None:
    event = add(hub, 1)
    assert page(hub, after=made_up("99999999999999999", "", "1000000000", ""))[0] in ([], [event.id])
    # The last moment of all: nothing comes after it.
    token = made_up("00000000000000000", "", "1", "")
    told, after = page(hub, after=token)
    assert (told, page(hub, after=after)) == ([], ([], after))


def test_a_page_ends_where_it_is_long(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [add(hub, number, field_values={"a": "x" * 600}).id for number in range(4)]
    monkeypatch.setattr(followed_events, "MAX_PAGE_CHARACTERS", 1500)
    told, after = page(hub, after="")
    assert told == events[:2]
    assert page(hub, after=after)[0] == events[2:]


def test_a_token_from_before_all_that_is_kept_goes_on_at_the_oldest(hub: Hub) -> None:
    first = add(hub, 0)
    _, after = page(hub, after="", limit="1")
    hub.storage.table(EVENTLOG_TABLE).delete(*(log_row(first)[key] for key in ("PartitionKey", "RowKey")))
    late = add(hub, 60_000 // 7, received_at=NOON + timedelta(days=40))
    assert page(hub, after=after)[0] == [late.id]


def test_a_call_is_bounded_in_its_work(hub: Hub, transport: JournalTransport) -> None:
    for number in range(30):
        add(hub, number)
    transport.forget()
    follow_events(hub.events, {"after": "", "limit": "5"})
    assert len(transport.calls) < MAX_TRANSACTIONS
    transport.forget()
    answer = follow_events(hub.events, {"after": "", "limit": "5"}, new_budget=lambda: WorkBudget(transactions=4))
    assert (answer["value"], len(transport.calls)) == ([], 4)
