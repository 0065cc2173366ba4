"""The header Authorization, taken apart: Bearer with a token or key, Basic with user and key (RFC 6750, RFC 7617)."""

import base64
from dataclasses import dataclass

from shared.errors import Unauthenticated

CHALLENGE = 'Bearer realm="hub", Basic realm="hub", charset="UTF-8"'
_MAX_HEADER_CHARACTERS = 20_000


@dataclass(frozen=True)
class Credential:
    """What a caller sent: a secret, and with the scheme Basic the user that it is said to belong to."""

    secret: str
    user: str | None = None

    def __repr__(self) -> str:
        return "Credential(...)"


def parse_authorization(header: str | None) -> Credential:
    """The credential in this header; raises Unauthenticated if it is missing or unreadable."""
    if not header:
        raise Unauthenticated("Authorization is required, with an access token or an API key", challenge=CHALLENGE)
    scheme, _, value = header.strip().partition(" ")
    # The host joins repeated headers by a comma, which neither a token nor base64 contains.
    if len(header) > _MAX_HEADER_CHARACTERS or "," in value or not value.strip():
        raise _unreadable()
    if scheme.lower() == "bearer":
        return Credential(value.strip())
    if scheme.lower() == "basic":
        return _basic(value.strip())
    raise _unreadable()


def refuse_token() -> Unauthenticated:
    """The refusal of a token. It doesn't say why: that would help those who forge tokens."""
    challenge = 'Bearer realm="hub", error="invalid_token", Basic realm="hub", charset="UTF-8"'
    return Unauthenticated("the access token is not valid here", challenge=challenge)


def _basic(value: str) -> Credential:
    try:
        user, colon, secret = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except ValueError:
        # Not base64, not UTF-8, or not ASCII.
        raise _unreadable() from None
    if not colon or not secret:
        raise _unreadable()
    return Credential(secret, user)


def _unreadable() -> Unauthenticated:
    return Unauthenticated("Authorization must be a readable Bearer or Basic", challenge=CHALLENGE)
