from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from uuid import uuid4

import pytest

from shared.dynamics.row_change import MAX_ROWS
from shared.errors import ContentTooLarge, StorageDown
from shared.events.announcement import Announcement, new_announcement
from shared.events.event import Event, EventId, EventState
from shared.events.rows import EVENTLOG_TABLE, log_keys
from shared.events.store import BegunDispatch, LogFilter, NewEvent, StoredEvent
from shared.hub.hub import Hub
from shared.settings import Settings
from shared.storage.query import Query
from shared.storage.tables import AlreadyStored
from tests.events.test_rows import MIB, incompressible_json, random_bytes
from tests.support.events import PAYLOAD, make_event
from tests.support.queues import announcements
from tests.support.stepping import InterruptedTransport
from tests.support.transport import Fault, JournalTransport

ONE, OTHER = "5b4de2b0-5c8b-4a52-9f36-1d1f4b3a5b9e", "0d6c1f4e-3c0e-4c6a-8b52-6f2f9c1f7a11"


def test_an_appended_event_is_stored_with_its_payload(hub: Hub) -> None:
    event = make_event()
    hub.events.append(event, PAYLOAD)
    assert hub.events.get_with_payload(event.id) == StoredEvent(event, PAYLOAD)


def test_an_appended_event_is_announced_with_an_id_of_the_announcements_own(hub: Hub, connection_string: str) -> None:
    event = make_event()
    for _ in range(2):
        with suppress(AlreadyStored):
            hub.events.append(event, PAYLOAD)
    one, other = announcements(connection_string)
    assert one == Announcement(id=one.id, event_id=event.id)
    assert one.event_id == other.event_id
    assert one.id != other.id
    assert {one.id, other.id}.isdisjoint({None, event.id})


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
    announced = [one.event_id for one in announcements(connection_string)]
    assert hub.events.get(event.id) is None or announced == [event.id]


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


def listed(hub: Hub) -> list[Event]:
    return [found for _, found in hub.events.log(LogFilter(), page_size=10)]


def test_an_event_is_listed_when_its_dispatch_begins_and_only_its_state_changes_at_the_end(hub: Hub) -> None:
    stored = make_event(trimmed=True)
    completed = replace(stored, field_values={"a": "b"})
    assert (hub.events.dispatched(stored), listed(hub)) == (None, [])
    assert hub.events.begin_dispatch(completed, ONE) is None
    assert (hub.events.begun_dispatch(stored), listed(hub)) == (BegunDispatch(completed, ONE), [completed])
    hub.events.mark_dispatched(stored)
    done = replace(completed, state=EventState.DISPATCHED)
    assert (hub.events.begun_dispatch(stored), hub.events.dispatched(stored)) == (BegunDispatch(done, ONE), done)


def test_what_is_listed_already_is_told_and_left_as_it_is(hub: Hub) -> None:
    event = make_event()
    hub.events.begin_dispatch(event, ONE)
    hub.events.mark_dispatched(event)
    begun = BegunDispatch(replace(event, state=EventState.DISPATCHED), ONE)
    for id_ in (ONE, OTHER, None):
        assert hub.events.begin_dispatch(replace(event, state=EventState.UNREADABLE), id_) == begun
    assert hub.events.begun_dispatch(event) == begun


def test_of_many_that_begin_at_once_one_alone_lists_the_event(hub: Hub) -> None:
    hub.events.begin_dispatch(make_event(), ONE)
    for _ in range(5):
        event = make_event()
        ids = [str(uuid4()) for _ in range(6)]
        with ThreadPoolExecutor(len(ids)) as pool:
            found = list(pool.map(partial(hub.events.begin_dispatch, event), ids))
        begun = hub.events.begun_dispatch(event)
        assert begun is not None
        assert found.count(None) == 1
        assert begun.announcement_id == ids[found.index(None)]
        assert [one for one in found if one] == [begun] * 5


