"""Rows and messages that the previous version left: a list whose rows name no announcement, messages without an id.

Written out, and not made by today's code: what that version wrote does not change when the code does. It listed an
event when its dispatch was done, or as `received` before it sent the message for its second page of webhooks.
"""

import json
from uuid import uuid4

import pytest

from shared.events.announcement import new_announcement
from shared.events.dispatch import Dispatcher
from shared.events.event import Event, EventId, EventState
from shared.events.rows import EVENTLOG_TABLE, EVENTS_TABLE
from shared.events.store import BegunDispatch
from shared.hub.hub import Hub
from tests.events.test_dispatch import Collected, completion, listed, rows, state
from tests.support.events import make_event

PAYLOAD = b"x\x9c\xab\xae\x05\x00\x01u\x00\xf9"  # compressed: {}
DONE = ["dispatched", "ignored", "unreadable"]
EVENT = {
    "Type": "thing.changed",
    "Source": "signal",
    "Entity": "thing",
    "EntityId": "9",
    "Initiator": "kim@hub.example",
    "ReceivedAt": "2026-03-14T09:26:53.589793+00:00",
    "Changes": "[]",
    "Values": "null",
    "FieldValues": '{"thingid": "9"}',
}


def stored(hub: Hub, listed_as: str | None = None, *, trimmed: bool = False) -> Event:
    """An event of that version, its row in the list too if it has one. What trimmed it lacks, the list has."""
    id_ = str(uuid4())
    row = {
        **EVENT,
        "Trimmed": trimmed,
        "State": "received",
        "Pieces": 1,
        "Payload0": b"x\x9c\xab\xae\x05\x00\x01u\x00\xf9",
    }
    hub.storage.table(EVENTS_TABLE).insert({"PartitionKey": id_[:2], "RowKey": id_, **row})
    if listed_as:
        keys = {"PartitionKey": "79739685", "RowKey": f"98226519586410206-{id_}"}
        shown = {**EVENT, "Id": id_, "Trimmed": trimmed, "State": listed_as, "FieldValues": '{"thingid": "9", "a": 1}'}
        hub.storage.table(EVENTLOG_TABLE).insert({**keys, **shown})
    found = hub.events.get(EventId(id_))
    assert found is not None
    return found


def of_that_version(event: Event, after: int = 0) -> bytes:
    return json.dumps(
        {"version": 1, "event_id": event.id, "attempt": 0, **({"after": after} if after else {})}
    ).encode()


def of_today(event: Event, after: int = 0) -> bytes:
    return new_announcement(event.id).going_on(after=after, repeat=False).as_text().encode()


@pytest.fixture
def collected() -> Collected:
    return Collected()


@pytest.fixture
def dispatcher(hub: Hub, collected: Collected) -> Dispatcher:
    return Dispatcher(hub.events, completion(""), collected, ())


def test_its_rows_are_found_and_name_no_announcement(hub: Hub) -> None:
    event = stored(hub, "received")
    begun = hub.events.begun_dispatch(event)
    assert isinstance(begun, BegunDispatch)
    assert (begun.announcement_id, begun.event.field_values) == (None, {"thingid": "9", "a": 1})


@pytest.mark.parametrize("after", [0, 7])
@pytest.mark.parametrize("make", [of_that_version, of_today])
@pytest.mark.parametrize("listed_as", DONE)
@pytest.mark.parametrize("trimmed", [False, True])
def test_what_it_has_done_is_not_done_again(
    hub: Hub, dispatcher: Dispatcher, collected: Collected, make: object, listed_as: str, after: int, *, trimmed: bool
) -> None:
    event = stored(hub, listed_as, trimmed=trimmed)
    before = rows(hub)
    assert callable(make)
    dispatcher.dispatch(make(event, after), attempt=1)
    assert (collected.events, rows(hub)) == ([], before)


@pytest.mark.parametrize("after", [0, 7])
@pytest.mark.parametrize("trimmed", [False, True])
def test_what_it_has_begun_its_own_message_ends_with_what_was_read_back(
    hub: Hub, dispatcher: Dispatcher, collected: Collected, after: int, *, trimmed: bool
) -> None:
    event = stored(hub, "received", trimmed=trimmed)
    dispatcher.dispatch(of_that_version(event, after), attempt=1)
    assert [asked.field_values for asked in collected.events] == [{"thingid": "9", "a": 1}]
    assert (collected.repeats, state(hub, event)) == ([True], EventState.DISPATCHED)


@pytest.mark.parametrize("trimmed", [False, True])
def test_what_it_has_begun_is_left_to_its_message_by_another_announcement(
    hub: Hub, dispatcher: Dispatcher, collected: Collected, *, trimmed: bool
) -> None:
    event = stored(hub, "received", trimmed=trimmed)
    dispatcher.dispatch(of_today(event), attempt=1)
    assert (collected.events, state(hub, event)) == ([], EventState.RECEIVED)
    # It sent the message before its own ended, so it is there.
    dispatcher.dispatch(of_that_version(event, 7), attempt=1)
    assert state(hub, event) is EventState.DISPATCHED


def test_an_event_that_waits_in_its_queue_is_dispatched_and_listed(
    hub: Hub, dispatcher: Dispatcher, collected: Collected
) -> None:
    event = stored(hub)
    dispatcher.dispatch(of_that_version(event), attempt=1)
    assert (collected.repeats, state(hub, event)) == ([True], EventState.DISPATCHED)
    assert [shown.id for shown in listed(hub)] == [event.id]


@pytest.mark.parametrize("first", [of_that_version, of_today])
def test_an_event_that_was_posted_to_both_versions_is_never_left_undone(
    hub: Hub, dispatcher: Dispatcher, first: object
) -> None:
    event = stored(hub)
    assert callable(first)
    for body in (first(event), of_that_version(event), of_today(event)):
        dispatcher.dispatch(body, attempt=1)
    assert state(hub, event) is EventState.DISPATCHED


def test_a_message_of_that_version_goes_on_with_what_todays_announcement_began(
    hub: Hub, dispatcher: Dispatcher, collected: Collected
) -> None:
    # It cannot be known by an id; and todays may have stranded while that version ran again.
    event = stored(hub)
    hub.events.begin_dispatch(event, new_announcement(make_event().id).id)
    dispatcher.dispatch(of_that_version(event), attempt=1)
    assert (collected.repeats, state(hub, event)) == ([True], EventState.DISPATCHED)
