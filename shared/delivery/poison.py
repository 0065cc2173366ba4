"""Takes messages that carry forgotten events out of the poison queues: only those for deliveries carry any."""

import time
from collections.abc import Callable

from shared.deadline import remaining_seconds
from shared.delivery.message import DeliveryMessage, parse_delivery_message
from shared.delivery.queues import DELIVERIES_QUEUE, SLOW_QUEUE
from shared.delivery.redrive import POISON_SUFFIX
from shared.errors import Unavailable
from shared.events.announcement import UnrecognizedMessage
from shared.storage.account import StorageAccount

_QUEUES = (DELIVERIES_QUEUE, SLOW_QUEUE)
_PATIENCE_SECONDS = 5.0
_LOOK_SECONDS = 0.5


def remove_poison(storage: StorageAccount, is_unwanted: Callable[[DeliveryMessage], bool]) -> None:
    """Remove the hub's own messages for deliveries that are unwanted from all poison queues.

    A question for each queue that is empty. Raises StorageDown, and Unavailable if others hold messages that therefore
    cannot be seen.
    """

    def is_ours_and_unwanted(text: str) -> bool:
        try:
            return is_unwanted(parse_delivery_message(text.encode()))
        except UnrecognizedMessage:
            return False

    gives_up_at = time.monotonic() + remaining_seconds(at_most=_PATIENCE_SECONDS)
    for name in _QUEUES:
        queue = storage.queue(name + POISON_SUFFIX)
        while not queue.sift(is_ours_and_unwanted):
            # A redrive hides what it looks at for a minute, and somebody who forgets another event for a moment.
            if time.monotonic() >= gives_up_at:
                raise Unavailable(f"messages in {name + POISON_SUFFIX} are in other hands: ask again in a minute")
            time.sleep(_LOOK_SECONDS)
