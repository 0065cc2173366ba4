"""Type `webhook`: the callback as SuperOffice sends it, signed its way and by Standard Webhooks."""

from datetime import datetime

from shared.delivery.callback import Occurrence, callback_body, callback_headers
from shared.delivery.deliverer import Consent
from shared.delivery.http_deliverer import HttpDeliverer
from shared.delivery.known_secrets import redaction_of
from shared.delivery.outcome import Outcome
from shared.superoffice.entity import WebhookInput
from shared.version import __version__


class SuperOfficeCallback(HttpDeliverer):
    """Posts the callback of facts/superoffice.md 3."""

    def ask_consent(self, webhook: WebhookInput) -> Consent:
        """SuperOffice knows no handshake: the test event is the question."""
        return Consent()

    def deliver(
        self, webhook: WebhookInput, secrets: list[str], occurrence: Occurrence, *, attempt: int, now: datetime
    ) -> Outcome:
        """Make one attempt."""
        body = callback_body(occurrence, webhook.name, webhook.properties)
        headers = callback_headers(
            occurrence, body, version=__version__, attempt=attempt, custom=webhook.headers, secrets=secrets, now=now
        )
        return self.post(webhook.target_url, headers, body, redaction_of(webhook, secrets))
