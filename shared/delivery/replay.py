"""Begins a delivery anew: the same event with the same EventId, and the whole schedule before it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from shared.delivery.log import DeliveryLog
from shared.delivery.message import DeliveryMessage
from shared.delivery.queues import DeliveryQueues
from shared.delivery.record import DeliveryRecord, DeliveryState
from shared.events.event import Event, EventId


class Replay:
    """Replays deliveries."""

    def __init__(self, deliveries: DeliveryLog, queues: DeliveryQueues, now: Callable[[], datetime]) -> None:
        self._deliveries = deliveries
        self._queues = queues
        self._now = now

    def one(self, record: DeliveryRecord, event: Event | None) -> None:
        """Begin the next cycle of a delivery; `event` goes along where it is at hand.

        The message goes first: a replay that dies in between is made, and at worst shown late.
        """
        cycle = record.cycle + 1
        self._queues.send(
            DeliveryMessage(event_id=EventId(record.event_id), webhook_id=record.webhook_id, cycle=cycle, event=event)
        )
        begun = replace(record, state=DeliveryState.PENDING, cycle=cycle, attempts=0, next_attempt_at=self._now())
        self._deliveries.write(begun)
