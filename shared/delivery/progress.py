"""How far a delivery has come: what follows an attempt is done and written down here.

See docs/architecture.md "Delivery".

The order of steps makes every one of them repeatable. The next attempt is asked for, or parked, before this one is
written down: a host that dies in between makes an attempt twice, and never none.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.delivery.attempt import Attempt
from shared.delivery.disabling import WebhookDisabler
from shared.delivery.forgotten import ForgottenEvents
from shared.delivery.log import DeliveryLog
from shared.delivery.made_attempts import MadeAttempt
from shared.delivery.message import DeliveryMessage
from shared.delivery.pace.circuit import Blocked, Outcome, blocked
from shared.delivery.pace.gate import PaceGate
from shared.delivery.pace.state import Circuit, PacedUsage
from shared.delivery.policy import Decision, Delivered, Disable, Exhausted, Retry, RetryLimits, Standing, Wait, decide
from shared.delivery.queues import DeliveryQueues
from shared.delivery.record import DeliveryRecord, DeliveryState
from shared.delivery.waiting import WaitingDelivery, WaitingReason
from shared.events.event import Event, EventId
from shared.telemetry.lines import tell
from shared.telemetry.tracing import traceparent_text
from shared.webhooks.registration import Registration

_NO_TIME = timedelta(0)
_MILLISECOND = timedelta(milliseconds=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeliveryProgress:
    """Takes deliveries from one state to the next; its fields are what it works with. All methods raise StorageDown.

    `now` returns the current time in UTC.
    """

    deliveries: DeliveryLog
    queues: DeliveryQueues
    gate: PaceGate
    disabler: WebhookDisabler
    forgotten: ForgottenEvents
    limits: RetryLimits
    now: Callable[[], datetime]

    def advance(
        self,
        message: DeliveryMessage,
        registration: Registration,
        event: Event,
        record: DeliveryRecord,
        made: MadeAttempt,
    ) -> None:
        """Count an attempt, do what is decided, and write it down, in this order.

        `record` is the delivery before the attempt, `message` is the one that asked for it. One that was counted before
        storage failed is not counted again.
        """
        attempt, outcome = made.attempt, made.outcome
        row = made.counted
        if row is None:
            row = made.counted = self.gate.count(registration.id, event, attempt, outcome, tried=made.writes)
        # While the attempt was under way. Where a row is stored already, that is forgotten too, and tells.
        if record.etag is None and self.forgotten.contains(registration.id, event):
            state = self._end_forgotten(record, attempt)
        else:
            decision = self._decision(message, registration, event, record, attempt, outcome, row)
            state = self._carry_out(decision, message, event, record, attempt, row)
        _tell_attempted(event, record, attempt, state)

    def _end_forgotten(self, record: DeliveryRecord, attempt: Attempt) -> DeliveryState:
        """Write down an attempt of an event that was forgotten meanwhile, and return the delivery's state after it."""
        reached = DeliveryState.DELIVERED if attempt.is_success else DeliveryState.PENDING
        after = record.after(attempt, reached).as_forgotten(self.now())
        self.deliveries.write(after)
        return after.state

    def _carry_out(
        self,
        decision: Decision,
        message: DeliveryMessage,
        event: Event,
        record: DeliveryRecord,
        attempt: Attempt,
        row: PacedUsage,
    ) -> DeliveryState:
        """Do what is decided about a counted attempt, write it down, and return the delivery's state after it."""
        match decision:
            case Delivered():
                after = record.after(attempt, DeliveryState.DELIVERED)
                self.deliveries.write(after)
            case Retry(delay, counts):
                after = _counted(record.after(attempt, DeliveryState.PENDING, self.now() + delay), counts=counts)
                self.queues.send(_next(message, after.attempts), delay=delay)
                self.deliveries.write(after)
            case Wait(due_at, counts):
                after = _counted(record.after(attempt, DeliveryState.WAITING), counts=counts)
                self._park(_next(message, after.attempts).model_copy(update={"due_at": due_at}), event, after, row)
            case Exhausted():
                after = record.after(attempt, DeliveryState.FAILED)
                self.deliveries.write(after)
            case Disable():
                after = record.after(attempt, DeliveryState.HELD)
                self.deliveries.write(after)
        return after.state

    def wait(self, message: DeliveryMessage, event: Event, record: DeliveryRecord | None, stopped: Blocked) -> None:
        """Park a delivery that may not be attempted now. `record` is None if it was never attempted."""
        self.gate.park(self._waiting(message, event, stopped, is_logged=record is not None))
        if record is not None:
            self.deliveries.write(_shown_as_waiting(record, stopped))

    def hold(self, record: DeliveryRecord) -> None:
        """Keep a delivery for a replay, because its webhook is stopped or disabled."""
        self.deliveries.write(replace(record, state=DeliveryState.HELD, next_attempt_at=None))

    def replay(self, record: DeliveryRecord) -> None:
        """Begin the delivery's next cycle: the same event, with the same EventId and the whole schedule.

        The message is sent first: a replay that is interrupted before the write is made all the same, and at worst
        shown late.
        """
        cycle, event_id = record.cycle + 1, EventId(record.event_id)
        self.queues.send(DeliveryMessage(event_id=event_id, webhook_id=record.webhook_id, cycle=cycle))
        begun = replace(record, state=DeliveryState.PENDING, cycle=cycle, attempts=0, next_attempt_at=self.now())
        self.deliveries.write(begun)

    def _park(self, message: DeliveryMessage, event: Event, after: DeliveryRecord, row: PacedUsage) -> None:
        now = self.gate.now()
        stopped = blocked(row.pace, now) or Blocked(WaitingReason.PLACE, now)
        self.gate.park(self._waiting(message, event, stopped, is_logged=True))
        self.deliveries.write(_shown_as_waiting(after, stopped))

    def _waiting(self, message: DeliveryMessage, event: Event, stopped: Blocked, *, is_logged: bool) -> WaitingDelivery:
        return WaitingDelivery(
            webhook_id=message.webhook_id,
            event_id=event.id,
            event_type=event.type,
            event_at=event.received_at,
            reason=stopped.reason,
            parked_at=message.parked_at or self.gate.now(),
            until=stopped.until,
            attempt=message.attempt,
            cycle=message.cycle,
            due_at=message.due_at,
            is_logged=is_logged,
            traceparent=message.traceparent or traceparent_text(),
        )

    def _decision(
        self,
        message: DeliveryMessage,
        registration: Registration,
        event: Event,
        record: DeliveryRecord,
        attempt: Attempt,
        outcome: Outcome,
        row: PacedUsage,
    ) -> Decision:
        """Decide on a counted attempt. Where the decision is Disable, the webhook is disabled already."""
        since = row.pace.failing_since
        decision = decide(
            # Another instance will read when the next one is due, and its clock may differ from this one's.
            replace(attempt, at=outcome.began),
            attempts=record.attempts + 1,
            standing=Standing(
                row.usage.consecutive_errors,
                self.gate.now() - since if since else _NO_TIME,
                is_open=row.pace.circuit is not Circuit.CLOSED,
            ),
            limits=self.limits,
            jitter=random.random(),  # noqa: S311 - spreads the load
            due_at=message.due_at,
        )
        if isinstance(decision, Disable) and not self.disabler.disable_webhook(registration, event, attempt):
            return decision.otherwise
        return decision


