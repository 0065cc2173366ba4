"""Entra access tokens, versions 1.0 and 2.0, of one tenant and for this app: facts/dynamics.md 6.1."""

import math
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.callers.authorization import refuse_token
from shared.callers.caller import Caller
from shared.callers.claims import caller_of
from shared.deadline import remaining_seconds
from shared.errors import IdentityDown

if TYPE_CHECKING:
    from jwt import PyJWK

_ALGORITHM = "RS256"
_LEEWAY_SECONDS = 60
_KEYS_LIFESPAN_SECONDS = 3600
_KEYS_TIMEOUT_SECONDS = 5
_KEYS_COOLDOWN_SECONDS = 30
_PAUSE_SECONDS = 5
_REQUIRED = ["exp", "iat", "nbf", "iss", "aud", "tid", "oid"]


class EntraTokens:
    """Checks tokens of `tenant` for the application `client`; `authority` issues them and publishes its keys."""

    def __init__(self, authority: str, tenant: str, client: str) -> None:
        self._tenant = tenant
        self._keys = SigningKeys(f"{authority}/{tenant}/discovery/v2.0/keys")
        self._audiences = (client, f"api://{client}")
        self._versions = {
            f"{authority}/{tenant}/v2.0": "2.0",
            # Tokens of version 1.0 name the issuer of the public cloud whatever the authority's own name is.
            f"https://sts.windows.net/{tenant}/": "1.0",
        }

    def caller(self, token: str) -> Caller:
        """Who bears this token; raises Unauthenticated, or IdentityDown where the keys are out of reach."""
        import jwt

        try:
            header = jwt.get_unverified_header(token)
            claims = self._claims(token, self._keys.find(header.get("kid")))
        except (jwt.PyJWTError, RecursionError):
            raise refuse_token() from None
        caller = caller_of(claims) if self._fits(claims) else None
        if caller is None:
            raise refuse_token()
        return caller

    def _claims(self, token: str, key: "PyJWK") -> Mapping[str, Any]:
        import jwt

        return jwt.decode(
            token,
            key,
            algorithms=[_ALGORITHM],
            audience=self._audiences,
            issuer=list(self._versions),
            leeway=_LEEWAY_SECONDS,
            options={"require": _REQUIRED},
        )

    def _fits(self, claims: Mapping[str, Any]) -> bool:
        """What the library leaves to us: one audience only, this tenant, and a version that is its issuer's."""
        version = self._versions[claims["iss"]]
        return (
            isinstance(claims["aud"], str) and claims["tid"] == self._tenant and claims.get("ver", version) == version
        )


class SigningKeys:
    """The keys that a tenant signs with, read again when they are old or one is not among them, at most so often.

    A failed reading pauses further ones: an outage would else cost every request the time-out, one after the other.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._known: dict[str, PyJWK] = {}
        self._read_at = -math.inf
        self._paused_until = -math.inf

    def find(self, kid: object) -> "PyJWK":
        """The key with this id; raises PyJWKClientError where there is none, IdentityDown in an outage."""
        from jwt import PyJWKClientError

        if not isinstance(kid, str):
            raise PyJWKClientError("the token names no key")
        if self._should_read(kid):
            self._read_for(kid)
        key = self._known.get(kid)
        if key is None:
            raise PyJWKClientError("the tenant has no key with this id")
        return key

    def _should_read(self, kid: str) -> bool:
        age = time.monotonic() - self._read_at
        return age > _KEYS_LIFESPAN_SECONDS or (kid not in self._known and age > _KEYS_COOLDOWN_SECONDS)

    def _read_for(self, kid: str) -> None:
        if not self._lock.acquire(timeout=_seconds_left(at_most=_KEYS_TIMEOUT_SECONDS * 2)):
            raise IdentityDown("the identity provider did not answer within the time of this request")
        try:
            # Whoever had the lock before may have read them.
            if self._should_read(kid):
                self._read()
        finally:
            self._lock.release()

    def _read(self) -> None:
        from jwt import PyJWKClient, PyJWTError

        if time.monotonic() < self._paused_until:
            raise IdentityDown("the identity provider could not be reached a moment ago")
        seconds = _seconds_left(at_most=_KEYS_TIMEOUT_SECONDS)
        try:
            keys = PyJWKClient(self._url, cache_jwk_set=False, timeout=seconds).get_signing_keys()
        except (PyJWTError, ValueError, OSError, AttributeError, TypeError, RecursionError) as exc:
            # The library takes the shape of the answer for granted in places, hence the last three.
            self._paused_until = time.monotonic() + _PAUSE_SECONDS
            raise IdentityDown(f"the signing keys of Entra cannot be read ({type(exc).__name__})") from None
        self._known = {key.key_id: key for key in keys if isinstance(key.key_id, str)}
        self._read_at = time.monotonic()


def _seconds_left(*, at_most: float) -> float:
    left = remaining_seconds(at_most=at_most)
    if left <= 0:
        raise IdentityDown("no time is left to ask the identity provider")
    return left
