"""An event that very many webhooks want: its dispatch goes on where it stopped, whatever is killed in between."""

import json
from base64 import b64decode
from collections import Counter
from dataclasses import replace
from itertools import batched
from uuid import uuid4

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueClient

from shared.deadline import deadline
from shared.delivery.message import parse_delivery_message
from shared.delivery.queues import DELIVERIES_QUEUE, MAX_WEBHOOKS_A_MESSAGE, DeliveryFanOut, DeliveryQueues
from shared.errors import DataverseDown
from shared.events.announcement import EVENTS_QUEUE, Announcement, parse_announcement
from shared.events.dispatch import Completion, Dispatcher
from shared.events.event import Event, EventState
from shared.events.store import LogFilter
from shared.hub.hub import Hub
from shared.storage.keys import row_key
from shared.webhooks.registration import Registration
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE
from tests.fakes.receiver import Receiver
from tests.support.delivering import EVENT, delivering_hub, new_event, register, waiting
from tests.support.events import PAYLOAD
from tests.support.host import QuietHost
from tests.support.queues import visible_texts
from tests.support.transport import Fault, JournalTransport

PAGE = 2


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


class Once:
    """Completes each trimmed event once, and is out of reach ever after."""

    def __init__(self) -> None:
        self.completed = 0

    def complete(self, event: Event) -> Event | None:
        self.completed += 1
        if self.completed > 1:
            raise DataverseDown("it was there once")
        return replace(event, field_values={**event.field_values, "read": "back"})


class Always:
    """Completes each trimmed event, as often as it is asked."""

    def complete(self, event: Event) -> Event | None:
        return replace(event, field_values={**event.field_values, "read": "back"})


def paging(hub: Hub, completion: Completion | None = None) -> Dispatcher:
    fan_out = DeliveryFanOut(hub.receivers.webhooks, DeliveryQueues(hub.storage), max_webhooks=PAGE)
    return Dispatcher(hub.events, completion or Once(), fan_out, (60,))


def webhooks(hub: Hub, receiver: Receiver, count: int) -> list[Registration]:
    made = [register(hub, receiver.url, Name=f"n{number}") for number in range(count)]
    receiver.journal.clear()
    return made


def accepted(hub: Hub, **changes: object) -> Event:
    event = replace(new_event(), **changes)  # type: ignore[arg-type]  # whatever the fields of an event are
    hub.events.append(event, PAYLOAD)
    return event


def message(event: Event, after: int = 0) -> bytes:
    return Announcement(event_id=event.id, after=after).as_text().encode()


def asked(connection_string: str) -> list[int]:
    return sorted(one.webhook_id for one in waiting(connection_string))


def state(hub: Hub, event: Event) -> EventState | None:
    finished = hub.events.dispatched(event)
    return None if finished is None else finished.state


