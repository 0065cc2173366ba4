"""What may be asked of `ensure`: each mistake is named, all at once, before Dataverse is asked anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dynamics.event_name import VERBS, event_name
from shared.dynamics.registration.ensure_bodies import (
    MAX_EVENTS,
    Wanted,
    WantedEvent,
    can_have_columns,
    message_of,
    wanted_errors,
)
from shared.dynamics.registration.image import can_have_pre_image
from shared.dynamics.registration.parsing import parse_body
from shared.errors import BadRequest
from tests.dynamics.registration.samples import EVENTS_RECEIVER, KEY
from tests.support.cases import holds_for


def parsed(*events: object, **more: object) -> Wanted:
    return parse_body(Wanted, {"key": KEY, "url": EVENTS_RECEIVER, "events": list(events), **more}, wanted_errors)


def refused(*events: object, **more: object) -> list[str]:
    with pytest.raises(BadRequest) as caught:
        parsed(*events, **more)
    return [error.pointer for error in caught.value.errors]


@holds_for(
    ("name", "message", "table"),
    [
        ("opportunity.created", "Create", "opportunity"),
        ("Opportunity.Updated", "Update", "opportunity"),
        ("new_thing.deleted", "Delete", "new_thing"),
        ("account.associated", "Associate", "account"),
        ("account.disassociated", "Disassociate", "account"),
        ("account.assigned", "Assign", "account"),
        ("account.statechanged", "SetStateDynamicEntity", "account"),
        ("account.merged", "Merge", "account"),
        ("opportunity.win", "win", "opportunity"),
        ("quote.new_approve", "new_approve", "quote"),
        ("account.createmultiple", "createmultiple", "account"),
        ("dataverse.new_recount", "new_recount", None),
        ("dataverse.associated", "Associate", None),
    ],
)
def test_an_event_is_a_message_on_a_table(name: str, message: str, table: str | None) -> None:
    [event] = parsed({"event": name}).events or []
    assert (event.message, event.table) == (message, table)


@given(message=st.sampled_from(sorted(VERBS)), table=st.from_regex(r"[a-z_][a-z0-9_]{0,20}", fullmatch=True))
def test_the_name_that_receivers_get_leads_back_to_its_message(message: str, table: str) -> None:
    name = event_name(message, table)
    assert event_name(message_of(name), WantedEvent(event=name).table) == name


@holds_for(
    "name",
    [
        "",
        "opportunity",
        "opportunity.",
        ".updated",
        "*.updated",
        "opportunity.*",
        "oppor tunity.updated",
        "opportunity.up-dated",
        "opportunity.updated.twice",
        "opportunity.updated\n",
        "1opportunity.updated",
        "öpportunity.updated",
        "t." + "v" * 249,
        None,
        7,
    ],
)
def test_anything_else_is_no_event(name: object) -> None:
    assert refused({"event": name}) == ["#/events/0/event"]


@holds_for(
    ("event", "members"),
    [
        ({"event": "a.updated", "columns": ["x"], "preImage": True, "mode": "sync"}, []),
        ({"event": "a.updated", "columns": None, "preImage": None, "mode": None}, []),
        ({"event": "a.updated", "columns": ["x"]}, []),
        *(({"event": f"a.{verb}", "preImage": True}, []) for verb in ("deleted", "assigned", "statechanged", "merged")),
        ({"event": "a.deleted", "columns": ["x"], "preImage": True}, []),
        ({"event": "a.deleted", "columns": ["x"]}, ["columns"]),
        ({"event": "a.deleted", "columns": ["x"], "preImage": False}, ["columns"]),
        ({"event": "a.created", "columns": ["x"]}, ["columns"]),
        ({"event": "a.created", "preImage": True}, ["preImage"]),
        ({"event": "a.created", "columns": ["x"], "preImage": True}, ["preImage", "columns"]),
        ({"event": "a.associated", "preImage": True}, ["preImage"]),
        ({"event": "a.disassociated", "preImage": True}, ["preImage"]),
        ({"event": "a.win", "preImage": True}, ["preImage"]),
        ({"event": "a.updatemultiple", "preImage": True}, ["preImage"]),
        ({"event": "a.updatemultiple", "columns": ["x"]}, ["columns"]),
        ({"event": "dataverse.new_recount", "columns": ["x"]}, ["columns"]),
        ({"event": "connection.created", "preImage": True}, ["preImage"]),
        ({"event": "a.updated", "columns": []}, ["columns"]),
        ({"event": "a.updated", "columns": ["X"]}, ["columns"]),
        ({"event": "a.updated", "columns": ["x,y"]}, ["columns"]),
        ({"event": "a.updated", "columns": "x"}, ["columns"]),
        ({"event": "a.updated", "preImage": "yes"}, ["preImage"]),
        ({"event": "a.updated", "mode": "later"}, ["mode"]),
        ({"event": "a.updated", "stage": "PreOperation"}, ["stage"]),
        ({}, ["event"]),
    ],
)
def test_only_what_an_event_can_have_is_taken(event: dict[str, object], members: list[str]) -> None:
    pointers = [f"#/events/1/{member}" for member in members]
    assert (refused({"event": "b.created"}, event) if members else []) == pointers
    if not members:
        assert len(parsed({"event": "b.created"}, event).events or []) == 2


@pytest.mark.parametrize(
    "again", ["a.updated", "A.Updated", "a.update", pytest.param("a.UPDATED", id="another spelling")]
)
def test_the_same_event_twice_is_a_400(again: str) -> None:
    assert refused({"event": "a.updated"}, {"event": "b.updated"}, {"event": again}) == ["#/events/2/event"]


def test_all_mistakes_are_named_at_once() -> None:
    wrong = [{"event": "a.created", "columns": ["x"]}, {"event": "a.created"}, {"event": "a.win", "preImage": True}]
    assert refused(*wrong) == ["#/events/0/columns", "#/events/1/event", "#/events/2/preImage"]


@pytest.mark.parametrize("prune", [False, True])
def test_no_event_at_all_is_a_400_and_removes_nothing(*, prune: bool) -> None:
    assert refused(prune=prune) == ["#/events"]


def test_more_events_than_can_be_registered_in_time_are_a_400() -> None:
    events = [{"event": f"t{number}.created"} for number in range(MAX_EVENTS + 1)]
    assert refused(*events) == ["#/events"]
    assert len(parsed(*events[1:]).events or []) == MAX_EVENTS


def test_prune_goes_with_events_only() -> None:
    with pytest.raises(BadRequest) as caught:
        parse_body(Wanted, {"key": KEY, "url": EVENTS_RECEIVER, "prune": True}, wanted_errors)
    assert [error.pointer for error in caught.value.errors] == ["#/prune"]


@pytest.mark.parametrize(
    ("message", "alone", "with_image", "image"),
    [
        ("Update", True, True, True),
        ("DELETE", False, True, True),
        ("SetState", False, True, True),
        ("Create", False, False, False),
        ("win", False, False, False),
    ],
)
def test_columns_need_something_that_uses_them(message: str, *, alone: bool, with_image: bool, image: bool) -> None:
    assert can_have_columns(message, has_pre_image=False) is alone
    assert can_have_columns(message, has_pre_image=True) is with_image
    assert can_have_pre_image(message) is image
