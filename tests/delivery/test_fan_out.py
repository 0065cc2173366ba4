"""From an event to its deliveries: a message for each webhook that may want it, done twice or not to its end."""

from dataclasses import replace

import pytest

from shared.events.announcement import Announcement, new_announcement
from shared.events.event import Event, EventState
from shared.hub.hub import Hub
from shared.webhooks.registration import Registration
from tests.fakes.receiver import Receiver
from tests.support.delivering import EVENT, delivering_hub, lasting_calls, new_event, register, save, waiting
from tests.support.events import PAYLOAD
from tests.support.host import QuietHost
from tests.support.transport import Fault, JournalTransport


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


@pytest.fixture
def webhooks(hub: Hub, receiver: Receiver) -> list[Registration]:
    """Three webhooks that want EVENT, and one that wants something else; nobody was visited yet."""
    wanting = [register(hub, receiver.url) for _ in range(3)]
    register(hub, receiver.url, Events=["other.changed", f"{EVENT}.more"])
    receiver.journal.clear()
    return wanting


def accepted(hub: Hub, event: Event | None = None) -> Event:
    stored = event or new_event()
    hub.events.append(stored, PAYLOAD)
    return stored


def dispatch(hub: Hub, event: Event, announcement: Announcement | None = None) -> None:
    sent = announcement or new_announcement(event.id)
    hub.receivers.dispatcher.dispatch(sent.as_text().encode(), attempt=1)


def asked(connection_string: str) -> list[int]:
    return sorted(message.webhook_id for message in waiting(connection_string))


def test_each_webhook_that_subscribed_is_asked_for_once(
    hub: Hub, webhooks: list[Registration], connection_string: str
) -> None:
    event = accepted(hub)
    dispatch(hub, event)
    messages = waiting(connection_string)
    assert {message.event_id for message in messages} == {event.id}
    assert asked(connection_string) == [webhook.id for webhook in webhooks]
    assert all((message.attempt, message.cycle, message.event) == (0, 0, event) for message in messages)
    assert not any(message.repeat for message in messages)


@pytest.mark.parametrize("matching", [0, 1, 3])
def test_a_dispatch_costs_three_transactions_and_one_a_webhook_and_the_list_once_a_second(
    hub: Hub, receiver: Receiver, transport: JournalTransport, matching: int
) -> None:
    for number in range(4):
        register(hub, receiver.url, Events=[EVENT if number < matching else "other.changed"])
    dispatch(hub, accepted(hub))  # which makes the tables and queues
    event = accepted(hub)
    transport.forget()
    dispatch(hub, event)
    sent = ["POST deliveries/messages"] * matching
    expected = ["GET events", "GET subscriptions", "POST eventlog", *sent]
    assert lasting_calls(transport) == expected


def test_a_stopped_webhook_is_asked_for_too_so_that_the_event_is_held(
    hub: Hub, webhooks: list[Registration], connection_string: str
) -> None:
    save(hub, webhooks[0].id, State="Stopped")
    dispatch(hub, accepted(hub))
    assert asked(connection_string) == [webhook.id for webhook in webhooks]


def test_who_was_removed_is_not_asked_for(hub: Hub, webhooks: list[Registration], connection_string: str) -> None:
    stored = hub.receivers.webhooks.get(webhooks[0].id)
    assert stored is not None
    hub.receivers.webhooks.delete(stored)
    dispatch(hub, accepted(hub))
    assert asked(connection_string) == [webhook.id for webhook in webhooks[1:]]


def test_an_event_that_is_announced_twice_is_asked_for_once(
    hub: Hub, webhooks: list[Registration], connection_string: str
) -> None:
    event = accepted(hub)
    for _ in range(2):
        dispatch(hub, event)
    assert asked(connection_string) == [webhook.id for webhook in webhooks]


def test_who_subscribed_since_gets_no_event_that_is_posted_again(
    hub: Hub, webhooks: list[Registration], receiver: Receiver, connection_string: str
) -> None:
    event = accepted(hub)
    one = new_announcement(event.id)
    dispatch(hub, event, one)
    register(hub, receiver.url)
    for announcement in (new_announcement(event.id), Announcement(event_id=event.id)):
        dispatch(hub, event, announcement)
    assert asked(connection_string) == [webhook.id for webhook in webhooks]


def test_an_announcement_that_comes_again_marks_what_it_asks_for_and_delivers_once(
    hub: Hub,
    webhooks: list[Registration],
    receiver: Receiver,
    transport: JournalTransport,
    connection_string: str,
) -> None:
    dispatch(hub, accepted(hub))  # which makes the tables and queues
    QuietHost(connection_string).run(hub)
    receiver.journal.clear()
    event = accepted(hub)
    one = new_announcement(event.id)
    dispatch(hub, event, one)
    dispatch(hub, event, one)
    marks = [(message.webhook_id, message.repeat) for message in waiting(connection_string)]
    assert sorted(marks) == sorted((webhook.id, mark) for webhook in webhooks for mark in (False, True))
    QuietHost(connection_string).run(hub)
    assert [visit.headers["x-superoffice-eventid"] for visit in receiver.journal] == [event.id] * len(webhooks)


def test_an_announcement_of_the_previous_version_marks_what_it_asks_for(
    hub: Hub, webhooks: list[Registration], connection_string: str
) -> None:
    # That version asks first and lists the event then, so this may be the rest of a dispatch that it began.
    event = accepted(hub)
    dispatch(hub, event, Announcement(event_id=event.id))
    marks = {message.webhook_id: message.repeat for message in waiting(connection_string)}
    assert marks == {webhook.id: True for webhook in webhooks}


@pytest.mark.parametrize("fault", Fault)
def test_a_dispatch_that_dies_at_any_call_is_done_again_and_delivers_once(
    hub: Hub,
    webhooks: list[Registration],
    receiver: Receiver,
    transport: JournalTransport,
    connection_string: str,
    fault: Fault,
) -> None:
    dispatch(hub, accepted(hub))
    host = QuietHost(connection_string)
    host.run(hub)
    for number in range(1, 5 + len(webhooks)):
        receiver.journal.clear()
        event = accepted(hub)
        transport.forget()
        transport.fail(number, fault)
        host.run(hub)
        assert host.failures == number
        assert [visit.headers["x-superoffice-eventid"] for visit in receiver.journal] == [event.id] * len(webhooks)
        finished = hub.events.dispatched(event)
        assert finished is not None
        assert finished.state is EventState.DISPATCHED
    assert host.poison == []


def test_an_event_that_is_too_large_for_a_message_is_read_by_who_delivers_it(
    hub: Hub, webhooks: list[Registration], receiver: Receiver, connection_string: str
) -> None:
    values = {"text": "x" * 30_000}
    event = accepted(hub, replace(new_event(), field_values=values, values=values))
    dispatch(hub, event)
    assert [message.event for message in waiting(connection_string)] == [None] * len(webhooks)
    QuietHost(connection_string).run(hub)
    assert len(receiver.journal) == len(webhooks)
