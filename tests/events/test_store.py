from dataclasses import replace
from uuid import uuid4

import pytest

from shared.errors import ContentTooLarge, StorageDown
from shared.events.announcement import Announcement
from shared.events.event import EventId, EventState
from shared.events.rows import EVENTLOG_TABLE
from shared.events.store import LogFilter, StoredEvent
from shared.hub.hub import Hub
from shared.storage.query import Query
from shared.storage.tables import AlreadyStored
from tests.events.test_rows import MIB, incompressible_json, random_bytes
from tests.support.events import PAYLOAD, make_event
from tests.support.queues import announcements
from tests.support.transport import Fault, JournalTransport


def test_an_appended_event_is_stored_with_its_payload(hub: Hub) -> None:
    event = make_event()
    hub.events.append(event, PAYLOAD)
    assert hub.events.get_with_payload(event.id) == StoredEvent(event, PAYLOAD)


def test_an_appended_event_is_announced(hub: Hub, connection_string: str) -> None:
    event = make_event()
    hub.events.append(event, PAYLOAD)
    assert announcements(connection_string) == [Announcement(event_id=event.id)]


@pytest.mark.parametrize("hops", [0, 2])
def test_an_event_is_read_without_its_payload(hub: Hub, transport: JournalTransport, hops: int) -> None:
    event = make_event(hops=hops, values={"a": 1}, changes=("b",), trimmed=True)
    hub.events.append(event, incompressible_json(MIB))
    transport.forget()
    assert hub.events.get(event.id) == event
    [call] = transport.calls
    assert not [column for column in call.query["$select"][0].split(",") if column.startswith(("Payload", "Pieces"))]


def test_an_event_and_its_payload_are_one_transaction(hub: Hub, transport: JournalTransport) -> None:
    event = make_event()
    hub.events.append(event, PAYLOAD)
    transport.forget()
    assert hub.events.get_with_payload(event.id) == StoredEvent(event, PAYLOAD)
    assert transport.summary == ["GET events"]


def test_an_event_that_nobody_stored_is_none(hub: Hub) -> None:
    assert hub.events.get_with_payload(EventId(str(uuid4()))) is None
    assert hub.events.get(EventId(str(uuid4()))) is None


def test_appending_costs_two_transactions_the_announcement_first(hub: Hub, transport: JournalTransport) -> None:
    hub.events.append(make_event(), PAYLOAD)
    transport.forget()
    hub.events.append(make_event(), PAYLOAD)
    assert transport.summary == ["POST events/messages", "POST events"]


def test_the_same_event_is_stored_once_and_keeps_its_first_payload(hub: Hub) -> None:
    event = make_event()
    hub.events.append(event, PAYLOAD)
    with pytest.raises(AlreadyStored):
        hub.events.append(event, b"{}")
    assert hub.events.get_with_payload(event.id) == StoredEvent(event, PAYLOAD)


def test_a_mebibyte_of_json_is_stored_and_comes_back(hub: Hub) -> None:
    event, payload = make_event(), incompressible_json(MIB)
    hub.events.append(event, payload)
    assert hub.events.get_with_payload(event.id) == StoredEvent(event, payload)


def test_what_does_not_fit_is_not_announced(hub: Hub, transport: JournalTransport) -> None:
    with pytest.raises(ContentTooLarge):
        hub.events.append(make_event(), random_bytes(MIB))
    assert transport.calls == []


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", [1, 2])
def test_whatever_fails_an_event_that_is_stored_is_announced(
    hub: Hub, connection_string: str, transport: JournalTransport, number: int, fault: Fault
) -> None:
    hub.events.append(make_event(), PAYLOAD)
    event = make_event()
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        hub.events.append(event, PAYLOAD)
    announced = event.id in {found.event_id for found in announcements(connection_string)}
    assert (hub.events.get(event.id) is not None) == (number == 2 and fault is Fault.AFTER)
    assert announced or hub.events.get(event.id) is None


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", range(1, 7))
def test_the_same_holds_while_queue_and_table_are_made(
    hub: Hub, connection_string: str, transport: JournalTransport, number: int, fault: Fault
) -> None:
    event = make_event()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        hub.events.append(event, PAYLOAD)
    assert hub.events.get(event.id) is None or announcements(connection_string) == [Announcement(event_id=event.id)]


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", range(1, 7))
def test_after_any_failure_the_same_event_can_be_appended_or_is_there(
    hub: Hub, transport: JournalTransport, number: int, fault: Fault
) -> None:
    event = make_event()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        hub.events.append(event, PAYLOAD)
    try:
        hub.events.append(event, PAYLOAD)
    except AlreadyStored:
        assert (number, fault) == (6, Fault.AFTER)
    assert hub.events.get_with_payload(event.id) == StoredEvent(event, PAYLOAD)


def test_a_dispatched_event_is_listed_as_dispatch_left_it(hub: Hub) -> None:
    event = make_event()
    hub.events.append(event, PAYLOAD)
    assert hub.events.dispatched(event) is None
    left = make_event(id=event.id, state=EventState.DISPATCHED, field_values={"a": "b"})
    hub.events.mark_dispatched(left)
    assert hub.events.dispatched(event) == left
    assert [found for _, found in hub.events.log(LogFilter(), page_size=10)] == [left]


def test_marking_twice_changes_nothing(hub: Hub) -> None:
    event = make_event(state=EventState.DISPATCHED)
    hub.events.mark_dispatched(event)
    hub.events.mark_dispatched(event)
    rows = list(hub.storage.table(EVENTLOG_TABLE).query(Query()))
    assert len(rows) == 1


def test_an_event_whose_dispatch_has_started_is_listed_as_it_was_and_never_after_it_ended(hub: Hub) -> None:
    event = make_event()
    hub.events.mark_started(event)
    assert hub.events.dispatched(event) == event
    done = replace(event, state=EventState.DISPATCHED)
    hub.events.mark_dispatched(done)
    hub.events.mark_started(event)
    assert hub.events.dispatched(event) == done
