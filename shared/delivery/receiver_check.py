"""What a receiver must pass before a webhook is saved: the checks of its type, its consent, and a test event."""

import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from shared.callers.caller import Caller
from shared.delivery.attempt import MAX_TEXT, Attempt
from shared.delivery.callback import CONTEXT_IDENTIFIER, CallbackEvent
from shared.delivery.deliverer import Deliverer
from shared.delivery.redaction import Redaction
from shared.errors import FieldError
from shared.outbound.reply import why_no_answer
from shared.telemetry.spans import SpanKind, span
from shared.webhooks.associate import associate_of
from shared.webhooks.receiver_proof import ReceiverTestResult
from shared.webhooks.signals import HUB_SOURCE
from shared.webhooks.webhook import WebhookInput

_MAX_SHOWN = 500
"""Characters of an answer that are shown for a test event that failed."""
_MAX_REPEATED = 200
"""Characters of what a receiver sent that the refusal of a handshake may repeat."""


class ReceiverCheck:
    """Asks the same deliverers that deliver later, given by type. A webhook's type is checked when it is parsed.

    `now` returns the current time in UTC.
    """

    def __init__(self, deliverers: Mapping[str, Deliverer], now: Callable[[], datetime]) -> None:
        self._deliverers = deliverers
        self._now = now

    def refusals(self, webhook: WebhookInput, secret: str | None) -> list[FieldError]:
        """What keeps this webhook from being saved; no receiver is called."""
        return self._deliverers[webhook.type].refusals(webhook, secret)

    def test(
        self, webhook: WebhookInput, secrets: list[str], caller: Caller, *, known: Collection[str] = ()
    ) -> ReceiverTestResult:
        """Ask for consent and send one test event, signed with all of the secrets.

        Neither these secrets nor those in `known` stand in the result's message.
        """
        deliverer = self._deliverers[webhook.type]
        # Deliverers cut what they send; a receiver may also repeat what it was sent before.
        redaction = Redaction([*secrets, *known])
        consent = deliverer.ask_consent(webhook)
        if consent.refusal is not None:
            refusal = redaction.redact(consent.refusal, is_cut=len(consent.refusal) >= _MAX_REPEATED)
            return ReceiverTestResult(is_success=False, message=refusal)
        event = self._test_event(caller)
        with span("POST test", SpanKind.CLIENT, {"hub.webhook.type": webhook.type}) as called:
            attempt = deliverer.deliver(webhook, secrets, event, retry=0, at=event.timestamp)
            called.end_with({}, is_error=not attempt.is_success)
        text = redaction.redact(attempt.text, is_cut=len(attempt.text) >= MAX_TEXT)
        if attempt.is_success:
            return ReceiverTestResult(is_success=True, message=text, per_minute=consent.per_minute)
        return ReceiverTestResult(is_success=False, message=_what_came(attempt, text))

    def _test_event(self, caller: Caller) -> CallbackEvent:
        return CallbackEvent(
            event_id=str(uuid.uuid4()),
            event="test",
            body_event="test",
            timestamp=self._now(),
            primary_key=0,
            entity="test",
            changes=(),
            changed_by=associate_of(caller.user.id, is_application=caller.is_application).id,
            context_identifier=CONTEXT_IDENTIFIER,
            field_values={},
            source=HUB_SOURCE,
            is_test=True,
            hops=caller.hops,
        )


def _what_came(attempt: Attempt, text: str) -> str:
    answered = why_no_answer(attempt.error_class) if attempt.status is None else f"it was answered {attempt.status}"
    return f"{answered}: {text[:_MAX_SHOWN]}"