def _counted(record: DeliveryRecord, *, counts: bool) -> DeliveryRecord:
    """A record after an attempt; one that does not count leaves the schedule where it was."""
    return record if counts else replace(record, attempts=record.attempts - 1)


def _next(message: DeliveryMessage, attempts: int) -> DeliveryMessage:
    """The message that asks for the next attempt: by ids alone, and as a repeat if this one may have been doubled."""
    return DeliveryMessage(
        event_id=message.event_id,
        webhook_id=message.webhook_id,
        attempt=attempts,
        cycle=message.cycle,
        repeat=message.repeat,
        parked_at=message.parked_at,
        traceparent=message.traceparent,
    )


def _tell_attempted(event: Event, record: DeliveryRecord, attempt: Attempt, state: DeliveryState) -> None:
    latency = max(attempt.at + attempt.duration - event.received_at, _NO_TIME) if attempt.is_success else None
    fields = {
        "type": event.type,
        "webhook": record.webhook_id,
        "attempt": record.attempts + 1,
        "state": state.value,
        "class": attempt.error_class,
        "status": attempt.status,
        "milliseconds": attempt.duration // _MILLISECOND,
        "seconds": None if latency is None else round(latency.total_seconds(), 3),
    }
    tell(log, "delivery.attempted", fields)


def _shown_as_waiting(record: DeliveryRecord, stopped: Blocked) -> DeliveryRecord:
    return replace(
        record,
        state=DeliveryState.WAITING,
        next_attempt_at=stopped.until,
        waiting_reason=stopped.reason,
        waiting_until=stopped.until,
    )
