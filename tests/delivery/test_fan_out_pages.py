"""An event that very many webhooks want: its dispatch goes on where it stopped, whatever is killed in between."""

import json
import random
import threading
from base64 import b64decode
from collections import Counter
from dataclasses import replace
from itertools import batched
from typing import Any
from uuid import uuid4

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueClient

from shared.deadline import deadline, remaining_seconds
from shared.delivery.fan_out import MAX_WEBHOOKS_A_MESSAGE, DeliveryFanOut
from shared.delivery.message import parse_delivery_message
from shared.delivery.queues import DELIVERIES_QUEUE, DeliveryQueues
from shared.delivery.redrive import POISON_SUFFIX, redrive
from shared.errors import DataverseDown, StorageDown
from shared.events.announcement import EVENTS_QUEUE, Announcement, new_announcement, parse_announcement
from shared.events.asked import MAX_NAMED
from shared.events.dispatch import Completion, Dispatcher
from shared.events.event import Event, EventState
from shared.events.store import LogFilter
from shared.hub.hub import Hub
from shared.storage.keys import row_key
from shared.webhooks.registration import Registration
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE
from tests.fakes.receiver import Receiver
from tests.support.delivering import EVENT, delivering_hub, lasting_calls, new_event, register, waiting
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

    def given_up(self, event: Event) -> Event | None:
        return None


class Always:
    """Completes each trimmed event, as often as it is asked."""

    def complete(self, event: Event) -> Event | None:
        return replace(event, field_values={**event.field_values, "read": "back"})

    def given_up(self, event: Event) -> Event | None:
        return None


def paging(hub: Hub, completion: Completion | None = None) -> Dispatcher:
    receivers, queues = hub.receivers, DeliveryQueues(hub.storage)
    fan_out = DeliveryFanOut(receivers.webhooks, queues, receivers.worker.gate, max_webhooks=PAGE)
    return Dispatcher(hub.events, completion or Once(), fan_out, (60,))


class Failing(Dispatcher):
    """Dispatches, but three times of four dies at one of the calls that it makes."""

    def __init__(self, dispatcher: Dispatcher, transport: JournalTransport, chance: random.Random) -> None:
        self._dispatcher = dispatcher
        self._transport = transport
        self._chance = chance

    def dispatch(self, message: bytes, *, attempt: int) -> None:
        """Handle the message, or a part of it."""
        self._transport.forget()
        if self._chance.random() < 0.75:
            self._transport.fail(self._chance.randint(1, 4 + PAGE), self._chance.choice(list(Fault)))
        self._dispatcher.dispatch(message, attempt=attempt)


def webhooks(hub: Hub, receiver: Receiver, count: int) -> list[Registration]:
    made = [register(hub, receiver.url, Name=f"n{number}") for number in range(count)]
    receiver.journal.clear()
    return made


def accepted(hub: Hub, **changes: object) -> Event:
    event = replace(new_event(), **changes)  # type: ignore[arg-type]  # whatever the fields of an event are
    hub.events.append(event, PAYLOAD)
    return event


def announced(connection_string: str, event: Event) -> list[Announcement]:
    """The messages in the queue that announce this event."""
    found = (parse_announcement(text.encode()) for text in visible_texts(connection_string, EVENTS_QUEUE))
    return [one for one in found if one.event_id == event.id]


def body(announcement: Announcement) -> bytes:
    return announcement.as_text().encode()


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
        sent = ["POST deliveries/messages"] * here
        # The first page lists the event; one that is the last too lists it as dispatched, and there is nothing to add.
        begin = ["GET eventlog", "GET subscriptions"] if page else ["GET subscriptions", "POST eventlog"]
        end = ["PATCH eventlog"] if page else []
        assert lasting_calls(transport) == [
            "GET events",
            *begin,
            *sent,
            *(end if is_last else ["POST events/messages"]),
        ]
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
    calls = lasting_calls(transport)
    assert len(calls) == 3 * 4 + len(made) + trimmed
    host.run(hub)
    failures = 0
    for number, call in enumerate(calls, 1):
        if fault is Fault.AFTER and call.startswith("GET"):
            # A reading that fails afterwards is no other than one that fails before.
            continue
        receiver.journal.clear()
        event = accepted(hub, trimmed=trimmed)
        transport.forget()
        transport.fail(number, fault)
        host.run(hub, EVENTS_QUEUE)
        transport.forget()
        host.run(hub)
        failures += 1
        assert host.failures == failures
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
def test_a_page_that_comes_again_at_the_very_end_delivers_nothing_twice(
    hub: Hub, receiver: Receiver, connection_string: str, after: int, trimmed: bool
) -> None:
    made = webhooks(hub, receiver, 2 * PAGE + 1)
    event = accepted(hub, trimmed=trimmed)
    (first,) = announced(connection_string, event)
    dispatcher = paging(hub)
    host = QuietHost(connection_string, dispatcher)
    host.run(hub)
    dispatcher.dispatch(body(first.going_on(after=after and made[1].id, repeat=False)), attempt=2)
    assert all(one.repeat for one in waiting(connection_string))
    host.run(hub)
    assert len(receiver.journal) == len(made)
    assert state(hub, event) is EventState.DISPATCHED


