"""Works on one message of the queue `deliveries`: at most one attempt to deliver one event to one webhook.

See docs/architecture.md "Delivery"; what follows the attempt is in progress.py, and how the receiver's pace is kept in
the package pace.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.delivery.attempt_runner import AttemptRunner
from shared.delivery.claims import Claims, Foreign
from shared.delivery.log import DeliveryLog
from shared.delivery.made_attempts import MadeAttempt, MadeAttempts
from shared.delivery.message import DeliveryMessage, parse_delivery_message
from shared.delivery.pace.bulkhead import Place
from shared.delivery.pace.circuit import Blocked
from shared.delivery.pace.gate import Admitted, PaceGate, outcome_of
from shared.delivery.pace.places import Verdict
from shared.delivery.progress import DeliveryProgress
from shared.delivery.queues import DeliveryQueues
from shared.delivery.record import DeliveryRecord, new_record
from shared.events.event import Event
from shared.events.store import EventStore
from shared.telemetry.lines import tell
from shared.telemetry.tracing import about_event
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
    gate: PaceGate
    claims: Claims
    runner: AttemptRunner
    progress: DeliveryProgress
    made: MadeAttempts
    now: Callable[[], datetime]

    def work(self, body: bytes, *, message_id: str = "", dequeue_count: int = 1) -> None:
        """Handle one message; after an exception the host tries it again.

        `message_id` is the queue's own, the same each time the message comes. Raises UnrecognizedMessage for a message
        that the hub never sent, Misconfigured if no key opens the webhook's secrets, and Unavailable in an outage.
        """
        message = parse_delivery_message(body)
        if dequeue_count > 1:
            message = message.model_copy(update={"repeat": True})
        # Whatever fails from here on is told with the event.
        with about_event(message.event_id, message.traceparent):
            registration = self.registry.get_shared(message.webhook_id)
            event = self._event(message)
        with about_event(message.event_id, message.traceparent or (event.traceparent if event else None)):
            self._handle(message, registration, event, message_id)

    def _handle(
        self, message: DeliveryMessage, registration: Registration | None, event: Event | None, message_id: str
    ) -> None:
        if event and message.is_first and (registration is None or event.type not in registration.webhook.events):
            # The index of subscriptions may list too much; the registration decides.
            _tell_dropped(message, "unwanted")
            self.registry.prune(event.type, message.webhook_id)
        elif registration is None or event is None:
            _tell_dropped(message, "gone")
        elif (made := self.made.get(message_id)) is not None:
            self._write_down(made, message, registration, event, message_id)
        elif event.forgotten:
            self._end_forgotten(message, event)
        elif registration.is_active:
            self._admit(message, registration, event, message_id)
        else:
            self._hold(message, registration, event)

    def _event(self, message: DeliveryMessage) -> Event | None:
        if message.event is not None:
            return message.event
        event = self.events.get(message.event_id)
        if event is None or not event.trimmed or event.forgotten:
            return event
        # What a trimmed event was completed with stands in the log alone.
        return self.events.dispatched(event) or event

    def _end_forgotten(self, message: DeliveryMessage, event: Event) -> None:
        _tell_dropped(message, "forgotten")
        record = self.deliveries.get(message.webhook_id, event) or new_record(message.webhook_id, event)
        if not record.forgotten:
            self.deliveries.write(record.as_forgotten(self.now()))
        if message.probe is not None:
            self.gate.end_probe(message.webhook_id, message.probe)

    def _hold(self, message: DeliveryMessage, registration: Registration, event: Event) -> None:
        record = self._unmade(message, self._stored(message, event), registration, event)
        if record is not None:
            self.progress.hold(record)

    def _admit(self, message: DeliveryMessage, registration: Registration, event: Event, message_id: str) -> None:
        """Attempt the delivery if its receiver's pace allows it now; otherwise park it."""
        admitted = self.gate.admit(registration, message.probe, has_turn=message.has_turn)
        if isinstance(admitted, Blocked):
            self._park(message, registration, event, admitted)
            return
        with self.gate.bulkhead.acquire(registration.id, event.id, admitted.pace, is_probe=admitted.is_probe) as place:
            if isinstance(place, Place):
                # The place is kept until the attempt is written down, so that a doubled message finds it there.
                self._attempt_in(place, admitted, message, registration, event, message_id)
                return
        if place is Verdict.UNDER_WAY:
            self._come_again(message, self.claims.lasts)
        else:
            self._park(message, registration, event, self.gate.no_place(registration.id))

    def _park(self, message: DeliveryMessage, registration: Registration, event: Event, stopped: Blocked) -> None:
        stored = self._stored(message, event)
        record = self._unmade(message, stored, registration, event)
        if record is not None:
            self.progress.wait(message, event, record if stored else None, stopped)

    def _attempt_in(
        self,
        place: Place,
        admitted: Admitted,
        message: DeliveryMessage,
        registration: Registration,
        event: Event,
        message_id: str,
    ) -> None:
        stopped = self.gate.still_blocked(registration, admitted)
        if stopped is not None:
            self._park(message, registration, event, stopped)
            return
        # What carries no event finds its delivery forgotten.
        is_carried = message.event is not None
        if is_carried and self.progress.forgotten.contains(registration.id, event, has_waited=place.has_waited):
            self._end_forgotten(message, event)
            if admitted.is_probe:
                self.gate.end_probe(registration.id)
            return
        registration = self._without_expired_secrets(registration)
        record = self._record(message, registration, event, message_id)
        if record is None:
            if admitted.is_probe:
                self.gate.end_probe(registration.id)
            return
        began = self.gate.now()
        attempt = self.runner.run(registration, event, retry=record.attempts, on_head=place.head)
        place.ended(succeeded=attempt.is_success)
        outcome = outcome_of(attempt, event.id, began, is_quick=place.is_quick, is_probe=admitted.is_probe)
        made = MadeAttempt(attempt, outcome)
        self.made.keep(message_id, made)
        self.progress.advance(message, registration, event, record, made)
        self.made.forget(message_id)

    def _write_down(
        self,
        made: MadeAttempt,
        message: DeliveryMessage,
        registration: Registration,
        event: Event,
        message_id: str,
    ) -> None:
        """Write down an attempt that this process made when the message came before, where storage failed after it."""
        record = self._record(message, registration, event, message_id)
        if record is not None:
            self.progress.advance(message, registration, event, record, made)
        self.made.forget(message_id)

    def _record(
        self, message: DeliveryMessage, registration: Registration, event: Event, message_id: str
    ) -> DeliveryRecord | None:
        """The delivery before this attempt; None if the attempt was made, or is about to be made by another message."""
        if not message.repeat:
            return self._unmade(message, self._stored(message, event), registration, event)
        claimed = self.claims.claim(message, registration.id, event, message_id)
        if isinstance(claimed, Foreign):
            self._come_again(message, claimed.wait)
            return None
        return None if claimed is None else self._unmade(message, claimed, registration, event)

    def _stored(self, message: DeliveryMessage, event: Event) -> DeliveryRecord | None:
        return None if message.is_new else self.deliveries.get(message.webhook_id, event)

    def _unmade(
        self, message: DeliveryMessage, record: DeliveryRecord | None, registration: Registration, event: Event
    ) -> DeliveryRecord | None:
        """The record as the message sees it; None if the attempt that the message asks for was made."""
        record = record or new_record(registration.id, event)
        if record.is_past(message.cycle, message.attempt):
            return None
        return replace(record, cycle=message.cycle, attempts=message.attempt)

    def _come_again(self, message: DeliveryMessage, wait: timedelta) -> None:
        """Another message makes this very attempt; nobody ends because of it, for it may die."""
        self.queues.send(message.model_copy(update={"repeat": True}), delay=wait)

    def _without_expired_secrets(self, registration: Registration) -> Registration:
        """The registration with those old secrets that still sign; the others are removed from storage too."""
        valid = old_secrets_at(self.now(), registration)
        if valid == registration.old_secrets:
            return registration
        return self.registry.keep_old_secrets(registration, valid)


def _tell_dropped(message: DeliveryMessage, reason: str) -> None:
    tell(log, "delivery.dropped", {"webhook": message.webhook_id, "reason": reason})
