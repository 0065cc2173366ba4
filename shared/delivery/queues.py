"""The queue of deliveries that may be attempted now; the previous version had a second one, which is drained."""

from datetime import timedelta
from math import ceil

from shared.delivery.message import DeliveryMessage
from shared.storage.account import StorageAccount

DELIVERIES_QUEUE = "deliveries"
SLOW_QUEUE = "deliveries-slow"
"""Of the previous version: nothing is sent there any more."""

_NO_DELAY = timedelta(0)


class DeliveryQueues:
    """Sends messages that ask for attempts. A delay is rounded up to whole seconds, so no attempt is early.

    All methods raise StorageDown.
    """

    def __init__(self, storage: StorageAccount) -> None:
        self._queue = storage.queue(DELIVERIES_QUEUE)

    def send(self, message: DeliveryMessage, *, delay: timedelta = _NO_DELAY) -> None:
        """Ask for an attempt, at once or later."""
        self.send_text(message.as_text(), delay=delay)

    def send_text(self, text: str, *, delay: timedelta = _NO_DELAY) -> None:
        """Ask for it with the text of a message."""
        self._queue.send(text, delay_seconds=_whole_seconds(delay))


def _whole_seconds(delay: timedelta) -> int:
    return max(ceil(delay.total_seconds()), 0)