@pytest.mark.parametrize(("dequeued", "repeat"), [(1, False), (2, True)])
def test_a_page_that_goes_on_knows_whether_it_comes_again_and_tells_the_pages_after_it(
    hub: Hub, receiver: Receiver, connection_string: str, dequeued: int, *, repeat: bool
) -> None:
    made = webhooks(hub, receiver, 3 * PAGE)
    event = accepted(hub)
    (first,) = announced(connection_string, event)
    dispatcher = paging(hub)
    dispatcher.dispatch(body(first), attempt=1)
    (_, second) = announced(connection_string, event)
    assert second == first.going_on(after=made[PAGE - 1].id, repeat=False)
    dispatcher.dispatch(body(second), attempt=dequeued)
    (_, _, third) = announced(connection_string, event)
    assert third == first.going_on(after=made[2 * PAGE - 1].id, repeat=repeat)
    dispatcher.dispatch(body(third), attempt=1)
    assert [one.repeat for one in waiting(connection_string)] == [False] * PAGE + [repeat] * 2 * PAGE


def test_a_page_of_another_announcement_than_the_one_that_dispatches_the_event_ends(
    hub: Hub, receiver: Receiver, connection_string: str, transport: JournalTransport
) -> None:
    made = webhooks(hub, receiver, 2 * PAGE + 1)
    event = accepted(hub)
    (first,) = announced(connection_string, event)
    dispatcher = paging(hub)
    dispatcher.dispatch(body(first), attempt=1)
    transport.forget()
    other = new_announcement(event.id).going_on(after=made[0].id, repeat=False)
    dispatcher.dispatch(body(other), attempt=1)
    assert transport.summary == ["GET events", "GET eventlog"]
    assert asked(connection_string) == [one.id for one in made[:PAGE]]


def test_a_page_whose_row_is_gone_goes_on_where_it_was(hub: Hub, receiver: Receiver, connection_string: str) -> None:
    made = webhooks(hub, receiver, PAGE + 1)
    event = accepted(hub)
    (first,) = announced(connection_string, event)
    paging(hub).dispatch(body(first.going_on(after=made[PAGE - 1].id, repeat=False)), attempt=1)
    assert (asked(connection_string), state(hub, event)) == ([made[-1].id], EventState.DISPATCHED)


def test_where_time_is_short_a_message_ends_early_and_the_next_one_goes_on_behind_it(
    hub: Hub, receiver: Receiver, connection_string: str
) -> None:
    made = webhooks(hub, receiver, 4)
    event = accepted(hub)
    (page,) = announced(connection_string, event)
    for number in range(len(made)):
        # Of the time that a message has so little is left that all it may do is make way.
        with deadline(20):
            hub.receivers.dispatcher.dispatch(body(page), attempt=1)
        assert asked(connection_string) == [one.id for one in made[: number + 1]]
        page = announced(connection_string, event)[-1]
    assert state(hub, event) is EventState.DISPATCHED


def test_a_host_that_is_killed_again_and_again_asks_every_webhook_in_the_end(connection_string: str) -> None:
    """At any call, message after message, until some strand in the poison queue and are put back."""
    chance = random.Random(16)  # noqa: S311 - which call fails
    with JournalTransport() as transport:
        hub = delivering_hub(connection_string, transport)
        count = 8 * PAGE + 1
        subscribe_in_table(connection_string, hub, count)
        event = accepted(hub)
        stranded = 0
        while state(hub, event) is not EventState.DISPATCHED:
            host = QuietHost(connection_string, Failing(paging(hub), transport, chance))
            host.run(hub, EVENTS_QUEUE)
            transport.forget()
            stranded += len(host.poison)
            for text in host.poison:
                hub.storage.queue(EVENTS_QUEUE + POISON_SUFFIX).send(b64decode(text).decode())
            list(redrive(hub.storage, dry_run=False))
    assert stranded > 0
    assert set(drained(connection_string)) == set(range(1, count + 1))


def subscribe_in_table(connection_string: str, hub: Hub, last: int, *, first: int = 1) -> None:
    """Subscriptions of webhooks with these ids, as a create writes them; dispatch does not read registrations."""
    hub.receivers.webhooks.subscribed_to(EVENT)
    with TableServiceClient.from_connection_string(connection_string) as service:
        table = service.create_table_if_not_exists(SUBSCRIPTIONS_TABLE)
        rows = ({"PartitionKey": EVENT, "RowKey": row_key(number), "Revision": 1} for number in range(first, last + 1))
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
        count = 3 * MAX_WEBHOOKS_A_MESSAGE + 13
        subscribe_in_table(connection_string, hub, 1)
        accepted(hub)
        QuietHost(connection_string).run(hub, EVENTS_QUEUE)  # which makes the tables and queues
        drained(connection_string)
        subscribe_in_table(connection_string, hub, count, first=2)
        event = replace(new_event(), entity_id=str(uuid4()))
        hub.events.append(event, PAYLOAD)
        costs = []
        with QueueClient.from_connection_string(connection_string, EVENTS_QUEUE) as queue:
            while one := queue.receive_message(visibility_timeout=600):
                transport.forget()
                hub.receivers.dispatcher.dispatch(b64decode(one.content), attempt=1)
                costs.append(len(lasting_calls(transport)))
                queue.delete_message(one)
        assert state(hub, event) is EventState.DISPATCHED
        # Read the event, (later) the row, and the subscriptions; list it or go on, or note that all were asked.
        assert costs == [4 + MAX_WEBHOOKS_A_MESSAGE] * 3 + [4 + 13]
    assert drained(connection_string) == Counter(range(1, count + 1))


