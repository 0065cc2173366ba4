"""Forgets events: afterwards no table and no queue holds their contents, and no receiver is told of them.

Only a message that asks for a first attempt may still carry an event, and goes without being sent when its turn comes:
the row of `usage`, which is read before each attempt, says since when that has to be looked at. Whatever dies in
between, doing it once more finishes it. An event of very many webhooks is forgotten some hundred webhooks at a time;
its row says how far that came, and whoever has no time for the rest says so, and goes on there when asked again.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from shared.deadline import remaining_seconds
from shared.delivery.forgotten import DeliveryForgetting
from shared.delivery.pace.gate import PaceGate
from shared.delivery.poison import remove_poison
from shared.errors import Unavailable
from shared.events.asked import parse_asked
from shared.events.event import Event, EventId
from shared.events.stripping import EventStripping
from shared.side_by_side import each_side_by_side
from shared.storage.account import StorageAccount
from shared.storage.tables import RowVersion
from shared.webhooks.registry import WebhookRegistry

EVENTS_AT_ONCE = 16
DELIVERIES_AT_ONCE = 400
"""What those who forget many events within bounds of time may ask for together, but for one event at least."""

_AT_ONCE = 16
_WEBHOOKS_AT_A_TIME = 200
_RESERVE_SECONDS = 5.0
"""Of the time that a request has: for so many webhooks, and for the answer."""
_GOES_ON = (
    "the event was for so many webhooks that one call cannot forget what all of them answered: "
    "ask again, which goes on where this call ended"
)


class StillForgetting(Unavailable):
    """The time was over before the contents of an event of very many webhooks were gone; the next call goes on there.

    `finished` is how many of the events of this call are forgotten.
    """

    retry_after_seconds = 1

    def __init__(self, detail: str = _GOES_ON, *, finished: int = 0) -> None:
        super().__init__(detail)
        self.finished = finished


@dataclass(frozen=True)
class Begun:
    """An event whose forgetting has begun, and the webhooks that dispatch asked; None if that is not known."""

    event: Event
    asked: frozenset[int] | None


@dataclass(frozen=True)
class Forgetting:
    """Forgets events; its fields are what it works with. All methods raise StorageDown, and StillForgetting."""

    storage: StorageAccount
    events: EventStripping
    deliveries: DeliveryForgetting
    registry: WebhookRegistry
    gate: PaceGate

    def forget(self, id_: EventId) -> bool:
        """Forget one event, poison queues included; False if it is not stored.

        Raises Unavailable if some of their messages cannot be seen at the moment.
        """
        event = self.events.begin(id_)
        if event is None:
            return False
        self._forget([event])
        remove_poison(self.storage, lambda message: message.event_id == id_)
        return True

    def forget_rows(self, rows: Sequence[RowVersion]) -> int:
        """Forget the events in these rows of `events`, but for poison queues; returns how many were still there.

        The rows have the columns KEPT_COLUMNS.
        """
        found: list[Event] = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            each_side_by_side(pool, rows, lambda row: found.extend(self._begun(row)))
        if found:
            self._forget(found)
        return len(found)

    def _begun(self, version: RowVersion) -> list[Event]:
        event = self.events.begin(EventId(str((version.row or {})["RowKey"])), version)
        return [] if event is None else [event]

    def _forget(self, events: Sequence[Event]) -> None:
        """Forget events that nobody dispatches any more, since their rows say so."""
        begun: list[Begun] = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            each_side_by_side(pool, events, lambda event: begun.append(self._without_log(event)))
            registered = frozenset(self.registry.ids())
            wanted = [(one, _webhooks(one, registered)) for one in begun]
            few = [(one, ids) for one, ids in wanted if len(ids) <= _WEBHOOKS_AT_A_TIME]
            self._forget_deliveries(pool, few, registered)
            each_side_by_side(pool, few, lambda pair: self.events.finish(pair[0].event))
            many = [(one, ids) for one, ids in wanted if len(ids) > _WEBHOOKS_AT_A_TIME]
            for finished, (one, ids) in enumerate(many, start=len(few)):
                self._forget_of_many(pool, one, ids, registered, finished)

    def _forget_of_many(
        self, pool: ThreadPoolExecutor, begun: Begun, ids: frozenset[int], registered: frozenset[int], finished: int
    ) -> None:
        """Go on where an earlier call ended, and come further, however little time there is."""
        done = self.events.webhooks_done(begun.event)
        left = sorted(webhook_id for webhook_id in ids if webhook_id > done)
        while left:
            some, left = left[:_WEBHOOKS_AT_A_TIME], left[_WEBHOOKS_AT_A_TIME:]
            self._forget_deliveries(pool, [(begun, frozenset(some))], registered)
            if left:
                self.events.note_webhooks_done(begun.event, some[-1])
            if left and remaining_seconds(at_most=math.inf) < _RESERVE_SECONDS:
                raise StillForgetting(finished=finished)
        self.events.finish(begun.event, of_many=True)

    def _forget_deliveries(
        self, pool: ThreadPoolExecutor, wanted: Sequence[tuple[Begun, frozenset[int]]], registered: frozenset[int]
    ) -> None:
        """Forget the deliveries of events to webhooks."""
        if not wanted:
            return
        newest = max(begun.event.received_at for begun, _ in wanted)
        touched = frozenset().union(*(ids for _, ids in wanted))
        # From here on no worker sends what a message carries of them.
        each_side_by_side(pool, sorted(touched & registered), lambda id_: self.gate.mark_forgotten(id_, newest))
        pairs = [(begun, webhook_id) for begun, ids in wanted for webhook_id in sorted(ids)]
        each_side_by_side(pool, pairs, lambda pair: self._forget_delivery(*pair, registered))

    def _without_log(self, event: Event) -> Begun:
        row = self.events.strip_log(event)
        asked = None if row is None else parse_asked(row)
        return Begun(event, None if asked is None else frozenset(asked))

    def _forget_delivery(self, begun: Begun, webhook_id: int, registered: frozenset[int]) -> None:
        # Nobody would remove the new row of a webhook that is gone.
        was_asked = begun.asked is not None and webhook_id in registered
        self.deliveries.forget(begun.event, webhook_id, was_asked=was_asked)


def _webhooks(begun: Begun, registered: frozenset[int]) -> frozenset[int]:
    """Those that may have a delivery of the event."""
    return registered if begun.asked is None else begun.asked
