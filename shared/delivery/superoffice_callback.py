"""Type `webhook`: the callback as SuperOffice sends it, signed both SuperOffice's way and by Standard Webhooks.

Source: docs/sources/superoffice.md 3.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.delivery.attempt import Attempt
from shared.delivery.callback import CallbackEvent, as_body, callback_content
from shared.delivery.custom_headers import request_headers
from shared.delivery.deliverer import ReceiverConsent
from shared.delivery.http_deliverer import HttpDeliverer
from shared.delivery.known_secrets import redaction_of
from shared.loops import TEST_HEADER, delivery_hops
from shared.outbound.reply import OnHead, nothing
from shared.webhooks.signing import is_private_key, standard_webhooks_headers, superoffice_signature
from shared.webhooks.webhook import WebhookInput


class SuperOfficeCallback(HttpDeliverer):
    """Posts the callback."""

    def ask_consent(self, webhook: WebhookInput) -> ReceiverConsent:
        """Always a yes: SuperOffice has no handshake, and the test event is the question."""
        return ReceiverConsent()

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
        """Post the event once."""
        body = as_body(callback_content(event, webhook.name, webhook.properties))
        headers = callback_headers(event, body, retry=retry, custom=webhook.headers, secrets=secrets, at=at)
        redaction = redaction_of(webhook, secrets)
        return self.post(webhook.target_url, headers, body, at=at, redaction=redaction, on_head=on_head)


def callback_headers(
    event: CallbackEvent,
    body: bytes,
    *,
    retry: int,
    custom: Mapping[str, str] | None,
    secrets: Sequence[str],
    at: datetime,
) -> dict[str, str]:
    """The headers of one attempt; raises InvalidSecret.

    `retry` is 0 for the first attempt. `custom` are the headers that the webhook's owner adds. `secrets` has the
    current one first, then older ones that still sign: SuperOffice's signature is made with the first, because it can
    carry only one, and not at all if that is a private key. `at` is the time of this attempt, and aware.
    """
    headers = request_headers(custom)
    headers |= {
        "Content-Type": "application/json; charset=utf-8",
        "X-SuperOffice-Event": event.event,
        "X-SuperOffice-EventId": event.event_id,
        **delivery_hops(event.hops),
    }
    if retry > 0:
        headers["X-SuperOffice-Retry"] = str(retry)
    if event.is_test:
        headers[TEST_HEADER] = "true"
    if secrets:
        if not is_private_key(secrets[0]):
            headers["X-SuperOffice-Signature"] = superoffice_signature(secrets[0], body)
        headers |= standard_webhooks_headers(event.event_id, int(at.timestamp()), body, secrets)
    return headers
