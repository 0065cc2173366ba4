"""Works on one wake-up: looks after the deliveries that wait for one webhook, oldest first.

A wake-up ends only when it has sent its successor, or knows that none is needed. What it puts back into the queue is
removed from the waiting ones afterwards: a host that dies in between sends a delivery twice, and never none. The second
message is marked as a possible repeat, so the receiver is not called twice.
"""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import batched

from shared.delivery.message import DeliveryMessage
from shared.delivery.pace.blocked import BlockedWebhooks
from shared.delivery.pace.bulkhead import ReceiverBulkhead
from shared.delivery.pace.parking import Parking
from shared.delivery.pace.state import Pace, PacedUsage
from shared.delivery.pace.store import PaceStore
from shared.delivery.pace.wakeups import WakeUp, WakeUpQueue, parse_wake_up
from shared.delivery.pace.waking import (
    MAX_RELEASED,
    LookAgain,
    NotYet,
    Probe,
    Release,
    Rest,
    Step,
    given_up,
    next_step,
    with_wake_up,
)
from shared.delivery.queues import DeliveryQueues
from shared.delivery.record import DeliveryState
from shared.delivery.removal import DeliveryRemoval
from shared.delivery.settling import Settling
from shared.delivery.waiting import WaitingDelivery
from shared.side_by_side import each_side_by_side
from shared.telemetry.lines import tell
from shared.webhooks.registration import Registration
from shared.webhooks.registry import WebhookRegistry

