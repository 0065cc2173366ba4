from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest

from shared.clock import now
from shared.dynamics.completion import DataverseCompletion
from shared.dynamics.dataverse import DataverseClient
from shared.errors import DataverseDown, StorageDown
from shared.events.announcement import Announcement, UnrecognizedMessage, new_announcement
from shared.events.dispatch import Dispatcher, Page
from shared.events.event import Event, EventState
from shared.events.rows import EVENTLOG_TABLE, EVENTS_TABLE
from shared.events.store import LogFilter, NewEvent
from shared.hub.hub import Hub
from shared.storage.query import Query
from shared.web_api import WebApi
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.server import Reply
from tests.support.events import PAYLOAD, make_event
from tests.support.lines import lines_in
from tests.support.queues import announcements, awaited_announcements
from tests.support.transport import Fault, JournalTransport

OPPORTUNITY = ("opportunity", str(uuid4()))
SYSTEM_USER = ("systemuser", str(uuid4()))
DELAYS = (7, 60)


class Collected:
    """Takes what is to be delivered."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.repeats: list[bool] = []

    def page(self, event_type: str, *, after: int) -> Page:
        return Page((), is_last=True)

    def ask(self, event: Event, page: Page, *, repeat: bool) -> None:
        self.events.append(event)
        self.repeats.append(repeat)


def message(event: Event, attempt: int = 0) -> bytes:
    """An announcement as none before it."""
    return new_announcement(event.id).model_copy(update={"attempt": attempt}).as_text().encode()


def state(hub: Hub, event: Event) -> EventState | None:
    stored = hub.events.get(event.id)
    return (hub.events.dispatched(event) or stored).state if stored else None


def listed(hub: Hub) -> list[Event]:
    return [event for _, event in hub.events.log(LogFilter(), page_size=100)]


def rows(hub: Hub) -> list[Mapping[str, object]]:
    tables = (hub.storage.table(name) for name in (EVENTS_TABLE, EVENTLOG_TABLE))
    return [dict(row) for table in tables for row in table.query(Query())]


def accepted(hub: Hub, *, trimmed: bool = False) -> Event:
    event = make_event(entity_id=str(uuid4()), trimmed=trimmed, received_at=now())
    hub.events.append(event, PAYLOAD)
    return event


def completion(dataverse_url: str) -> DataverseCompletion:
    return DataverseCompletion(DataverseClient(WebApi("Dataverse", dataverse_url, lambda: "token", DataverseDown)))


@pytest.fixture
def collected() -> Collected:
    return Collected()


@pytest.fixture
def dispatcher(hub: Hub, dataverse: FakeDataverse, collected: Collected) -> Dispatcher:
    """One that asks the fake Dataverse, and puts off by 7 and then by 60 seconds."""
    return Dispatcher(hub.events, completion(dataverse.url), collected, DELAYS)


def test_a_received_event_is_dispatched_and_listed(hub: Hub, dispatcher: Dispatcher) -> None:
    event = accepted(hub)
    dispatcher.dispatch(message(event), attempt=1)
    assert state(hub, event) is EventState.DISPATCHED
    assert listed(hub) == [replace(event, state=EventState.DISPATCHED)]


def test_the_hub_that_is_put_together_dispatches_too(hub: Hub) -> None:
    event = accepted(hub)
    hub.receivers.dispatcher.dispatch(message(event), attempt=1)
    assert state(hub, event) is EventState.DISPATCHED


def test_dispatching_costs_two_transactions_beside_its_fan_out(
    hub: Hub, dispatcher: Dispatcher, transport: JournalTransport
) -> None:
    dispatcher.dispatch(message(accepted(hub)), attempt=1)
    event = accepted(hub)
    transport.forget()
    before = hub.storage.now()
    dispatcher.dispatch(message(event), attempt=1)
    assert transport.summary == ["GET events", "POST eventlog"]
    # When that was is told by the same row.
    begun = hub.events.begun_dispatch(event)
    assert begun is not None
    assert begun.dispatched_at is not None
    assert before <= begun.dispatched_at <= hub.storage.now()


class Looking:
    """Looks at the list while the deliveries are asked for."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.seen: list[Event] = []

    def page(self, event_type: str, *, after: int) -> Page:
        return Page((), is_last=after > 0)

    def ask(self, event: Event, page: Page, *, repeat: bool) -> int | None:
        self.seen.extend(listed(self.hub))
        return None if page.is_last else 1


