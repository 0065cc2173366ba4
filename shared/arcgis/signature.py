"""Signatures and challenges of feature-service webhooks (docs/sources/arcgis.md 4.3). Pure."""

import base64
import binascii
import hashlib
import hmac
import re
from urllib.parse import unquote

HEADERS = ("x-esrihook-signature", "x-esri-signature")
"""Names of the header in Esri's documentation, in the order to look for it."""

_PREFIX = "sha256="
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_MAX_SIGNATURE_CHARACTERS = 300
# Challenge and payload are signed with the same key in the same way: who could have a payload signed by a challenge
# could forge one. No payload consists of these characters alone: it is an array or an object.
_CHALLENGE = re.compile(r"[A-Za-z0-9+/=_-]{1,256}")


def is_signed(body: bytes, secret: str, signature: str | None) -> bool:
    """Whether `signature` (`sha256=` and base64 or hex, perhaps percent-encoded) is the body's; compared in constant
    time.
    """
    given = _digest(signature or "")
    return given is not None and hmac.compare_digest(given, _hmac(secret, body))


def is_challenge(token: str) -> bool:
    """Whether a `crc_token` may be signed."""
    return _CHALLENGE.fullmatch(token) is not None


def answer_challenge(token: str, secret: str) -> str:
    """The `response_token` for a challenge; `is_challenge` must hold for it."""
    return _PREFIX + base64.b64encode(_hmac(secret, token.encode("ascii"))).decode("ascii")


def sign(body: bytes, secret: str) -> str:
    """The signature as ArcGIS Online makes it, in base64."""
    return _PREFIX + base64.b64encode(_hmac(secret, body)).decode("ascii")


def _digest(signature: str) -> bytes | None:
    """The 32 bytes in a signature; None where it holds none."""
    # `unquote` leaves `+` as it is: a space in its place would be another signature.
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
