"""What a target must pass before a webhook is saved: the policy of every delivery, and a test event answered 2xx."""

import uuid
from collections.abc import Callable
from datetime import datetime

from shared.callers.caller import Caller
from shared.delivery.callback import Occurrence, callback_body, callback_headers
from shared.delivery.custom_headers import check_custom_headers
from shared.delivery.exchange import OutgoingRequest, Reply
from shared.delivery.failures import DeliveryFailed
from shared.delivery.resolution import NameNotResolved
from shared.delivery.signing import InvalidSecret, check_secret
from shared.delivery.target_policy import TargetRefused
from shared.delivery.transport import Transport
from shared.errors import FieldError
from shared.superoffice.associate import associate_of
from shared.superoffice.entity import WebhookInput
from shared.version import __version__

CONTEXT_IDENTIFIER = "Default"
_MOST_REPLY = 500


class ReceiverCheck:
    """Asks policy and receiver; the transport is the one that deliveries use."""

    def __init__(self, transport: Transport, now: Callable[[], datetime]) -> None:
        self._transport = transport
        self._now = now

    def refusals(self, webhook: WebhookInput, secret: str | None) -> list[FieldError]:
        """What is wrong with target, headers and secret; the host's name is resolved, and nobody is called."""
        wrong = [
            FieldError(f"#/Headers/{name}", f"Headers: {name}: {reason}")
            for name, reason in check_custom_headers(webhook.headers or {})
        ]
        try:
            check_secret(secret or " ")
        except InvalidSecret as error:
            wrong.append(FieldError("#/Secret", f"Secret: {error}"))
        try:
            self._transport.vet(webhook.target_url)
        except TargetRefused as error:
            wrong.append(FieldError("#/TargetUrl", f"TargetUrl: {error.detail} (rule: {error.rule})"))
        except (NameNotResolved, TimeoutError) as error:
            wrong.append(FieldError("#/TargetUrl", f"TargetUrl: {error} (rule: address)"))
        return wrong

    def test(self, webhook: WebhookInput, secret: str | None, caller: Caller) -> str | None:
        """Send one test event; None where it was answered 2xx, else what happened."""
        occurrence = self._test_event(caller)
        body = callback_body(occurrence, webhook.name, webhook.properties)
        headers = callback_headers(
            occurrence,
            body,
            version=__version__,
            attempt=0,
            custom=webhook.headers,
            secrets=[secret] if secret else [],
            now=occurrence.timestamp,
        )
        try:
            reply = self._transport.send(OutgoingRequest("POST", webhook.target_url, headers, body))
        except DeliveryFailed as error:
            return f"{error.error_class}: {error.detail}"
        return None if reply.is_success else _what_came(reply)

    def _test_event(self, caller: Caller) -> Occurrence:
        associate = associate_of(caller.user.id, is_application=caller.is_application)
        return Occurrence(
            event_id=str(uuid.uuid4()),
            event="test",
            body_event="test",
            timestamp=self._now(),
            primary_key=0,
            entity="test",
            changes=(),
            changed_by=associate.id,
            context_identifier=CONTEXT_IDENTIFIER,
            field_values={},
            is_test=True,
        )


def _what_came(reply: Reply) -> str:
    text = reply.body.decode("utf-8", "replace").strip()[:_MOST_REPLY]
    return f"it was answered {reply.status}" + (f": {text}" if text else "")