def test_an_event_of_several_pages_is_listed_as_received_until_the_last_one_was_asked(
    hub: Hub, connection_string: str
) -> None:
    event, looking = accepted(hub), Looking(hub)
    dispatcher = Dispatcher(hub.events, completion(""), looking, ())
    dispatcher.dispatch(message(event), attempt=1)
    (_, second) = [one for one in announcements(connection_string) if one.event_id == event.id]
    dispatcher.dispatch(second.as_text().encode(), attempt=1)
    assert looking.seen == [event, event]
    assert state(hub, event) is EventState.DISPATCHED


@pytest.mark.parametrize("attempt", [1, 2])
def test_an_announcement_of_an_event_that_another_one_dispatched_costs_three_transactions_and_changes_nothing(
    hub: Hub, dispatcher: Dispatcher, collected: Collected, transport: JournalTransport, attempt: int
) -> None:
    event = accepted(hub)
    dispatcher.dispatch(message(event), attempt=1)
    before = rows(hub)
    transport.forget()
    dispatcher.dispatch(message(event), attempt=attempt)
    assert transport.summary == ["GET events", "POST eventlog", "GET eventlog"]
    assert (rows(hub), len(collected.events)) == (before, 1)


@pytest.mark.parametrize("attempt", [1, 2])
def test_an_announcement_that_comes_again_asks_again_and_says_so(
    hub: Hub, dispatcher: Dispatcher, collected: Collected, attempt: int
) -> None:
    event = accepted(hub)
    one = message(event)
    dispatcher.dispatch(one, attempt=1)
    # Nobody knows whether it died while it asked, or just before it ended.
    dispatcher.dispatch(one, attempt=attempt)
    assert collected.repeats == [False, True]
    assert state(hub, event) is EventState.DISPATCHED


def test_an_announcement_that_failed_before_it_asked_for_anything_is_no_repeat(
    hub: Hub, dispatcher: Dispatcher, collected: Collected, transport: JournalTransport
) -> None:
    event = accepted(hub)
    one = message(event)
    transport.forget()
    transport.fail(1, Fault.BEFORE)
    with pytest.raises(StorageDown):
        dispatcher.dispatch(one, attempt=1)
    dispatcher.dispatch(one, attempt=2)
    assert collected.repeats == [False]


@pytest.mark.parametrize("same", [False, True])
def test_messages_at_the_same_time_give_one_row_each(
    hub: Hub, dispatcher: Dispatcher, collected: Collected, *, same: bool
) -> None:
    event = accepted(hub)
    bodies = [message(event)] * 4 if same else [message(event) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda body: dispatcher.dispatch(body, attempt=1), bodies))
    assert (state(hub, event), len(rows(hub))) == (EventState.DISPATCHED, 2)
    # All but one know that they may be repeats; of different announcements there is no other.
    assert collected.repeats.count(False) == 1
    assert same or collected.repeats == [False]


@pytest.mark.parametrize("body", [b"", b"hello", b'{"version": 2}'])
def test_a_message_of_somebody_else_is_refused_without_a_look_at_storage(
    dispatcher: Dispatcher, transport: JournalTransport, body: bytes
) -> None:
    with pytest.raises(UnrecognizedMessage):
        dispatcher.dispatch(body, attempt=1)
    assert transport.calls == []


def test_an_event_that_is_not_trimmed_asks_nobody(hub: Hub, dispatcher: Dispatcher, dataverse: FakeDataverse) -> None:
    dispatcher.dispatch(message(accepted(hub)), attempt=1)
    assert dataverse.journal == []


def test_a_trimmed_event_is_completed_and_dispatched(
    hub: Hub, dispatcher: Dispatcher, dataverse: FakeDataverse
) -> None:
    event = accepted(hub, trimmed=True)
    dataverse.add_connection(event.entity_id, OPPORTUNITY, SYSTEM_USER)
    dispatcher.dispatch(message(event), attempt=1)
    [shown] = listed(hub)
    assert (shown.state, state(hub, event)) == (EventState.DISPATCHED, EventState.DISPATCHED)
    assert shown.field_values == {
        "connectionid": event.entity_id,
        "createdby": None,
        "record1id": OPPORTUNITY[1],
        "record1id_logicalname": "opportunity",
        "record2id": SYSTEM_USER[1],
        "record2id_logicalname": "systemuser",
        "record2roleid": None,
    }


