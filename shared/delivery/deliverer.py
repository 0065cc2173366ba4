"""What a type of webhook must be able to do.

A new type is one module here, one line in make_deliverers (shared/hub/receivers.py), and its name in WEBHOOK_TYPES
(shared/webhooks/webhook.py).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.delivery.attempt import Attempt
from shared.delivery.callback import CallbackEvent
from shared.errors import FieldError
from shared.outbound.reply import OnHead, nothing
from shared.webhooks.webhook import WebhookInput


@dataclass(frozen=True)
class ReceiverConsent:
    """Whether a receiver wants to be called: `refusal` says why not, and is None for a yes.

    `per_minute` is how many requests it allows a minute, None for any number.
    """

    refusal: str | None = None
    per_minute: int | None = None


class Deliverer(Protocol):
    """Brings events to the receivers of one type."""

    def refusals(self, webhook: WebhookInput, secret: str | None) -> list[FieldError]:
        """What keeps this webhook from being saved; no receiver is called."""
        ...

    def ask_consent(self, webhook: WebhookInput) -> ReceiverConsent:
        """Ask the receiver whether it wants to be called, if the type has a handshake."""
        ...

    def deliver(
        self,
        webhook: WebhookInput,
        secrets: list[str],
        event: CallbackEvent,
        *,
        retry: int,
        at: datetime,
        on_head: OnHead = nothing,
    ) -> Attempt:
        """Make one attempt. Never raises for what a receiver does.

        `secrets` has the current one first. `retry` is 0 for the first attempt. `at` is the current time, and aware.
        `on_head` is called once, when the receiver has answered and before the answer is read; never without an answer.
        """
        ...
