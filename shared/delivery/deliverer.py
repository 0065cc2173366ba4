"""What a type of webhook must be able to do. A new type is one module, and one line in deliverers.py."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.delivery.callback import CallbackEvent
from shared.delivery.policy import Outcome
from shared.errors import FieldError
from shared.webhooks.webhook import WebhookInput


@dataclass(frozen=True)
class RetryConsent:
    """A receiver's word: `refusal` says why not to call it, None is a yes; `per_minute` is None for any number."""

    refusal: str | None = None
    per_minute: int | None = None


class Deliverer(Protocol):
    """Brings events to the receivers of one type."""

    def refusals(self, webhook: WebhookInput, secret: str | None) -> list[FieldError]:
        """What keeps this webhook from being saved; nobody is called."""
        ...

    def ask_consent(self, webhook: WebhookInput) -> RetryConsent:
        """Ask the receiver whether it wants to be called, where the type has a way to."""
        ...

    def deliver(
        self, webhook: WebhookInput, secrets: list[str], occurrence: CallbackEvent, *, attempt: int, now: datetime
    ) -> Outcome:
        """Make one attempt; `attempt` counts from 0. Never raises for what a receiver does."""
        ...
