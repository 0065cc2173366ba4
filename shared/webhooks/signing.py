"""Signatures of a body: SuperOffice's, and those of Standard Webhooks. Pure.

One secret serves both, with different keys: SuperOffice's key is the text, Standard Webhooks' is what the text encodes
(docs/sources/superoffice.md 4, docs/sources/delivery.md 1). A private key (`whsk_`) signs with ed25519, so that
receivers hold nothing that could sign; SuperOffice knows no such signature.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ENCODED = "whsec_"
"""What a secret begins with if base64 follows, as Standard Webhooks writes one."""

PRIVATE = "whsk_"
"""What a secret begins with if the base64 of a private key follows."""

PUBLIC = "whpk_"
"""What the public key of such a secret begins with: receivers verify with it."""

_SEED_BYTES = 32


class InvalidSecret(ValueError):
    """A secret that cannot sign. The text says why and does not repeat it."""


def superoffice_signature(secret: str, body: bytes) -> str:
    """The value of X-SuperOffice-Signature: base64, without prefix or timestamp; raises InvalidSecret.

    The key is the text of the secret in UTF-8.
    """
    return _mac(_text(secret), body)


def standard_webhooks_headers(message_id: str, timestamp: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers of Standard Webhooks 1.0.0, with one signature per secret; raises InvalidSecret.

    A signature is `v1a` by a private key, `v1` by any other secret.

    `message_id` is the same for all attempts. `timestamp` is the time of this attempt in seconds since 1970. There are
    several secrets during a rotation: a receiver accepts a message if any signature fits.
    """
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    signatures = (_signature(secret, signed) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def check_secret(secret: str) -> None:
    """Raise InvalidSecret for a secret that cannot sign.

    That is an empty one, `whsec_` without base64 after it, or `whsk_` without a private key after it.
    """
    if secret.startswith(PRIVATE):
        private_bytes(secret)
    secret_bytes(secret)


def is_private_key(secret: str) -> bool:
    """Whether a secret signs with ed25519. One with `whsk_` that is no key is a text: an earlier version took such."""
    try:
        return bool(private_bytes(secret))
    except InvalidSecret:
        return False


def public_key_of(secret: str | None) -> str | None:
    """The public key of a private one, `whpk_` and base64; None for any other secret."""
    if secret is None or not is_private_key(secret):
        return None
    public = _private_key(private_bytes(secret)).public_key().public_bytes_raw()
    return f"{PUBLIC}{base64.b64encode(public).decode('ascii')}"


def private_bytes(secret: str) -> bytes:
    """The seed of a private key, 32 bytes; raises InvalidSecret for what is none.

    Behind `whsk_` is the base64 of the seed, or of the seed and the public key that belongs to it.
    """
    if not secret.startswith(PRIVATE):
        raise InvalidSecret(f"the secret does not begin with {PRIVATE}")
    key = _decoded(secret, PRIVATE)
    seed, public = key[:_SEED_BYTES], key[_SEED_BYTES:]
    if len(key) not in {_SEED_BYTES, 2 * _SEED_BYTES}:
        raise InvalidSecret(
            f"what follows {PRIVATE} in the secret is not a key of 32 bytes, or of 64 with its public half"
        )
    if public and _private_key(seed).public_key().public_bytes_raw() != public:
        raise InvalidSecret(f"the second half of what follows {PRIVATE} in the secret is not its public key")
    return seed


def secret_bytes(secret: str) -> bytes:
    """The key of Standard Webhooks' signatures: the decoded base64 after `whsec_`, for any other secret its UTF-8 text.

    Raises InvalidSecret. A private key has none.
    """
    if not secret.startswith(ENCODED):
        return _text(secret)
    return _decoded(secret, ENCODED)


def _decoded(secret: str, prefix: str) -> bytes:
    encoded = secret.removeprefix(prefix)
    try:
        # Padding may be missing: the reference libraries accept that too.
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidSecret(f"what follows {prefix} in the secret is not base64") from None
    if not key:
        raise InvalidSecret(f"nothing follows {prefix} in the secret")
    return key


def _private_key(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)


def _signature(secret: str, signed: bytes) -> str:
    if is_private_key(secret):
        signature = _private_key(private_bytes(secret)).sign(signed)
        return f"v1a,{base64.b64encode(signature).decode('ascii')}"
    return f"v1,{_mac(secret_bytes(secret), signed)}"


def _text(secret: str) -> bytes:
    if not secret:
        raise InvalidSecret("the secret is empty")
    try:
        return secret.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidSecret("the secret holds half a character (a lone surrogate)") from None


def _mac(key: bytes, message: bytes) -> str:
    return base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode("ascii")