_AT_ONCE = 8
_A_SLICE = 16
_RELEASE_SECONDS = 1.0
"""The successor of a release comes no earlier."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Waker:
    """Its fields are what it works with. `seconds` is the process's own clock, for spans of time."""

    registry: WebhookRegistry
    store: PaceStore
    blocked: BlockedWebhooks
    bulkhead: ReceiverBulkhead
    parking: Parking
    settling: Settling
    removal: DeliveryRemoval
    queues: DeliveryQueues
    wake_ups: WakeUpQueue
    give_up_after: timedelta
    seconds: Callable[[], float] = time.monotonic

    def work(self, body: bytes) -> None:
        """Handle one message; after an exception the host tries it again.

        Raises UnrecognizedMessage for a message that the hub never sent, and Unavailable in an outage.
        """
        wake_up = parse_wake_up(body)
        registration = self.registry.get(wake_up.webhook_id)
        if registration is None:
            self._clear(wake_up)
        elif not registration.is_active:
            self._hold(wake_up, registration)
        elif wake_up.number is not None:
            self._wake(wake_up.number, registration)

    def _clear(self, wake_up: WakeUp) -> None:
        """Remove what was kept of a webhook that is gone: its deliveries, a page a message, and then all else.

        If this dies, the message comes again. What an attempt that is under way puts back goes with the wake-up that
        was sent before the removal, and comes when every attempt is over.
        """
        if not self.removal.remove(wake_up.webhook_id):
            # Sent when the work is done, for it comes at once.
            self.wake_ups.send(wake_up)
            return
        self.registry.unlist(wake_up.webhook_id)
        self.store.remove(wake_up.webhook_id)

    def _hold(self, wake_up: WakeUp, registration: Registration) -> None:
        """Keep what waits for a webhook that is not active for a replay, a page of it.

        Nothing is parked for it any more once it is off the list. What was parked by an older reading of the list is
        found by the looks of the wake-up with a number, which end as those of an active one do.
        """
        waiting = self.parking.oldest(wake_up.webhook_id, MAX_RELEASED)
        if waiting:
            self.wake_ups.send(wake_up)
            self.settling.settle(waiting, DeliveryState.HELD)
        elif wake_up.number is not None:
            self._carry_out(wake_up.number, registration, ())
        elif self.store.read(wake_up.webhook_id).pace.is_listed:
            self.store.change(wake_up.webhook_id, lambda row, _: _off_the_list(row))

    def _wake(self, number: int, registration: Registration) -> None:
        row = self.store.read(registration.id)
        if number < row.pace.wake_number:
            return
        waiting = self.parking.oldest(registration.id, MAX_RELEASED)
        expired = given_up(waiting, self.store.now(), self.give_up_after)
        if expired:
            tell(log, "deliveries.expired", {"webhook": registration.id, "number": len(expired)}, logging.ERROR)
            self.settling.settle(expired, DeliveryState.FAILED)
        wanted = registration.webhook.events
        unwanted = [one for one in waiting if one.event_type not in wanted and not one.is_logged and one not in expired]
        if unwanted:
            self.parking.remove(unwanted)
        if expired or unwanted:
            # A page may have been nothing else: the rest is looked at next.
            self.wake_ups.send(WakeUp(webhook_id=registration.id, number=number))
            return
        self._carry_out(number, registration, waiting)

    def _carry_out(self, number: int, registration: Registration, waiting: Sequence[WaitingDelivery]) -> None:
        """Take the next step: its successor is sent first, then the pace is written, then deliveries are sent."""
        steps: list[Step] = []

        def taken(row: PacedUsage, now: datetime) -> PacedUsage | None:
            if number < row.pace.wake_number:
                # Somebody else has sent another wake-up meanwhile.
                return None
            steps[:] = [self._step(row.pace, waiting, registration, now)]
            return replace(row, pace=_with_successor(steps[0]))

        after = self.store.change(registration.id, taken)
        if after is None:
            return
        if isinstance(steps[0], LookAgain | Rest):
            # Whoever listed it may have been slower than who took it off, and the entry would outlast the wake-ups.
            self.blocked.remove(registration.id)
        self._send(steps[0], after.pace.wake_number)

    def _step(self, pace: Pace, waiting: Sequence[WaitingDelivery], registration: Registration, now: datetime) -> Step:
        return next_step(
            pace,
            waiting,
            now,
            self.store.limits,
            per_minute=registration.per_minute,
            a_second=self.bulkhead.a_second(registration.id),
        )

    def _send(self, step: Step, number: int) -> None:
        """Put deliveries back into the queue, and then take them out of the waiting ones."""
        match step:
            case Probe(delivery=delivery):
                self.queues.send(_message(delivery).model_copy(update={"probe": number}))
                self.parking.remove([delivery])
            case Release():
                self._release(step)
            case NotYet() | LookAgain() | Rest():
                return

    def _release(self, step: Release) -> None:
        """Put deliveries back, some at a time, and no more than before the successor comes, which would find them too.

        What is left then, it releases. Moments that were reserved are used, for they count whether they are or not.
        """
        began = self.seconds()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for some in batched(zip(step.deliveries, step.delays, strict=True), _A_SLICE, strict=False):
                if not step.has_turns and self.seconds() - began >= _RELEASE_SECONDS:
                    return
                each_side_by_side(pool, some, lambda one: self._put_back(*one, has_turn=step.has_turns))
                self.parking.remove([delivery for delivery, _ in some])

    def _put_back(self, delivery: WaitingDelivery, delay: timedelta, *, has_turn: bool) -> None:
        self.queues.send(_message(delivery).model_copy(update={"has_turn": has_turn}), delay=delay)


def _with_successor(step: Step) -> Pace:
    if isinstance(step, Rest):
        return step.pace
    return replace(with_wake_up(step.pace, step.due), is_idle=step.pace.is_idle)


def _off_the_list(row: PacedUsage) -> PacedUsage | None:
    return replace(row, pace=replace(row.pace, is_listed=False)) if row.pace.is_listed else None


def _message(waiting: WaitingDelivery) -> DeliveryMessage:
    """Asks for the attempt that waits. It is a possible repeat: the row may be there once more, or be read twice."""
    return DeliveryMessage(
        event_id=waiting.event_id,
        webhook_id=waiting.webhook_id,
        attempt=waiting.attempt,
        cycle=waiting.cycle,
        repeat=True,
        parked_at=waiting.parked_at,
        due_at=waiting.due_at,
        traceparent=waiting.traceparent,
    )
