"""Type `webhook`: the callback as SuperOffice sends it, signed its way and by Standard Webhooks."""

from datetime import datetime

from shared.delivery.callback import CallbackEvent, callback_body, callback_headers
from shared.delivery.deliverer import RetryConsent
from shared.delivery.http_deliverer import HttpDeliverer
from shared.delivery.known_secrets import redaction_of
from shared.delivery.policy import Outcome
from shared.version import __version__
from shared.webhooks.webhook import WebhookInput


class SuperOfficeCallback(HttpDeliverer):
    """Posts the callback of docs/sources/superoffice.md 3."""

    def ask_consent(self, webhook: WebhookInput) -> RetryConsent:
        """SuperOffice knows no handshake: the test event is the question."""
        return RetryConsent()

    def deliver(
        self, webhook: WebhookInput, secrets: list[str], occurrence: CallbackEvent, *, attempt: int, now: datetime
    ) -> Outcome:
        """Make one attempt."""
        body = callback_body(occurrence, webhook.name, webhook.properties)
        headers = callback_headers(
            occurrence, body, version=__version__, attempt=attempt, custom=webhook.headers, secrets=secrets, now=now
        )
        return self.post(webhook.target_url, headers, body, redaction_of(webhook, secrets))