def test_a_trimmed_event_of_other_records_is_ignored_and_listed(
    hub: Hub, dispatcher: Dispatcher, dataverse: FakeDataverse
) -> None:
    event = accepted(hub, trimmed=True)
    dataverse.add_connection(event.entity_id, SYSTEM_USER, OPPORTUNITY)
    dispatcher.dispatch(message(event), attempt=1)
    assert [shown.state for shown in listed(hub)] == [state(hub, event)] == [EventState.IGNORED]


@pytest.mark.parametrize(("attempt", "seconds"), list(enumerate(DELAYS)))
def test_a_trimmed_event_that_is_not_readable_yet_is_announced_again_after_the_delay_of_the_list(
    hub: Hub, dispatcher: Dispatcher, transport: JournalTransport, attempt: int, seconds: int
) -> None:
    event = accepted(hub, trimmed=True)
    transport.forget()
    dispatcher.dispatch(message(event, attempt), attempt=1)
    assert transport.summary == ["GET events", "GET eventlog", "POST events/messages"]
    assert transport.calls[2].query["visibilitytimeout"] == [str(seconds)]
    # While it waits for its completion, the list does not show it.
    assert (state(hub, event), listed(hub)) == (EventState.RECEIVED, [])


def test_the_announcement_that_was_put_off_counts_its_attempts(
    hub: Hub, dataverse: FakeDataverse, connection_string: str
) -> None:
    event = accepted(hub, trimmed=True)
    one = new_announcement(event.id).put_off().put_off()
    dispatcher = Dispatcher(hub.events, completion(dataverse.url), Collected(), (0, 0, 0))
    dispatcher.dispatch(one.as_text().encode(), attempt=1)
    assert one.put_off() in announcements(connection_string)


def test_an_announcement_comes_when_its_delay_is_over(
    hub: Hub, dataverse: FakeDataverse, connection_string: str
) -> None:
    later = new_announcement(make_event().id)
    hub.events.publish(later, delay_seconds=1)
    assert announcements(connection_string) == []
    assert awaited_announcements(connection_string) == [later]


def test_a_trimmed_event_that_stays_unreadable_is_marked_and_listed(
    hub: Hub, dispatcher: Dispatcher, caplog: pytest.LogCaptureFixture
) -> None:
    event = accepted(hub, trimmed=True)
    dispatcher.dispatch(message(event, len(DELAYS)), attempt=1)
    assert [shown.state for shown in listed(hub)] == [state(hub, event)] == [EventState.UNREADABLE]
    [line] = lines_in(caplog.records, "event.incomplete")
    assert (line["event"], line["type"]) == (event.id, event.type)
    assert "unreadable" in line["detail"]


def test_without_delays_there_is_one_look(hub: Hub) -> None:
    event = accepted(hub, trimmed=True)
    Dispatcher(hub.events, completion(""), Collected(), ()).dispatch(message(event), attempt=1)
    assert state(hub, event) is EventState.UNREADABLE


@pytest.mark.parametrize("reply", [Reply(500), Reply(401), Reply(200, b"<html>"), Reply(200, b'{"a": 1}')])
def test_an_outage_of_dataverse_puts_a_trimmed_event_off(
    hub: Hub, dispatcher: Dispatcher, dataverse: FakeDataverse, transport: JournalTransport, reply: Reply
) -> None:
    event = accepted(hub, trimmed=True)
    dataverse.answer_always(reply)
    dispatcher.dispatch(message(event), attempt=1)
    assert transport.calls[-1].query["visibilitytimeout"] == [str(DELAYS[0])]
    assert state(hub, event) is EventState.RECEIVED


def test_after_the_outage_the_event_is_completed(hub: Hub, dispatcher: Dispatcher, dataverse: FakeDataverse) -> None:
    event = accepted(hub, trimmed=True)
    dataverse.add_connection(event.entity_id, OPPORTUNITY, SYSTEM_USER)
    dataverse.answer_next(Reply(500))
    dispatcher.dispatch(message(event), attempt=1)
    dispatcher.dispatch(message(event, 1), attempt=1)
    assert state(hub, event) is EventState.DISPATCHED


def test_a_trimmed_event_that_is_done_is_left_as_it_is_and_nobody_is_asked(
    hub: Hub, dispatcher: Dispatcher, dataverse: FakeDataverse
) -> None:
    event = accepted(hub, trimmed=True)
    dataverse.add_connection(event.entity_id, OPPORTUNITY, SYSTEM_USER)
    dispatcher.dispatch(message(event), attempt=1)
    before = rows(hub)
    dataverse.reset()
    dispatcher.dispatch(message(event, len(DELAYS)), attempt=1)
    assert (rows(hub), dataverse.journal) == (before, [])


