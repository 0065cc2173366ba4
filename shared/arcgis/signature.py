"""Signatures and challenges of feature-service webhooks (docs/sources/arcgis.md 4.3). Pure."""

import base64
import binascii
import hashlib
import hmac
import re
from urllib.parse import unquote

HEADERS = ("x-esrihook-signature", "x-esri-signature")
"""The names that Esri's documentation has for the header, in the order in which they are looked for."""

_PREFIX = "sha256="
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_MAX_SIGNATURE_CHARACTERS = 300
# Challenges and payloads are signed with the same key in the same way, so signing a payload that is sent as a challenge
# would let its sender forge that payload. None consists of these characters alone: it is an array or an object.
_CHALLENGE = re.compile(r"[A-Za-z0-9+/=_-]{1,256}")


def is_signed(body: bytes, secret: str, signature: str | None) -> bool:
    """Whether `signature` is the body's: `sha256=` and base64 or hex, perhaps percent-encoded.

    The digests are compared in constant time.
    """
    given = _digest(signature or "")
    return given is not None and hmac.compare_digest(given, _hmac(secret, body))


def is_challenge(token: str) -> bool:
    """Whether a `crc_token` may be signed."""
    return _CHALLENGE.fullmatch(token) is not None


def answer_challenge(token: str, secret: str) -> str:
    """The `response_token` for a challenge; `is_challenge` must hold for it."""
    return _PREFIX + base64.b64encode(_hmac(secret, token.encode("ascii"))).decode("ascii")


def _digest(signature: str) -> bytes | None:
    """The 32 bytes of the digest in a signature; None if there are none."""
    # `unquote` leaves `+` as it is. With a space in its place it would be another signature.
    text = unquote(signature[:_MAX_SIGNATURE_CHARACTERS]).strip()
    if not text.lower().startswith(_PREFIX):
        return None
    value = text[len(_PREFIX) :]
    try:
        digest = bytes.fromhex(value) if _HEX.fullmatch(value) else base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == hashlib.sha256().digest_size else None


def _hmac(secret: str, message: bytes) -> bytes:
    return hmac.new(secret.encode("utf-8"), message, hashlib.sha256).digest()
