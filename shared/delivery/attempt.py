"""One attempt: the event as its receivers are told it, brought by the deliverer of the webhook's type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.delivery.callback import CallbackEvent
from shared.delivery.deliverer import Deliverer
from shared.delivery.policy import Outcome
from shared.events.event import Event
from shared.webhooks.associate import associate_of
from shared.webhooks.signals import HUB_SOURCE
from shared.webhooks.webhook import WebhookInput

CONTEXT_IDENTIFIER = "Default"
_INT32 = range(-(2**31), 2**31)
_LONGEST_INT32 = len(str(-(2**31)))


@dataclass(frozen=True)
class Made:
    """An attempt that was made: the verdict, when it began, and how long it took."""

    outcome: Outcome
    at: datetime
    duration: timedelta


class AttemptRunner:
    """Makes attempts. `now` gives the current time, in UTC."""

    def __init__(self, deliverers: Mapping[str, Deliverer], now: Callable[[], datetime]) -> None:
        self._deliverers = deliverers
        self._now = now

    def call(self, webhook: WebhookInput, secrets: list[str], event: Event, *, attempt: int) -> Made:
        """Make one attempt; `attempt` counts from 0. Never raises for what a receiver does."""
        at = self._now()
        deliverer = self._deliverers[webhook.type]
        outcome = deliverer.deliver(webhook, secrets, occurrence_of(event), attempt=attempt, now=at)
        # A clock that was set back must not make it negative.
        return Made(outcome, at, max(self._now() - at, timedelta(0)))


def occurrence_of(event: Event) -> CallbackEvent:
    """The event as its receivers are told it; the same for every webhook. Pure."""
    # SuperOffice's samples name the id of a webhook in the header only.
    is_ours = event.source == HUB_SOURCE
    return CallbackEvent(
        event_id=event.id,
        event=event.type,
        body_event=f"webhook.{event.type.rpartition('.')[2]}" if is_ours else event.type,
        timestamp=event.received_at,
        primary_key=_int32(event.entity_id),
        entity=event.entity,
        changes=event.changes,
        changed_by=0 if is_ours else associate_of(event.initiator, is_application=False).id,
        context_identifier=CONTEXT_IDENTIFIER,
        field_values=event.field_values,
        source=event.source_kind,
        values=event.values,
        record_id=event.entity_id,
        hops=event.hops,
    )


def _int32(text: str) -> int:
    """The key of a record as SuperOffice has it, 0 for one that is no integer."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(text) <= _LONGEST_INT32):
        return 0
    return int(text) if int(text) in _INT32 else 0
