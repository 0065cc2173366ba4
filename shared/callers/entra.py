"""Entra access tokens, versions 1.0 and 2.0, of one tenant and for this app: facts/dynamics.md 6.1."""

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
    from jwt import PyJWK, PyJWKClient

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
        except jwt.PyJWTError:
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
    """The keys that a tenant signs with, fetched when one is not known, and at most so often.

    A failed fetch pauses further ones: an outage would else cost every request the time-out, one after the other.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: PyJWKClient | None = None
        self._lock = threading.Lock()
        self._paused_until = 0.0

    def find(self, kid: object) -> "PyJWK":
        """The key with this id; raises PyJWKClientError where there is none, IdentityDown in an outage."""
        import jwt

        if not isinstance(kid, str):
            raise jwt.PyJWKClientError("the token names no key")
        if not self._lock.acquire(timeout=max(0.0, remaining_seconds(at_most=_KEYS_TIMEOUT_SECONDS * 2))):
            raise IdentityDown("the identity provider did not answer within the time of this request")
        try:
            return self._find(kid)
        finally:
            self._lock.release()

    def _find(self, kid: str) -> "PyJWK":
        import jwt

        if time.monotonic() < self._paused_until:
            raise IdentityDown("the identity provider could not be reached a moment ago")
        try:
            # Apart from the look-up below, because an empty or broken set of keys is the provider's failure.
            known = self._jwks().get_signing_keys()
        except (jwt.PyJWTError, ValueError, OSError) as exc:
            raise self._pause(exc) from None
        try:
            return self._jwks().match_kid(known, kid) or self._jwks().get_signing_key(kid)
        except (jwt.PyJWKClientConnectionError, jwt.PyJWKSetError, ValueError, OSError) as exc:
            raise self._pause(exc) from None

    def _pause(self, failure: Exception) -> IdentityDown:
        self._paused_until = time.monotonic() + _PAUSE_SECONDS
        return IdentityDown(f"the signing keys of Entra cannot be read ({type(failure).__name__})")

    def _jwks(self) -> "PyJWKClient":
        from jwt import PyJWKClient

        if self._client is None:
            self._client = PyJWKClient(
                self._url,
                cache_keys=False,
                lifespan=_KEYS_LIFESPAN_SECONDS,
                timeout=_KEYS_TIMEOUT_SECONDS,
                cooldown_duration=_KEYS_COOLDOWN_SECONDS,
            )
        return self._client
