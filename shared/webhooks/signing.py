"""Signatures of a body: SuperOffice's, and those of Standard Webhooks. Pure.

One secret serves both, with different keys: SuperOffice's key is the text, Standard Webhooks' is what the text encodes
(docs/sources/superoffice.md 4, docs/sources/delivery.md 1).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

ENCODED = "whsec_"
"""What a secret begins with if base64 follows, as Standard Webhooks writes one."""


class InvalidSecret(ValueError):
    """A secret that cannot sign. The text says why and does not repeat it."""


def superoffice_signature(secret: str, body: bytes) -> str:
    """The value of X-SuperOffice-Signature: base64, without prefix or timestamp; raises InvalidSecret.

    The key is the text of the secret in UTF-8.
    """
    return _mac(_text(secret), body)


def standard_webhooks_headers(message_id: str, timestamp: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers of Standard Webhooks 1.0.0, with one `v1` signature per secret; raises InvalidSecret.

    `message_id` is the same for all attempts. `timestamp` is the time of this attempt in seconds since 1970. There are
    several secrets during a rotation: a receiver accepts a message if any signature fits.
    """
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    signatures = (f"v1,{_mac(secret_bytes(secret), signed)}" for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def check_secret(secret: str) -> None:
    """Raise InvalidSecret for a secret that cannot sign: an empty one, or `whsec_` without base64 after it."""
    secret_bytes(secret)


def secret_bytes(secret: str) -> bytes:
    """The key of Standard Webhooks' signatures: the decoded base64 after `whsec_`, for any other secret its UTF-8 text.

    Raises InvalidSecret.
    """
    if not secret.startswith(ENCODED):
        return _text(secret)
    encoded = secret.removeprefix(ENCODED)
    try:
        # Padding may be missing: the reference libraries accept that too.
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidSecret(f"what follows {ENCODED} in the secret is not base64") from None
    if not key:
        raise InvalidSecret(f"nothing follows {ENCODED} in the secret")
    return key


def _text(secret: str) -> bytes:
    if not secret:
        raise InvalidSecret("the secret is empty")
    try:
        return secret.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidSecret("the secret holds half a character (a lone surrogate)") from None


def _mac(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode("ascii")
