"""What an event's dispatch asks for: one delivery to each webhook that may want the event, a page at a time."""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from itertools import batched

from shared.deadline import MESSAGE_SECONDS, remaining_seconds
from shared.delivery.message import FirstMessages
from shared.delivery.pace.circuit import Blocked
from shared.delivery.pace.gate import PaceGate
from shared.delivery.queues import DeliveryQueues
from shared.events.asked import MAX_NAMED
from shared.events.dispatch import Page
from shared.events.event import Event
from shared.side_by_side import each_side_by_side
from shared.telemetry.tracing import traceparent_text
from shared.webhooks.registry import WebhookRegistry

MAX_WEBHOOKS_A_MESSAGE = 300
"""Two seconds of work where storage is quick, so that little is done again after a failure."""

_RESERVED_SECONDS = 30.0
"""Kept back for sending the message that goes on: a few calls, each tried three times."""

_AT_ONCE = 8
"""Up to this many webhooks are asked for one after the other; more of them side by side, by this many threads."""


class DeliveryFanOut:
    """Asks for the deliveries of an event.

    It reads one partition of the subscriptions, so its cost grows only with the webhooks that match. One call asks for
    at most `max_webhooks` deliveries, and for fewer where storage is slow.
    """

    def __init__(
        self,
        registry: WebhookRegistry,
        queues: DeliveryQueues,
        gate: PaceGate,
        *,
        max_webhooks: int = MAX_WEBHOOKS_A_MESSAGE,
    ) -> None:
        self._registry = registry
        self._queues = queues
        self._gate = gate
        self._max_webhooks = max_webhooks

    def page(self, event_type: str, *, after: int) -> Page:
        """The webhooks that one message asks for, from those with ids above `after`. Raises StorageDown."""
        # One more than is asked for, or named, tells whether there are more, without another read.
        at_most = self._max_webhooks if after else max(self._max_webhooks, MAX_NAMED)
        wanting = tuple(self._registry.subscribed_to(event_type, after=after, at_most=at_most + 1))
        known = wanting if len(wanting) <= at_most else None
        is_last = len(wanting) <= self._max_webhooks
        return Page(wanting[: self._max_webhooks], is_last=is_last, known=known)

    def ask(self, event: Event, page: Page, *, repeat: bool) -> int | None:
        """Ask for one delivery to each webhook of a page, by their ids.

        `repeat` marks the messages as possible repeats. Returns the id of the last one asked for if others remain,
        because time is short or the page is not the last one, and None if these were all. A stopped webhook gets its
        message too, so that the event is held for it. Raises StorageDown.
        """
        ids = page.webhook_ids
        blocked = self._gate.blocked.read() if ids else {}
        messages = FirstMessages(event, repeat=repeat, traceparent=traceparent_text())
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for batch in batched(ids, _AT_ONCE if len(ids) > _AT_ONCE else 1, strict=False):
                _each(pool, batch, lambda id_: self._ask(event, messages, id_, blocked.get(id_)))
                if not (page.is_last and batch[-1] == ids[-1]) and _is_time_short():
                    return batch[-1]
        return None if page.is_last else ids[-1]

    def _ask(self, event: Event, messages: FirstMessages, webhook_id: int, entry: Blocked | None) -> None:
        """Ask for one delivery: by a message, or by parking it where the webhook cannot be called now anyway."""
        if entry is not None and self._gate.park_first(webhook_id, event, entry):
            return
        self._queues.send_text(messages.text_for(webhook_id))


def _each(pool: ThreadPoolExecutor, webhook_ids: Collection[int], do: Callable[[int], None]) -> None:
    """Do this for each webhook, side by side, and be done with all of them at the end."""
    if len(webhook_ids) == 1:
        # No thread is started for a few of them.
        for webhook_id in webhook_ids:
            do(webhook_id)
        return
    each_side_by_side(pool, webhook_ids, do)


def _is_time_short() -> bool:
    return remaining_seconds(at_most=MESSAGE_SECONDS) < _RESERVED_SECONDS
