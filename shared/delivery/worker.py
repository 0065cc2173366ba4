"""Works on one message of the queue `deliveries`: at most one attempt to deliver one event to one webhook.

See docs/architecture.md "Delivery"; what follows the attempt is in progress.py.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.delivery.allowed_rate import AllowedRate
from shared.delivery.attempt import Attempt
from shared.delivery.attempt_runner import AttemptRunner
from shared.delivery.bulkhead import ReceiverBulkhead
from shared.delivery.log import DeliveryLog
from shared.delivery.message import DeliveryMessage, parse_delivery_message
from shared.delivery.progress import DeliveryProgress
from shared.delivery.queues import DeliveryQueues
from shared.delivery.record import DeliveryRecord, new_record
from shared.events.event import Event
from shared.events.store import EventStore
from shared.webhooks.registration import Registration
from shared.webhooks.registry import WebhookRegistry
from shared.webhooks.rotation import old_secrets_at

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeliveryWorker:
    """Decides whether an attempt may be made now, and makes it; its fields are what it works with.

    `now` returns the current time in UTC.
    """

    registry: WebhookRegistry
    events: EventStore
    deliveries: DeliveryLog
    queues: DeliveryQueues
    bulkhead: ReceiverBulkhead
    rate: AllowedRate
    runner: AttemptRunner
    progress: DeliveryProgress
    now: Callable[[], datetime]

    def work(self, body: bytes, *, is_slow_lane: bool) -> None:
        """Handle one message; after an exception the host tries it again.

        Raises UnrecognizedMessage for a message that the hub never sent, Misconfigured if no key opens the webhook's
        secrets, and Unavailable in an outage.
        """
        message = parse_delivery_message(body)
        registration = self.registry.get(message.webhook_id)
        event = self._event(message)
        if event and message.is_first and (registration is None or event.type not in registration.webhook.events):
            # The index of subscriptions may list too much; the registration decides.
            log.info("event %s is not wanted by webhook %d, or that is gone", message.event_id, message.webhook_id)
            self.registry.prune(event.type, message.webhook_id)
        elif registration is None or event is None:
            log.info("nothing to deliver: event %s or webhook %d is gone", message.event_id, message.webhook_id)
        else:
            self._work_in_lane(message, registration, event, is_slow_lane=is_slow_lane)

    def _event(self, message: DeliveryMessage) -> Event | None:
        if message.event is not None:
            return message.event
        return self.events.get(message.event_id)

    def _work_in_lane(
        self, message: DeliveryMessage, registration: Registration, event: Event, *, is_slow_lane: bool
    ) -> None:
        """Deliver if the bulkhead has a place for it; otherwise pass the message to the slow lane."""
        with self.bulkhead.acquire(registration.id, event.id, is_slow_lane=is_slow_lane) as acquired:
            if acquired:
                # The place is kept until the attempt is written down, so that a doubled message finds it there.
                self._deliver(message, registration, event)
                return
        seconds = self.bulkhead.pause_seconds(registration.id) if is_slow_lane else 0
        self.queues.send_slow(message, delay=timedelta(seconds=seconds))

    def _deliver(self, message: DeliveryMessage, registration: Registration, event: Event) -> None:
        if registration.is_active and not self.rate.admit(message, registration):
            return
        registration = self._without_expired_secrets(registration)
        record = self.deliveries.get(registration.id, event) or new_record(registration.id, event)
        if record.is_past(message.cycle, message.attempt):
            return
        record = replace(record, cycle=message.cycle, attempts=message.attempt)
        if registration.is_active:
            self.progress.advance(message, registration, event, record, self._attempt(registration, event, record))
        else:
            self.progress.hold(record)

    def _without_expired_secrets(self, registration: Registration) -> Registration:
        """The registration with those old secrets that still sign; the others are removed from storage too."""
        valid = old_secrets_at(self.now(), registration)
        if valid == registration.old_secrets:
            return registration
        return self.registry.keep_old_secrets(registration, valid)

    def _attempt(self, registration: Registration, event: Event, record: DeliveryRecord) -> Attempt:
        attempt = self.runner.run(registration, event, retry=record.attempts)
        seconds = attempt.duration.total_seconds()
        self.bulkhead.record_latency(registration.id, succeeded=attempt.is_success, seconds=seconds)
        return attempt
