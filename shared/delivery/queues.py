"""The queues of deliveries: one for every webhook, and one for slow ones; and what fills them for an event."""

from datetime import timedelta
from math import ceil

from shared.deadline import MESSAGE_SECONDS, remaining_seconds
from shared.delivery.message import DeliveryMessage, FirstMessages
from shared.events.event import Event
from shared.storage.account import StorageAccount
from shared.webhooks.registry import WebhookRegistry

DELIVERIES_QUEUE = "deliveries"
SLOW_QUEUE = "deliveries-slow"

MAX_WEBHOOKS_A_MESSAGE = 300
"""Two seconds of work where storage is quick, so that little is done again after a failure."""

_RESERVED_SECONDS = 30.0
"""Kept back for sending the message that goes on: a few calls, each tried three times."""
_NO_DELAY = timedelta(0)


class DeliveryQueues:
    """Sends messages that ask for attempts. A delay is rounded up to whole seconds, so no attempt is early.

    All methods raise StorageDown.
    """

    def __init__(self, storage: StorageAccount) -> None:
        self._fast = storage.queue(DELIVERIES_QUEUE)
        self._slow = storage.queue(SLOW_QUEUE)

    def send(self, message: DeliveryMessage, *, delay: timedelta = _NO_DELAY) -> None:
        """Ask for an attempt, at once or later."""
        self.send_text(message.as_text(), delay=delay)

    def send_text(self, text: str, *, delay: timedelta = _NO_DELAY) -> None:
        """Ask for it with the text of a message."""
        self._fast.send(text, delay_seconds=_whole_seconds(delay))

    def send_slow(self, message: DeliveryMessage, *, delay: timedelta = _NO_DELAY) -> None:
        """Ask for it in the slow lane, where it holds up no other receiver."""
        self._slow.send(message.as_text(), delay_seconds=_whole_seconds(delay))


class DeliveryFanOut:
    """Asks for the deliveries of an event.

    It reads one partition of the subscriptions, so its cost grows only with the webhooks that match. One call asks for
    at most `max_webhooks` deliveries, and for fewer where storage is slow.
    """

    def __init__(
        self, registry: WebhookRegistry, queues: DeliveryQueues, *, max_webhooks: int = MAX_WEBHOOKS_A_MESSAGE
    ) -> None:
        self._registry = registry
        self._queues = queues
        self._max_webhooks = max_webhooks

    def send(self, event: Event, *, after: int) -> int | None:
        """Ask for one delivery to each webhook that may want the event and has an id above `after`, by their ids.

        Returns the id of the last one asked for if there are more than one call may ask for, None if these were all. A
        stopped webhook gets its message too, so that the event is held for it. Raises StorageDown.
        """
        # One more than is asked for tells whether there are more, without another read.
        wanting = self._registry.subscribed_to(event.type, after=after, at_most=self._max_webhooks + 1)
        messages = FirstMessages(event)
        for number, webhook_id in enumerate(wanting, 1):
            self._queues.send_text(messages.text_for(webhook_id))
            if number < len(wanting) and (number == self._max_webhooks or _is_time_short()):
                return webhook_id
        return None


def _whole_seconds(delay: timedelta) -> int:
    return ceil(delay.total_seconds())


def _is_time_short() -> bool:
    return remaining_seconds(at_most=MESSAGE_SECONDS) < _RESERVED_SECONDS
