"""The queues of deliveries: one for every webhook, and one for slow ones; and what fills them for an event."""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from itertools import batched
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

_AT_ONCE = 8
"""Up to this many webhooks are asked for one after the other; more of them side by side, by this many threads."""

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

    def send(self, event: Event, *, after: int, repeat: bool) -> int | None:
        """Ask for one delivery to each webhook that may want the event and has an id above `after`, by their ids.

        `repeat` marks the messages as possible repeats. Returns the id of the last one asked for if there are more than
        one call may ask for, None if these were all. A stopped webhook gets its message too, so that the event is held
        for it. Raises StorageDown.
        """
        # One more than is asked for tells whether there are more, without another read.
        wanting = self._registry.subscribed_to(event.type, after=after, at_most=self._max_webhooks + 1)
        page = wanting[: self._max_webhooks]
        messages = FirstMessages(event, repeat=repeat)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for batch in batched(page, _AT_ONCE if len(page) > _AT_ONCE else 1, strict=False):
                _each(pool, batch, lambda webhook_id: self._ask(messages, webhook_id))
                if batch[-1] != wanting[-1] and _is_time_short():
                    return batch[-1]
        return page[-1] if len(page) < len(wanting) else None

    def _ask(self, messages: FirstMessages, webhook_id: int) -> None:
        """Ask for one delivery."""
        self._queues.send_text(messages.text_for(webhook_id))


def _each(pool: ThreadPoolExecutor, webhook_ids: Collection[int], do: Callable[[int], None]) -> None:
    """Do this for each webhook, side by side, and be done with all of them at the end."""
    if len(webhook_ids) == 1:
        # No thread is started for a few of them.
        for webhook_id in webhook_ids:
            do(webhook_id)
        return
    # Each call keeps to the message's deadline; a context can be entered once at a time, so each gets a copy.
    for done in [pool.submit(copy_context().run, do, webhook_id) for webhook_id in webhook_ids]:
        done.result()


def _whole_seconds(delay: timedelta) -> int:
    return ceil(delay.total_seconds())


def _is_time_short() -> bool:
    return remaining_seconds(at_most=MESSAGE_SECONDS) < _RESERVED_SECONDS
