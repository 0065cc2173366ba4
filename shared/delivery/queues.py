"""The queues of deliveries: one for every webhook, and one for those that are slow to fail."""

from shared.delivery.message import DeliveryMessage
from shared.storage.account import StorageAccount

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
