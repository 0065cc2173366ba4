"""One attempt: the event in the form of the webhook's type, signed, sent, and judged."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.delivery.callback import Occurrence, callback_body, callback_headers
from shared.delivery.exchange import OutgoingRequest
from shared.delivery.failures import DeliveryFailed
from shared.delivery.outcome import Outcome, judge_failure, judge_reply
from shared.delivery.transport import Transport
from shared.events.event import Event
from shared.superoffice.associate import associate_of
from shared.superoffice.entity import WebhookInput
from shared.version import __version__
from shared.webhooks.signals import HUB_SOURCE

CONTEXT_IDENTIFIER = "Default"
_INT32 = range(-(2**31), 2**31)


@dataclass(frozen=True)
class Made:
    """An attempt that was made: the verdict, when it began, and how long it took."""

    outcome: Outcome
    at: datetime
    duration: timedelta


class Caller:
    """Calls receivers. `now` gives the current time, in UTC."""

    def __init__(self, transport: Transport, now: Callable[[], datetime]) -> None:
        self._transport = transport
        self._now = now

    def call(self, webhook: WebhookInput, secrets: list[str], event: Event, *, attempt: int) -> Made:
        """Make one attempt; `attempt` counts from 0. Never raises for what a receiver does."""
        at = self._now()
        occurrence = occurrence_of(event)
        body = callback_body(occurrence, webhook.name, webhook.properties)
        headers = callback_headers(
            occurrence, body, version=__version__, attempt=attempt, custom=webhook.headers, secrets=secrets, now=at
        )
        try:
            reply = self._transport.send(OutgoingRequest("POST", webhook.target_url, headers, body))
            outcome = judge_reply(reply, self._now())
        except DeliveryFailed as failure:
            outcome = judge_failure(failure)
        return Made(outcome, at, max(self._now() - at, timedelta(0)))


def occurrence_of(event: Event) -> Occurrence:
    """The event as its receivers are told it; the same for every webhook. Pure."""
    key = int(event.entity_id) if event.entity_id.lstrip("-").isdecimal() and len(event.entity_id) <= 11 else 0
    # SuperOffice's samples name the id of a webhook in the header only.
    is_ours = event.source == HUB_SOURCE
    return Occurrence(
        event_id=event.id,
        event=event.type,
        body_event=f"webhook.{event.type.rpartition('.')[2]}" if is_ours else event.type,
        timestamp=event.received_at,
        primary_key=key if key in _INT32 else 0,
        entity=event.entity,
        changes=event.changes,
        changed_by=0 if is_ours else associate_of(event.initiator, is_application=False).id,
        context_identifier=CONTEXT_IDENTIFIER,
        field_values=event.field_values,
        values=event.values,
    )
