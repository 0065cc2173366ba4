"""The fingerprint of what a test event proved: another target, secret, type or headers need another test.

It is made of secrets that are sealed in the same row, so it is keyed: without SECRETS_KEY nobody can find a secret by
trying which one fits. A hub without SECRETS_KEY refuses secrets and has nothing to hide: there the fingerprint is a
plain digest, as it always was in the first version.
"""

import hashlib
import json

from shared.storage.sealed import Sealer
from shared.webhooks.webhook import WebhookInput

_PURPOSE = "fingerprint of what was tested"
_KEYED = "hmac:"


class Fingerprints:
    """The fingerprints of one opened webhook with its secret; `current` is the one to store."""

    def __init__(self, webhook: WebhookInput, secret: str | None, sealer: Sealer) -> None:
        proved = [webhook.type, webhook.target_url, secret, sorted((webhook.headers or {}).items())]
        message = json.dumps(proved).encode("utf-8", "surrogatepass")
        plain = hashlib.sha256(message).hexdigest()
        keyed = [_KEYED + mark for mark in sealer.marks(_PURPOSE, message)]
        self.current = keyed[0] if keyed else plain
        self._all = frozenset((plain, *keyed))

    def has(self, stored: str) -> bool:
        """True if a stored fingerprint is one of these, keyed with any of the keys or plain."""
        return stored in self._all
