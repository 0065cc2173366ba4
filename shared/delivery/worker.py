"""Works on one message of the queue `deliveries`: one attempt to deliver one event to one webhook.

See docs/architecture.md "Delivery".

The order of steps makes every one of them repeatable. The next attempt is scheduled before this one is written down: a
host that dies in between makes an attempt twice, and never none.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from shared.delivery.attempt import AttemptRunner, Made
from shared.delivery.bulkhead import ReceiverBulkhead
from shared.delivery.disabling import WebhookDisabler
from shared.delivery.log import DeliveryLog
from shared.delivery.message import DeliveryMessage, parse_delivery_message
from shared.delivery.policy import Verdict, next_delay
from shared.delivery.queues import DeliveryQueues
from shared.delivery.record import DeliveryRecord, DeliveryState, attempt_of, new_record
from shared.events.event import Event
from shared.events.store import EventStore
from shared.storage.sealed import Sealer
from shared.webhooks.registration import Registration
from shared.webhooks.registry import WebhookRegistry
from shared.webhooks.rotation import old_secrets_at, signing_secrets
from shared.webhooks.sealing import opened_webhook
from shared.webhooks.usage import CallResult, UsageCounter

_A_DAY = timedelta(days=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeliveryParts:
    """What a worker works with."""

    registry: WebhookRegistry
    events: EventStore
    deliveries: DeliveryLog
    queues: DeliveryQueues
    usage: UsageCounter
    sealer: Sealer
    caller: AttemptRunner
    disabling: WebhookDisabler
    lanes: ReceiverBulkhead


class DeliveryWorker:
    """Makes attempts. `retry_delays` are seconds; `disable_after` is a number of consecutive failed attempts."""

    def __init__(
        self, parts: DeliveryParts, retry_delays: tuple[int, ...], disable_after: int, now: Callable[[], datetime]
    ) -> None:
        self._parts = parts
        self._retry_delays = retry_delays
        self._disable_after = disable_after
        self._now = now

    def work(self, body: bytes, *, is_slow_lane: bool) -> None:
        """Handle one message; raises NotOurs, and Unavailable in an outage. The host then tries it again."""
        message = parse_delivery_message(body)
        registration = self._parts.registry.get(message.webhook_id)
        event = self._event(message)
        is_first = message.cycle == 0 and message.attempt == 0
        if is_first and event and (registration is None or event.type not in registration.webhook.events):
            # The index of subscriptions may list too much; the registration decides.
            log.info("event %s is not wanted by webhook %d, or that is gone", message.event_id, message.webhook_id)
            self._parts.registry.prune(event.type, message.webhook_id)
            return
        if registration is None or event is None:
            log.info("nothing to deliver: event %s or webhook %d is gone", message.event_id, message.webhook_id)
            return
        with self._parts.lanes.enter(registration.id, event.id, is_slow_lane=is_slow_lane) as entered:
            if entered:
                # The place is kept until the attempt is written down, so that a doubled message finds it there.
                self._deliver(message, registration, event)
                return
        delay = self._parts.lanes.pause_seconds(registration.id) if is_slow_lane else 0
        self._parts.queues.send_slow(message, delay_seconds=delay)

    def _deliver(self, message: DeliveryMessage, registration: Registration, event: Event) -> None:
        if registration.is_active and not (message.has_turn or self._is_its_turn(message, registration)):
            return
        if (valid := old_secrets_at(self._now(), registration)) != registration.old_secrets:
            registration = self._parts.registry.keep_old_secrets(registration, valid)
        record = self._parts.deliveries.get(registration.id, event) or new_record(registration.id, event)
        if record.is_past(message.cycle, message.attempt):
            return
        record = replace(record, cycle=message.cycle, attempts=message.attempt)
        if registration.is_active:
            self._settle(message, registration, event, record, self._call(registration, event, record))
        else:
            self._parts.deliveries.write(replace(record, state=DeliveryState.HELD, next_attempt_at=None))

    def _is_its_turn(self, message: DeliveryMessage, registration: Registration) -> bool:
        """Whether the receiver's rate allows a request now; if not, the message comes again when it does."""
        if registration.per_minute is None:
            return True
        now = self._now()
        turn = self._parts.usage.next_turn(registration.id, registration.per_minute, now)
        if turn is not None and turn <= now:
            return True
        later = message.model_copy(update={"has_turn": turn is not None})
        self._parts.queues.send(later, delay_seconds=_whole_seconds(turn - now if turn else _A_DAY))
        return False

    def _event(self, message: DeliveryMessage) -> Event | None:
        if message.event is not None:
            return message.event
        return self._parts.events.get(message.event_id)

    def _call(self, registration: Registration, event: Event, record: DeliveryRecord) -> Made:
        secrets = signing_secrets(registration, self._parts.sealer, self._now())
        webhook = opened_webhook(registration, self._parts.sealer)
        made = self._parts.caller.call(webhook, secrets, event, attempt=record.attempts)
        delivered = made.outcome.verdict is Verdict.DELIVERED
        self._parts.lanes.report(registration.id, succeeded=delivered, seconds=made.duration.total_seconds())
        return made

    def _settle(
        self,
        message: DeliveryMessage,
        registration: Registration,
        event: Event,
        record: DeliveryRecord,
        made: Made,
    ) -> None:
        """Count, disable where it must be, schedule what comes next, and write it down, in this order."""
        outcome = made.outcome
        attempt = attempt_of(outcome, made.at, made.duration.total_seconds())
        error = None if outcome.verdict is Verdict.DELIVERED else outcome.text
        usage = self._parts.usage.count(registration.id, CallResult(event.id, made.at, error))
        if error is None:
            self._parts.deliveries.write(record.after(attempt, DeliveryState.DELIVERED, None))
            return
        is_too_much = outcome.verdict is Verdict.GONE or usage.consecutive_errors >= self._disable_after
        if is_too_much and self._parts.disabling.disable(registration, event, outcome):
            self._parts.deliveries.write(record.after(attempt, DeliveryState.HELD, None))
            return
        delay = next_delay(self._retry_delays, record.attempts + 1, outcome.wait, random.random())  # noqa: S311 - jitter
        if delay is None:
            self._parts.deliveries.write(record.after(attempt, DeliveryState.FAILED, None))
            return
        self._schedule(message, delay)
        self._parts.deliveries.write(record.after(attempt, DeliveryState.PENDING, self._now() + delay))

    def _schedule(self, message: DeliveryMessage, delay: timedelta) -> None:
        again = message.model_copy(update={"attempt": message.attempt + 1, "has_turn": False})
        self._parts.queues.send(again, delay_seconds=_whole_seconds(delay))


def _whole_seconds(delay: timedelta) -> int:
    # What a queue knows; rounded up, because an attempt is never early.
    return ceil(delay.total_seconds())
