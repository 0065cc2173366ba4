"""The fingerprint of what a test event proved: another target, secret, type or headers need another test.

It is made of secrets that stand sealed in the same row, so it is keyed: without SECRETS_KEY nobody can find a secret by
trying which one fits. A hub without SECRETS_KEY has no secrets (it refuses them), and so nothing to hide: there it is a
plain digest, as the first version of the hub wrote it always.
"""

import hashlib
import json

from shared.storage.sealed import Sealer
from shared.webhooks.webhook import WebhookInput

_PURPOSE = "fingerprint of what was tested"
_KEYED = "hmac:"


class Fingerprints:
    """The fingerprints of one webhook, opened, with its secret: `current` is to be stored."""

    def __init__(self, webhook: WebhookInput, secret: str | None, sealer: Sealer) -> None:
        proved = [webhook.type, webhook.target_url, secret, sorted((webhook.headers or {}).items())]
        message = json.dumps(proved).encode("utf-8", "surrogatepass")
        plain = hashlib.sha256(message).hexdigest()
        keyed = [_KEYED + mark for mark in sealer.marks(_PURPOSE, message)]
        self.current = keyed[0] if keyed else plain
        self._all = frozenset((plain, *keyed))

    def has(self, stored: str) -> bool:
        """Whether a stored fingerprint is one of these: keyed with whichever of the keys, or of the plain form."""
        return stored in self._all