class Noting(JournalTransport):
    """Notes which threads ask for deliveries."""

    def __init__(self) -> None:
        super().__init__()
        self.threads = set[int]()
        self.deadlines = set[bool]()

    def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as in the class it stands for
        """Note the thread, and whether it knows the message's deadline."""
        if "/deliveries/messages" in request.url:
            self.threads.add(threading.get_ident())
            self.deadlines.add(remaining_seconds(at_most=1000) < 1000)
        return super().send(request, **kwargs)


@pytest.mark.parametrize(("count", "is_alone"), [(8, True), (9, False), (40, False)])
def test_many_webhooks_are_asked_side_by_side_within_the_messages_deadline(
    connection_string: str, count: int, *, is_alone: bool
) -> None:
    with Noting() as transport:
        hub = delivering_hub(connection_string, transport)
        subscribe_in_table(connection_string, hub, count)
        event = accepted(hub)
        with deadline(100):
            hub.receivers.dispatcher.dispatch(body(new_announcement(event.id)), attempt=1)
        assert (transport.threads == {threading.get_ident()}) is is_alone
        assert transport.deadlines == {True}
    assert drained(connection_string) == Counter(range(1, count + 1))


@pytest.mark.parametrize("fault", Fault)
def test_a_send_that_fails_beside_others_fails_the_page_which_is_done_again(
    connection_string: str, transport: JournalTransport, fault: Fault
) -> None:
    hub = delivering_hub(connection_string, transport)
    subscribe_in_table(connection_string, hub, 20)
    event = accepted(hub)
    one = new_announcement(event.id)
    transport.forget()
    transport.fail(12, fault)
    with pytest.raises(StorageDown):
        hub.receivers.dispatcher.dispatch(body(one), attempt=1)
    hub.receivers.dispatcher.dispatch(body(one), attempt=2)
    assert state(hub, event) is EventState.DISPATCHED
    assert set(drained(connection_string)) == set(range(1, 21))


@pytest.mark.parametrize("count", [0, 1, 3 * PAGE, MAX_NAMED, MAX_NAMED + 1])
def test_the_row_in_the_list_names_all_webhooks_from_the_beginning(
    hub: Hub, connection_string: str, transport: JournalTransport, count: int
) -> None:
    subscribe_in_table(connection_string, hub, count)
    event = accepted(hub)
    transport.forget()
    paging(hub).dispatch(body(new_announcement(event.id)), attempt=1)
    assert transport.summary.count("GET subscriptions") == 1
    assert hub.events.listed_event(event).asked == (tuple(range(1, count + 1)) if count <= MAX_NAMED else None)


def test_webhooks_that_subscribe_between_two_pages_are_named_too(
    hub: Hub, connection_string: str, transport: JournalTransport
) -> None:
    subscribe_in_table(connection_string, hub, 2 * PAGE)
    event = accepted(hub)
    dispatcher = paging(hub)
    dispatcher.dispatch(body(announced(connection_string, event)[0]), attempt=1)
    subscribe_in_table(connection_string, hub, 2 * PAGE + 1, first=2 * PAGE + 1)
    transport.forget()
    while state(hub, event) is not EventState.DISPATCHED:
        dispatcher.dispatch(body(announced(connection_string, event)[-1]), attempt=1)
    assert asked(connection_string) == [*range(1, 2 * PAGE + 2)]
    assert hub.events.listed_event(event).asked == tuple(range(1, 2 * PAGE + 2))
    # Once for whom it names, and once for its state.
    assert transport.summary.count("PATCH eventlog") == 2


def test_a_dispatch_that_begins_anew_names_those_who_subscribed_meanwhile(
    hub: Hub, connection_string: str, transport: JournalTransport
) -> None:
    subscribe_in_table(connection_string, hub, 1)
    event = accepted(hub)
    (first,) = announced(connection_string, event)
    dispatcher = paging(hub)
    dispatcher.dispatch(body(first), attempt=1)
    subscribe_in_table(connection_string, hub, 2, first=2)
    dispatcher.dispatch(body(first), attempt=2)
    assert hub.events.listed_event(event).asked == (1, 2)


def test_where_the_row_is_gone_any_webhook_may_have_been_asked(
    hub: Hub, receiver: Receiver, connection_string: str
) -> None:
    made = webhooks(hub, receiver, PAGE + 1)
    event = accepted(hub)
    (first,) = announced(connection_string, event)
    paging(hub).dispatch(body(first.going_on(after=made[PAGE - 1].id, repeat=False)), attempt=1)
    assert hub.events.listed_event(event).asked is None
