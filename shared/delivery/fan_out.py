"""From an event to the deliveries that it asks for: one message a webhook that may want it."""

from shared.delivery.message import DeliveryMessage
from shared.delivery.queues import DeliveryQueues
from shared.events.event import Event
from shared.webhooks.registry import WebhookRegistry


class DeliveryFanOut:
    """Reads one partition of the subscriptions, so its cost grows with the webhooks that match and no others."""

    def __init__(self, registry: WebhookRegistry, queues: DeliveryQueues) -> None:
        self._registry = registry
        self._queues = queues

    def send(self, event: Event) -> None:
        """Ask for each delivery. A stopped webhook gets its message too, so that the event is held for it."""
        for webhook_id in self._registry.subscribed_to(event.type):
            self._queues.send(DeliveryMessage(event_id=event.id, webhook_id=webhook_id, event=event))