def test_what_a_trimmed_event_was_completed_with_is_read_and_not_asked_for_again(
    hub: Hub, dispatcher: Dispatcher, dataverse: FakeDataverse, collected: Collected
) -> None:
    event = accepted(hub, trimmed=True)
    dataverse.add_connection(event.entity_id, OPPORTUNITY, SYSTEM_USER)
    one = message(event)
    # It dies after it asked.
    dispatcher.dispatch(one, attempt=1)
    dataverse.reset()
    dispatcher.dispatch(one, attempt=2)
    first, again = collected.events
    assert first == again
    assert first.field_values["record1id"] == OPPORTUNITY[1]
    assert (dataverse.journal, collected.repeats) == ([], [False, True])


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", range(1, 3))
def test_whatever_fails_dispatching_again_ends_the_same(
    hub: Hub, dispatcher: Dispatcher, transport: JournalTransport, number: int, fault: Fault
) -> None:
    dispatcher.dispatch(message(accepted(hub)), attempt=1)
    event = accepted(hub)
    one = message(event)
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        dispatcher.dispatch(one, attempt=1)
    dispatcher.dispatch(one, attempt=2)
    assert state(hub, event) is EventState.DISPATCHED
    assert [shown.id for shown in listed(hub)].count(event.id) == 1


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", range(1, 5))
def test_the_same_holds_while_the_log_is_made(
    hub: Hub, dispatcher: Dispatcher, transport: JournalTransport, number: int, fault: Fault
) -> None:
    event = accepted(hub)
    one = message(event)
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        dispatcher.dispatch(one, attempt=1)
    dispatcher.dispatch(one, attempt=2)
    assert (state(hub, event), len(listed(hub))) == (EventState.DISPATCHED, 1)


@pytest.mark.parametrize("fault", list(Fault))
def test_an_announcement_that_cannot_be_put_off_is_not_lost(
    hub: Hub, dispatcher: Dispatcher, transport: JournalTransport, fault: Fault
) -> None:
    event = accepted(hub, trimmed=True)
    transport.forget()
    transport.fail(2, fault)
    # The failure makes the host try the message again, so it is still there.
    with pytest.raises(StorageDown):
        dispatcher.dispatch(message(event), attempt=1)
    assert state(hub, event) is EventState.RECEIVED


def test_storage_that_cannot_be_read_is_an_outage_and_not_a_missing_event(
    hub: Hub, dispatcher: Dispatcher, transport: JournalTransport
) -> None:
    transport.fail(1, Fault.BEFORE)
    with pytest.raises(StorageDown):
        dispatcher.dispatch(message(make_event()), attempt=5)
    assert transport.summary == ["GET events"]


def test_events_that_were_announced_together_are_dispatched_one_by_one(
    hub: Hub, dispatcher: Dispatcher, connection_string: str
) -> None:
    events = [make_event(entity_id=str(uuid4())) for _ in range(3)]
    hub.events.append_all([NewEvent(event, lambda: PAYLOAD) for event in events])
    [together] = announcements(connection_string)
    dispatcher.dispatch(together.as_text().encode(), attempt=1)
    assert [state(hub, event) for event in events] == [
        EventState.DISPATCHED,
        *[EventState.RECEIVED] * 2,
    ]
    others = announcements(connection_string)[1:]
    assert sorted(one.event_id for one in others) == sorted(event.id for event in events[1:])
    # The message comes once more, as after a death: the events are announced again, and dispatched once.
    dispatcher.dispatch(together.as_text().encode(), attempt=2)
    for one in announcements(connection_string)[1:]:
        dispatcher.dispatch(one.as_text().encode(), attempt=1)
    assert [state(hub, event) for event in events] == [EventState.DISPATCHED] * 3
    assert len(listed(hub)) == 3


def test_an_event_that_may_go_on_without_its_row_is_delivered_in_the_end(hub: Hub, dispatcher: Dispatcher) -> None:
    event = make_event(type="account.updated", entity="account", entity_id=str(uuid4()), trimmed=True)
    hub.events.append(event, PAYLOAD)
    dispatcher.dispatch(Announcement(event_id=event.id, attempt=len(DELAYS)).as_text().encode(), attempt=1)
    assert state(hub, event) is EventState.DISPATCHED
