"""An event that is announced twice, for it was posted twice, to two instances: dispatched once, whoever is killed.

The works take their storage calls in turn, in every order that could make a difference. Both posts have sent their
announcements before: a dispatch cannot begin earlier, and nobody reads the queue in between.
"""

from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from random import Random

import pytest
from azure.storage.queue import QueueClient, QueueMessage

from shared.delivery.fan_out import DeliveryFanOut
from shared.delivery.message import DeliveryMessage
from shared.delivery.queues import DELIVERIES_QUEUE, DeliveryQueues
from shared.errors import StorageDown
from shared.events.announcement import EVENTS_QUEUE, new_announcement
from shared.events.dispatch import Dispatcher
from shared.events.event import Event, EventState
from shared.hub.hub import Hub
from shared.storage.tables import AlreadyStored
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE
from tests.support.delivering import EVENT, delivering_hub, new_event, waiting
from tests.support.events import store_event
from tests.support.host import QuietHost
from tests.support.stepping import SteppingTransport, interleavings

POST, ONE, OTHER = "post", "one", "other"
WEBHOOK = 7
# Read the event and the subscriptions, list it, read what was listed: after that neither looks at what the other does.
DECIDING_CALLS = 4
ALL_CALLS = 6
SAMPLE = 48
"""Of the hundreds of orders of all these calls."""
# More calls than any of them makes: whose turns are not limited comes to its end.
REST = 12


class Always:
    """Completes each trimmed event."""

    def complete(self, event: Event) -> Event | None:
        return replace(event, field_values={**event.field_values, "read": "back"})

    def given_up(self, event: Event) -> Event | None:
        return None


class Instances:
    """Two instances on one account, and what their host does with the messages of queue `events`."""

    def __init__(self, connection_string: str, transport: SteppingTransport) -> None:
        self.hub = delivering_hub(connection_string, transport)
        self._connection_string = connection_string
        self._transport = transport
        self.dispatchers = {
            name: self._dispatcher(delivering_hub(connection_string, transport)) for name in (ONE, OTHER)
        }
        self.hub.storage.table(SUBSCRIPTIONS_TABLE).insert(
            {"PartitionKey": EVENT, "RowKey": f"{WEBHOOK:010d}", "Revision": 1}
        )
        self.dispatch_twice(new_event(), [POST], is_stored=True)  # which makes the tables and queues

    @staticmethod
    def _dispatcher(hub: Hub) -> Dispatcher:
        fan_out = DeliveryFanOut(hub.receivers.webhooks, DeliveryQueues(hub.storage), hub.receivers.worker.gate)
        return Dispatcher(hub.events, Always(), fan_out, (), missing_delays=(0,) * 7)

    def dispatch_twice(self, event: Event, order: list[str], *, is_stored: bool) -> list[DeliveryMessage]:
        """Announce the event twice, let the works call in this order, then let the host do what is left."""
        with self._queue(EVENTS_QUEUE) as queue:
            messages = {name: self._announce(queue, event) for name in (ONE, OTHER)}
            works: dict[str, Callable[[], object]] = {
                name: partial(self._work_on, self.dispatchers[name], queue, message)
                for name, message in messages.items()
            }
            if is_stored:
                self._store(event)
            else:
                works[POST] = lambda: self._store(event)
            for done in self._transport.run([*order, *[POST] * REST], works).values():
                done.result()
        # The other post, which is answered that the event is known.
        with suppress(AlreadyStored):
            self._store(event)
        host = QuietHost(self._connection_string, self.dispatchers[ONE])
        host.run(self.hub, EVENTS_QUEUE)
        assert (host.failures, host.poison) == (0, [])
        asked = waiting(self._connection_string)
        with self._queue(DELIVERIES_QUEUE) as queue:
            queue.clear_messages()
        return asked

    def _queue(self, name: str) -> QueueClient:
        return QueueClient.from_connection_string(self._connection_string, name)

    def _announce(self, queue: QueueClient, event: Event) -> QueueMessage:
        self.hub.events.publish(new_announcement(event.id))
        message = queue.receive_message(visibility_timeout=600)
        assert message is not None
        return message

    @staticmethod
    def _work_on(dispatcher: Dispatcher, queue: QueueClient, message: QueueMessage) -> None:
        """What the host does with a message: it comes again if its function was killed."""
        try:
            dispatcher.dispatch(b64decode(message.content), attempt=message.dequeue_count or 1)
        except StorageDown:
            queue.update_message(message, visibility_timeout=0)
        else:
            queue.delete_message(message)

    def _store(self, event: Event) -> None:
        with suppress(AlreadyStored, StorageDown):
            store_event(self.hub, event)

    def state(self, event: Event) -> EventState | None:
        finished = self.hub.events.dispatched(event)
        return None if finished is None else finished.state


@pytest.fixture
def instances(connection_string: str) -> Iterator[Instances]:
    with SteppingTransport() as transport:
        yield Instances(connection_string, transport)


def with_post(order: list[str]) -> Iterator[list[str]]:
    """The order with the post's storing of the event at each place."""
    for place in range(len(order) + 1):
        yield [*order[:place], POST, *order[place:]]


def sampled(orders: Iterator[list[str]], count: int = SAMPLE) -> list[list[str]]:
    """Some of the orders, the same each time, with the post's storing of the event somewhere in each."""
    all_orders = [order for calls in orders for order in with_post(calls)]
    return Random(16).sample(all_orders, min(count, len(all_orders)))  # noqa: S311 - a sample


def to_the_end(order: list[str]) -> list[str]:
    return [*order, *[ONE] * REST, *[OTHER] * REST]


@pytest.mark.timeout(300)
def test_in_whatever_order_two_posts_and_their_dispatches_call_the_event_is_dispatched_exactly_once(
    instances: Instances,
) -> None:
    for order in sampled(interleavings((ONE, DECIDING_CALLS), (OTHER, DECIDING_CALLS))):
        event = new_event()
        asked = instances.dispatch_twice(event, to_the_end(order), is_stored=False)
        assert [(one.webhook_id, one.repeat) for one in asked] == [(WEBHOOK, False)], order
        assert instances.state(event) is EventState.DISPATCHED, order


@pytest.mark.timeout(300)
@pytest.mark.parametrize("calls", range(ALL_CALLS))
def test_a_dispatch_that_is_killed_after_any_call_beside_another_one_leaves_the_event_dispatched(
    instances: Instances, calls: int
) -> None:
    for order in sampled(interleavings((ONE, calls), (OTHER, DECIDING_CALLS)), SAMPLE // ALL_CALLS):
        event = new_event()
        asked = instances.dispatch_twice(event, [*order, *[OTHER] * REST], is_stored=False)
        assert {one.webhook_id for one in asked} == {WEBHOOK}, order
        # Whatever was asked for more than once says so, but for the first time.
        assert [one.repeat for one in asked].count(False) <= 1, order
        assert instances.state(event) is EventState.DISPATCHED, order


def test_two_dispatches_of_a_trimmed_event_that_both_complete_it_are_one(instances: Instances) -> None:
    # One more, for the list is read before an event is completed.
    orders = [*interleavings((ONE, DECIDING_CALLS + 1), (OTHER, DECIDING_CALLS + 1))]
    for calls in Random(17).sample(orders, SAMPLE // 3):  # noqa: S311 - a sample
        event = replace(new_event(), trimmed=True)
        asked = instances.dispatch_twice(event, to_the_end(calls), is_stored=True)
        assert [(one.webhook_id, one.repeat) for one in asked] == [(WEBHOOK, False)], calls
        assert asked[0].event is not None
        assert asked[0].event.field_values["read"] == "back"