@pytest.mark.parametrize("count", range(3 * PAGE + 2))
def test_each_webhook_is_asked_for_once_in_as_many_messages_as_there_are_pages(
    hub: Hub, receiver: Receiver, connection_string: str, transport: JournalTransport, count: int
) -> None:
    made = webhooks(hub, receiver, count)
    dispatcher = paging(hub)
    host = QuietHost(connection_string, dispatcher)
    accepted(hub)
    host.run(hub)
    receiver.journal.clear()
    event = accepted(hub)
    transport.forget()
    pages = max(1, -(-count // PAGE))
    for page in range(pages):
        (text,) = [text for text in visible_texts(connection_string, EVENTS_QUEUE) if event.id in text][-1:]
        assert state(hub, event) is (EventState.RECEIVED if page else None)
        transport.forget()
        dispatcher.dispatch(text.encode(), attempt=1)
        is_last = page == pages - 1
        here = count - page * PAGE if is_last else PAGE
        begins = ["POST eventlog"] if page == 0 and not is_last else []
        end = ["PUT eventlog"] if is_last else [*begins, "POST events/messages"]
        assert transport.summary == ["GET events", "GET subscriptions", *["POST deliveries/messages"] * here, *end]
        if is_last:
            break
        assert parse_announcement(text.encode()).after == (made[page * PAGE - 1].id if page else 0)
    assert state(hub, event) is EventState.DISPATCHED
    assert asked(connection_string) == [one.id for one in made]


def test_what_waits_in_the_queue_is_handled_by_a_host_until_all_are_delivered(
    hub: Hub, receiver: Receiver, connection_string: str
) -> None:
    made = webhooks(hub, receiver, 2 * PAGE + 1)
    event = accepted(hub)
    host = QuietHost(connection_string, paging(hub))
    host.run(hub)
    assert [visit.headers["x-superoffice-eventid"] for visit in receiver.journal] == [event.id] * len(made)
    assert (host.failures, host.poison, state(hub, event)) == (0, [], EventState.DISPATCHED)
    assert [shown.id for _, shown in hub.events.log(LogFilter(), page_size=10)] == [event.id]


@pytest.mark.parametrize("trimmed", [False, True])
@pytest.mark.parametrize("fault", Fault)
def test_whatever_call_a_dispatch_dies_at_every_webhook_gets_the_event_once(
    hub: Hub, receiver: Receiver, transport: JournalTransport, connection_string: str, fault: Fault, trimmed: bool
) -> None:
    made = webhooks(hub, receiver, 2 * PAGE + 1)
    host = QuietHost(connection_string, paging(hub, Always()))
    accepted(hub)
    host.run(hub)  # which makes the tables and queues
    accepted(hub, trimmed=trimmed)
    transport.forget()
    host.run(hub, EVENTS_QUEUE)
    calls = len(transport.calls)
    assert calls == 3 * (2 + trimmed) + len(made) + len(["begin", "go on", "go on", "finish"])
    host.run(hub)
    for number in range(1, calls + 1):
        receiver.journal.clear()
        event = accepted(hub, trimmed=trimmed)
        transport.forget()
        transport.fail(number, fault)
        host.run(hub, EVENTS_QUEUE)
        transport.forget()
        host.run(hub)
        assert host.failures == number
        told = [json.loads(visit.body) for visit in receiver.journal]
        assert {one["EventId"] for one in told} == {event.id}
        assert sorted(one["WebhookName"] for one in told) == [one.webhook.name for one in made], number
        assert state(hub, event) is EventState.DISPATCHED
    assert host.poison == []


def test_a_trimmed_event_is_completed_once_and_each_page_tells_what_was_read_back(
    hub: Hub, receiver: Receiver, connection_string: str
) -> None:
    made = webhooks(hub, receiver, 2 * PAGE + 1)
    completion = Once()
    event = accepted(hub, trimmed=True)
    QuietHost(connection_string, paging(hub, completion)).run(hub)
    assert completion.completed == 1
    assert [json.loads(visit.body)["FieldValues"]["read"] for visit in receiver.journal] == ["back"] * len(made)
    finished = hub.events.dispatched(event)
    assert finished is not None
    assert (finished.state, finished.field_values["read"]) == (EventState.DISPATCHED, "back")


@pytest.mark.parametrize("trimmed", [False, True])
@pytest.mark.parametrize("after", [0, 1])
def test_a_page_that_is_dispatched_again_at_the_very_end_delivers_and_changes_nothing(
    hub: Hub, receiver: Receiver, connection_string: str, after: int, trimmed: bool
) -> None:
    made = webhooks(hub, receiver, 2 * PAGE + 1)
    event = accepted(hub, trimmed=trimmed)
    dispatcher = paging(hub)
    host = QuietHost(connection_string, dispatcher)
    host.run(hub)
    dispatcher.dispatch(message(event, made[1].id if after else 0), attempt=2)
    assert state(hub, event) is EventState.DISPATCHED
    host.run(hub)
    assert len(receiver.journal) == len(made)
    assert state(hub, event) is EventState.DISPATCHED


def test_an_announcement_of_the_previous_version_is_dispatched_in_pages_too(
    hub: Hub, receiver: Receiver, connection_string: str
) -> None:
    made = webhooks(hub, receiver, PAGE + 1)
    event = accepted(hub)
    text = json.dumps({"version": 1, "event_id": event.id, "attempt": 0}).encode()
    dispatcher = paging(hub)
    dispatcher.dispatch(text, attempt=1)
    assert asked(connection_string) == [one.id for one in made[:PAGE]]
    (last,) = {parse_announcement(one.encode()).after for one in visible_texts(connection_string, EVENTS_QUEUE)} - {0}
    assert last == made[PAGE - 1].id


def test_where_time_is_short_a_message_ends_early_and_the_next_one_goes_on_behind_it(
    hub: Hub, receiver: Receiver, connection_string: str
) -> None:
    made = webhooks(hub, receiver, 4)
    event = accepted(hub)
    after = 0
    for number in range(len(made)):
        # Of the time that a message has so little is left that all it may do is make way.
        with deadline(20):
            hub.receivers.dispatcher.dispatch(message(event, after), attempt=1)
        assert asked(connection_string) == [one.id for one in made[: number + 1]]
        after = made[number].id
    assert state(hub, event) is EventState.DISPATCHED


def subscribe_in_table(connection_string: str, hub: Hub, count: int) -> None:
    """So many subscriptions, as a create writes them, without the registrations that the dispatch does not read."""
    hub.receivers.webhooks.subscribed_to(EVENT)
    with TableServiceClient.from_connection_string(connection_string) as service:
        table = service.create_table_if_not_exists(SUBSCRIPTIONS_TABLE)
        rows = ({"PartitionKey": EVENT, "RowKey": row_key(number), "Revision": 1} for number in range(1, count + 1))
        for batch in batched(rows, 100, strict=False):
            table.submit_transaction([("create", row) for row in batch])


def drained(connection_string: str) -> Counter[int]:
    """Webhooks that are asked for, each with how often; the queue is emptied."""
    found = Counter[int]()
    with QueueClient.from_connection_string(connection_string, DELIVERIES_QUEUE) as queue:
        for one in queue.receive_messages(messages_per_page=32, visibility_timeout=600):
            found[parse_delivery_message(b64decode(one.content)).webhook_id] += 1
    return found


def test_an_event_for_thousands_reaches_each_of_them_in_messages_of_a_few_hundred(connection_string: str) -> None:
    with JournalTransport() as transport:
        hub = delivering_hub(connection_string, transport)
        count = 7 * MAX_WEBHOOKS_A_MESSAGE + 13
        subscribe_in_table(connection_string, hub, count)
        event = replace(new_event(), entity_id=str(uuid4()))
        hub.events.append(event, PAYLOAD)
        dispatches = 0
        with QueueClient.from_connection_string(connection_string, EVENTS_QUEUE) as queue:
            while one := queue.receive_message(visibility_timeout=600):
                transport.forget()
                hub.receivers.dispatcher.dispatch(b64decode(one.content), attempt=1)
                dispatches += 1
                # One read of the event, one page of subscriptions, two writes at most, tables and queues made once.
                assert len(transport.calls) <= MAX_WEBHOOKS_A_MESSAGE + 10
                queue.delete_message(one)
        assert (dispatches, state(hub, event)) == (8, EventState.DISPATCHED)
    assert drained(connection_string) == Counter(range(1, count + 1))
