"""What a target must pass before a webhook is saved: the checks of its type, its consent, and a test event."""

import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from shared.callers.caller import Caller
from shared.delivery.attempt import CONTEXT_IDENTIFIER
from shared.delivery.callback import CallbackEvent
from shared.delivery.deliverer import Deliverer
from shared.delivery.policy import MAX_TEXT, Outcome, Verdict
from shared.delivery.redaction import Redaction
from shared.errors import FieldError
from shared.webhooks.associate import associate_of
from shared.webhooks.receiver_test import ReceiverTestResult
from shared.webhooks.signals import HUB_SOURCE
from shared.webhooks.webhook import WebhookInput

_MAX_TEXT = 500
# Of what a receiver sent, in the refusal of a handshake.
_MAX_REPEATED = 200


class ReceiverCheck:
    """Asks the deliverers that deliver later; the type of a webhook was checked when it was parsed."""

    def __init__(self, deliverers: Mapping[str, Deliverer], now: Callable[[], datetime]) -> None:
        self._deliverers = deliverers
        self._now = now

    def refusals(self, webhook: WebhookInput, secret: str | None) -> list[FieldError]:
        """What the type has against this webhook; nobody is called."""
        return self._deliverers[webhook.type].refusals(webhook, secret)

    def test(
        self, webhook: WebhookInput, secrets: list[str], caller: Caller, *, known: Collection[str] = ()
    ) -> ReceiverTestResult:
        """Ask for consent and send one test event, signed with all of the secrets."""
        deliverer = self._deliverers[webhook.type]
        # Deliverers cut what they send; a receiver may also know what it was sent before.
        redaction = Redaction([*secrets, *known])
        consent = deliverer.ask_consent(webhook)
        if consent.refusal is not None:
            refusal = redaction.redact(consent.refusal, is_cut=len(consent.refusal) >= _MAX_REPEATED)
            return ReceiverTestResult(is_success=False, message=refusal)
        occurrence = self._test_event(caller)
        outcome = deliverer.deliver(webhook, secrets, occurrence, attempt=0, now=occurrence.timestamp)
        text = redaction.redact(outcome.text, is_cut=len(outcome.text) >= MAX_TEXT)
        if outcome.verdict is Verdict.DELIVERED:
            return ReceiverTestResult(is_success=True, message=text, per_minute=consent.per_minute)
        return ReceiverTestResult(is_success=False, message=_what_came(outcome, text))

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


def _what_came(outcome: Outcome, text: str) -> str:
    answered = f"{outcome.error_class}" if outcome.status is None else f"it was answered {outcome.status}"
    return f"{answered}: {text[:_MAX_TEXT]}"