def test_a_row_that_is_removed_while_it_is_looked_at_is_listed_anew(connection_string: str) -> None:
    event = make_event()
    with InterruptedTransport() as transport:
        hub = Hub.assemble(Settings.read({"AzureWebJobsStorage": connection_string}), transport=transport)
        hub.events.begin_dispatch(event, ONE)
        log = hub.storage.table(EVENTLOG_TABLE)
        transport.interrupt(lambda method, url: method == "GET", lambda: log.delete(*log_keys(event)))
        assert hub.events.begin_dispatch(event, OTHER) is None
        assert hub.events.begun_dispatch(event) == BegunDispatch(event, OTHER)


def test_the_end_of_a_dispatch_whose_row_was_removed_brings_nothing_back(hub: Hub) -> None:
    event = make_event()
    hub.events.begin_dispatch(event, ONE)
    hub.storage.table(EVENTLOG_TABLE).delete(*log_keys(event))
    hub.events.mark_dispatched(event)
    assert list(hub.storage.table(EVENTLOG_TABLE).query(Query())) == []


LONG = {"a": "x" * 30_000}


def test_long_values_are_stored_and_read_in_two_transactions_each(hub: Hub, transport: JournalTransport) -> None:
    hub.events.append(make_event(), PAYLOAD)
    event = make_event(field_values=LONG)
    transport.forget()
    hub.events.append(event, PAYLOAD)
    assert transport.summary == ["POST events/messages", "POST $batch"]
    transport.forget()
    assert hub.events.get(event.id) == event
    assert transport.summary == ["GET events", "GET events"]
    with pytest.raises(AlreadyStored):
        hub.events.append(event, PAYLOAD)
    assert hub.events.get_with_payload(event.id) == StoredEvent(event, PAYLOAD)


@pytest.mark.parametrize("trimmed", [False, True])
def test_a_listing_has_no_long_values_and_a_dispatched_event_has_them_all(hub: Hub, *, trimmed: bool) -> None:
    received = make_event(trimmed=trimmed, field_values={} if trimmed else LONG)
    hub.events.append(received, PAYLOAD)
    # A trimmed event is completed before it is listed, and its row in `events` stays as it was.
    completed = replace(received, field_values=LONG)
    assert hub.events.begin_dispatch(completed, ONE) is None
    [listed] = [event for _, event in hub.events.log(LogFilter(), page_size=10)]
    assert listed == replace(completed, field_values={}, truncated=True)
    assert hub.events.dispatched(received) == completed
    assert hub.events.begin_dispatch(completed, OTHER) == BegunDispatch(completed, ONE)
    assert hub.events.get(received.id) == received


def test_several_events_are_announced_in_one_message_and_stored_each_in_one_transaction(
    hub: Hub, transport: JournalTransport, connection_string: str
) -> None:
    hub.events.append(known := make_event(), PAYLOAD)
    new = [make_event() for _ in range(5)]
    transport.forget()
    assert hub.events.append_all([NewEvent(event, lambda: b"[1]") for event in [known, *new]]) == 5
    assert sorted(transport.summary) == ["POST events"] * 6 + ["POST events/messages"]
    assert [hub.events.get_with_payload(event.id) for event in new] == [StoredEvent(event, b"[1]") for event in new]
    announced = announcements(connection_string)[-1]
    assert (announced.event_id, announced.others) == (known.id, tuple(event.id for event in new))


def test_an_announcement_of_as_many_events_as_a_request_may_have_rows_fits_into_a_message(
    hub: Hub, connection_string: str
) -> None:
    ids = [make_event().id for _ in range(MAX_ROWS)]
    hub.events.publish(new_announcement(ids[0], others=ids[1:]))
    assert len(announcements(connection_string)[0].others) == MAX_ROWS - 1


@pytest.mark.parametrize("fault", list(Fault))
def test_what_fails_among_several_is_an_outage_and_what_was_stored_is_not_stored_again(
    hub: Hub, transport: JournalTransport, fault: Fault
) -> None:
    hub.events.append(make_event(), PAYLOAD)
    new = [NewEvent(make_event(), lambda: PAYLOAD) for _ in range(5)]
    transport.forget()
    transport.fail(3, fault)
    with pytest.raises(StorageDown):
        hub.events.append_all(new)
    assert hub.events.append_all(new) in {0, 1, 2, 3, 4, 5}
    assert all(hub.events.get(one.event.id) == one.event for one in new)
    assert hub.events.append_all(new) == 0
