import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from shared.dynamics.completion import ConnectionCompletion
from shared.dynamics.dataverse import DataverseClient
from shared.errors import DataverseDown, StorageDown
from shared.events.announcement import Announcement, UnrecognizedMessage
from shared.events.dispatch import LAST_ATTEMPT, Dispatcher, EventMissing
from shared.events.event import Event, EventState
from shared.events.rows import EVENTLOG_TABLE, EVENTS_TABLE
from shared.events.store import LogFilter
from shared.hub.hub import Hub
from shared.settings import Settings
from shared.storage.query import Query
from shared.web_api import WebApi
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.server import Reply
from tests.support.events import PAYLOAD, make_event
from tests.support.queues import announcements, awaited_announcements
from tests.support.stepping import InterruptedTransport
from tests.support.transport import Fault, JournalTransport

HOST = json.loads((Path(__file__).parents[2] / "host.json").read_text(encoding="utf-8"))["extensions"]["queues"]
OPPORTUNITY = ("opportunity", str(uuid4()))
SYSTEM_USER = ("systemuser", str(uuid4()))
DELAYS = (7, 60)


class Collected:
    """Takes what is to be delivered."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def send(self, event: Event, *, after: int) -> None:
        self.events.append(event)


def message(event: Event, attempt: int = 0) -> bytes:
    return Announcement(event_id=event.id, attempt=attempt).as_text().encode()


def state(hub: Hub, event: Event) -> EventState | None:
    stored = hub.events.get(event.id)
    return (hub.events.dispatched(event) or stored).state if stored else None


def listed(hub: Hub) -> list[Event]:
    return [event for _, event in hub.events.log(LogFilter(), page_size=100)]


def rows(hub: Hub) -> list[Mapping[str, object]]:
    tables = (hub.storage.table(name) for name in (EVENTS_TABLE, EVENTLOG_TABLE))
    return [dict(row) for table in tables for row in table.query(Query())]


def accepted(hub: Hub, *, trimmed: bool = False) -> Event:
    event = make_event(entity_id=str(uuid4()), trimmed=trimmed)
    hub.events.append(event, PAYLOAD)
    return event


def completion(dataverse_url: str) -> ConnectionCompletion:
    return ConnectionCompletion(DataverseClient(WebApi("Dataverse", dataverse_url, lambda: "token", DataverseDown)))


@pytest.fixture
def dispatcher(hub: Hub, dataverse: FakeDataverse) -> Dispatcher:
    """One that asks the fake Dataverse, and puts off by 7 and then by 60 seconds."""
    return Dispatcher(hub.events, completion(dataverse.url), Collected(), DELAYS)


def test_a_received_event_is_dispatched_and_listed(hub: Hub, dispatcher: Dispatcher) -> None:
    event = accepted(hub)
    dispatcher.dispatch(message(event), attempt=1)
    assert state(hub, event) is EventState.DISPATCHED
    assert listed(hub) == [make_event(id=event.id, entity_id=event.entity_id, state=EventState.DISPATCHED)]


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
    dispatcher.dispatch(message(event), attempt=1)
    assert transport.summary == ["GET events", "PUT eventlog"]


def test_dispatching_again_changes_nothing(hub: Hub, dispatcher: Dispatcher) -> None:
    event = accepted(hub)
    dispatcher.dispatch(message(event), attempt=1)
    before = rows(hub)
    dispatcher.dispatch(message(event), attempt=2)
    assert rows(hub) == before


def test_a_message_doubled_at_the_same_time_gives_one_row_each(hub: Hub, dispatcher: Dispatcher) -> None:
    event = accepted(hub)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: dispatcher.dispatch(message(event), attempt=1), range(4)))
    assert (state(hub, event), len(rows(hub))) == (EventState.DISPATCHED, 2)


@pytest.mark.parametrize("attempt", range(1, LAST_ATTEMPT))
def test_an_event_that_is_not_stored_yet_is_left_to_the_next_attempt(
    hub: Hub, dispatcher: Dispatcher, attempt: int
) -> None:
    with pytest.raises(EventMissing):
        dispatcher.dispatch(message(make_event()), attempt=attempt)
    assert listed(hub) == []


@pytest.mark.parametrize("attempt", [LAST_ATTEMPT, LAST_ATTEMPT + 1])
def test_an_event_that_was_never_stored_is_dropped_in_the_end_and_the_log_says_so(
    hub: Hub, dispatcher: Dispatcher, caplog: pytest.LogCaptureFixture, attempt: int
) -> None:
    event = make_event()
    dispatcher.dispatch(message(event), attempt=attempt)
    assert f"dropped the announcement of event {event.id}" in caplog.text
    assert listed(hub) == []


def test_the_attempts_outlive_every_request() -> None:
    hours, minutes, seconds = map(int, HOST["visibilityTimeout"].split(":"))
    assert HOST["maxDequeueCount"] == LAST_ATTEMPT
    # The announcement is dropped when the last attempt begins, so the attempts before it are what counts.
    assert (hours * 3600 + minutes * 60 + seconds) * (LAST_ATTEMPT - 1) > 25


def test_an_announcement_that_overtakes_its_event_finds_it_in_the_first_attempt(
    hub: Hub, connection_string: str
) -> None:
    event = make_event()
    with InterruptedTransport() as transport:
        other = Hub.assemble(Settings.read({"AzureWebJobsStorage": connection_string}), transport=transport)

        def looks_again(method: str, url: str) -> bool:
            return (method, "GET events" in transport.summary) == ("GET", True)

        transport.interrupt(looks_again, lambda: hub.events.append(event, PAYLOAD))
        other.receivers.dispatcher.dispatch(message(event), attempt=1)
        assert transport.summary.count("GET events") > 1
    assert state(hub, event) is EventState.DISPATCHED


def test_a_later_attempt_does_not_wait_for_the_event(dispatcher: Dispatcher, transport: JournalTransport) -> None:
    transport.forget()
    with pytest.raises(EventMissing):
        dispatcher.dispatch(message(make_event()), attempt=2)
    assert transport.summary == ["GET events"]


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
        "organizationid": event.source.removeprefix("dynamics/"),
        "initiatinguserid": event.initiator,
        "record1id": OPPORTUNITY[1],
        "record1id_logicalname": "opportunity",
        "record2id": SYSTEM_USER[1],
        "record2id_logicalname": "systemuser",
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
    assert (state(hub, event), listed(hub)) == (EventState.RECEIVED, [])


def test_the_announcement_that_was_put_off_counts_its_attempts(
    hub: Hub, dataverse: FakeDataverse, connection_string: str
) -> None:
    event = accepted(hub, trimmed=True)
    Dispatcher(hub.events, completion(dataverse.url), Collected(), (0, 0, 0)).dispatch(message(event, 2), attempt=1)
    assert Announcement(event_id=event.id, attempt=3) in announcements(connection_string)


def test_an_announcement_comes_when_its_delay_is_over(
    hub: Hub, dataverse: FakeDataverse, connection_string: str
) -> None:
    later = Announcement(event_id=make_event().id)
    hub.events.publish(later, delay_seconds=1)
    assert announcements(connection_string) == []
    assert awaited_announcements(connection_string) == [later]


def test_a_trimmed_event_that_stays_unreadable_is_marked_and_listed(
    hub: Hub, dispatcher: Dispatcher, caplog: pytest.LogCaptureFixture
) -> None:
    event = accepted(hub, trimmed=True)
    dispatcher.dispatch(message(event, len(DELAYS)), attempt=1)
    assert [shown.state for shown in listed(hub)] == [state(hub, event)] == [EventState.UNREADABLE]
    assert f"event {event.id} is unreadable" in caplog.text


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


def test_a_doubled_announcement_of_an_event_that_is_done_changes_nothing(
    hub: Hub, dispatcher: Dispatcher, dataverse: FakeDataverse
) -> None:
    event = accepted(hub, trimmed=True)
    dataverse.add_connection(event.entity_id, OPPORTUNITY, SYSTEM_USER)
    dispatcher.dispatch(message(event), attempt=1)
    before = rows(hub)
    dataverse.reset()
    dispatcher.dispatch(message(event, len(DELAYS)), attempt=1)
    assert rows(hub) == before


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", [1, 2])
def test_whatever_fails_dispatching_again_ends_the_same(
    hub: Hub, dispatcher: Dispatcher, transport: JournalTransport, number: int, fault: Fault
) -> None:
    dispatcher.dispatch(message(accepted(hub)), attempt=1)
    event = accepted(hub)
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        dispatcher.dispatch(message(event), attempt=1)
    dispatcher.dispatch(message(event), attempt=2)
    assert state(hub, event) is EventState.DISPATCHED
    assert [shown.id for shown in listed(hub)].count(event.id) == 1


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", range(1, 5))
def test_the_same_holds_while_the_log_is_made(
    hub: Hub, dispatcher: Dispatcher, transport: JournalTransport, number: int, fault: Fault
) -> None:
    event = accepted(hub)
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        dispatcher.dispatch(message(event), attempt=1)
    dispatcher.dispatch(message(event), attempt=2)
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
        dispatcher.dispatch(message(make_event()), attempt=LAST_ATTEMPT)


def test_an_event_is_marked_only_after_it_is_listed(
    hub: Hub, dispatcher: Dispatcher, transport: JournalTransport
) -> None:
    event = accepted(hub)
    transport.forget()
    transport.fail(2, Fault.BEFORE)
    with pytest.raises(StorageDown):
        dispatcher.dispatch(message(event), attempt=1)
    assert state(hub, event) is EventState.RECEIVED
