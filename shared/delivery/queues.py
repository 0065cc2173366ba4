"""The queues of deliveries: one for every webhook, and one for those that are slow to fail."""

from shared.deadline import MESSAGE_SECONDS, remaining_seconds
from shared.delivery.message import DeliveryMessage
from shared.events.event import Event
from shared.storage.account import StorageAccount
from shared.webhooks.registry import WebhookRegistry

DELIVERIES_QUEUE = "deliveries"
SLOW_QUEUE = "deliveries-slow"


class DeliveryQueues:
    """Sends messages that ask for attempts."""

    def __init__(self, storage: StorageAccount) -> None:
        self._fast = storage.queue(DELIVERIES_QUEUE)
        self._slow = storage.queue(SLOW_QUEUE)

    def send(self, message: DeliveryMessage, *, delay_seconds: int = 0) -> None:
        """Ask for an attempt, at once or later."""
        self._fast.send(message.as_text(), delay_seconds=delay_seconds)

    def send_slow(self, message: DeliveryMessage, *, delay_seconds: int = 0) -> None:
        """Ask for it in the lane of those who would hold up others."""
        self._slow.send(message.as_text(), delay_seconds=delay_seconds)


MAX_WEBHOOKS_A_MESSAGE = 300
"""Two seconds' work where storage is quick, so that little is done again after a failure."""
_RESERVED_SECONDS = 30.0
"""What is left of a message's time for having another one go on: a few calls, each tried three times."""


class DeliveryFanOut:
    """Reads one partition of the subscriptions, so its cost grows with the webhooks that match and no others.

    One call asks for `max_webhooks` deliveries at most, and for fewer where storage is slow.
    """

    def __init__(
        self, registry: WebhookRegistry, queues: DeliveryQueues, *, max_webhooks: int = MAX_WEBHOOKS_A_MESSAGE
    ) -> None:
        self._registry = registry
        self._queues = queues
        self._max_webhooks = max_webhooks

    def send(self, event: Event, *, after: int) -> int | None:
        """As dispatch has it. A stopped webhook gets its message too, so that the event is held for it."""
        # One more than is asked for: whether there is more is then known without another look.
        wanting = self._registry.subscribed_to(event.type, after=after, at_most=self._max_webhooks + 1)
        for number, webhook_id in enumerate(wanting, 1):
            self._queues.send(DeliveryMessage(event_id=event.id, webhook_id=webhook_id, event=event))
            if number < len(wanting) and (number == self._max_webhooks or _is_time_short()):
                return webhook_id
        return None


def _is_time_short() -> bool:
    return remaining_seconds(at_most=MESSAGE_SECONDS) < _RESERVED_SECONDS
