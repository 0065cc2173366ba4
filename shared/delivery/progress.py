"""How far a delivery has come: what follows an attempt is done and written down here.

See docs/architecture.md "Delivery".

The order of steps makes every one of them repeatable. The next attempt is asked for before this one is written down: a
host that dies in between makes an attempt twice, and never none.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from shared.delivery.attempt import Attempt
from shared.delivery.disabling import WebhookDisabler
from shared.delivery.log import DeliveryLog
from shared.delivery.message import DeliveryMessage
from shared.delivery.policy import Decision, Delivered, Disable, Exhausted, Retry, RetryLimits, decide
from shared.delivery.queues import DeliveryQueues
from shared.delivery.record import DeliveryRecord, DeliveryState
from shared.events.event import Event, EventId
from shared.webhooks.registration import Registration
from shared.webhooks.usage import CallResult, UsageCounter


@dataclass(frozen=True)
class DeliveryProgress:
    """Takes deliveries from one state to the next; its fields are what it works with. All methods raise StorageDown.

    `now` returns the current time in UTC.
    """

    deliveries: DeliveryLog
    queues: DeliveryQueues
    usage: UsageCounter
    disabler: WebhookDisabler
    limits: RetryLimits
    now: Callable[[], datetime]

    def advance(
        self,
        message: DeliveryMessage,
        registration: Registration,
        event: Event,
        record: DeliveryRecord,
        attempt: Attempt,
    ) -> None:
        """Count an attempt, do what is decided, and write it down, in this order.

        `record` is the delivery before the attempt, `message` is the one that asked for it.
        """
        match self._decision(registration, event, record, attempt):
            case Delivered():
                self.deliveries.write(record.after(attempt, DeliveryState.DELIVERED))
            case Retry(delay):
                again = message.model_copy(update={"attempt": message.attempt + 1, "has_turn": False})
                self.queues.send(again, delay=delay)
                self.deliveries.write(record.after(attempt, DeliveryState.PENDING, self.now() + delay))
            case Exhausted():
                self.deliveries.write(record.after(attempt, DeliveryState.FAILED))
            case Disable():
                self.deliveries.write(record.after(attempt, DeliveryState.HELD))

    def hold(self, record: DeliveryRecord) -> None:
        """Keep a delivery for a replay, because its webhook is stopped or disabled."""
        self.deliveries.write(replace(record, state=DeliveryState.HELD, next_attempt_at=None))

    def replay(self, record: DeliveryRecord, event: Event | None) -> None:
        """Begin the delivery's next cycle: the same event, with the same EventId and the whole schedule.

        `event` goes into the message if it is given; otherwise it is read when the attempt is made. The message is sent
        first: a replay that is interrupted before the write is made all the same, and at worst shown late.
        """
        cycle, event_id = record.cycle + 1, EventId(record.event_id)
        self.queues.send(DeliveryMessage(event_id=event_id, webhook_id=record.webhook_id, cycle=cycle, event=event))
        begun = replace(record, state=DeliveryState.PENDING, cycle=cycle, attempts=0, next_attempt_at=self.now())
        self.deliveries.write(begun)

    def _decision(self, registration: Registration, event: Event, record: DeliveryRecord, attempt: Attempt) -> Decision:
        """Count the attempt and decide. Where the decision is Disable, the webhook is disabled already."""
        error = None if attempt.is_success else attempt.text
        usage = self.usage.count(registration.id, CallResult(event.id, attempt.at, error))
        decision = decide(
            attempt,
            attempts=record.attempts + 1,
            consecutive_errors=usage.consecutive_errors,
            limits=self.limits,
            jitter=random.random(),  # noqa: S311 - spreads the load
        )
        if isinstance(decision, Disable) and not self.disabler.disable_webhook(registration, event, attempt):
            return decision.otherwise
        return decision
