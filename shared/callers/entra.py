"""Entra access tokens, versions 1.0 and 2.0, of one tenant and for this app: docs/sources/dynamics.md 6.1."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.callers.authorization import refuse_token
from shared.callers.caller import Caller
from shared.callers.claims import caller_of
from shared.callers.signing_keys import SigningKeys
from shared.errors import IdentityDown
from shared.web_api import WebApi

if TYPE_CHECKING:
    from jwt import PyJWK

_ALGORITHM = "RS256"
_LEEWAY_SECONDS = 60
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_REQUIRED = ["exp", "iat", "nbf", "iss", "aud", "tid", "oid"]


class EntraTokens:
    """Checks tokens of `tenant` for the application `client`; `authority` issues them and publishes its keys.

    Tenant and application are ids, which tokens spell in lower case.
    """

    def __init__(self, authority: str, tenant: str, client: str) -> None:
        tenant, client = tenant.lower(), client.lower()
        self._tenant = tenant
        self._keys = SigningKeys(WebApi("Entra", authority, None, IdentityDown), f"/{tenant}/discovery/v2.0/keys")
        self._audiences = (client, f"api://{client}")
        self._versions = {
            f"{authority}/{tenant}/v2.0": "2.0",
            # Of version 1.0 those of the public cloud are taken, whose issuer has another name than the authority.
            f"https://sts.windows.net/{tenant}/": "1.0",
        }

    def caller(self, token: str) -> Caller:
        """Who bears this token; raises Unauthenticated, or IdentityDown where the keys are out of reach."""
        import jwt

        # What is no token, or none that could count, costs nothing: strangers may send it.
        if not _FORM.fullmatch(token):
            raise refuse_token()
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.find(header.get("kid")) if header.get("alg") == _ALGORITHM else None
            claims = None if key is None else self._claims(token, key)
        except (jwt.PyJWTError, RecursionError):
            raise refuse_token() from None
        caller = caller_of(claims) if claims is not None and self._fits(claims) else None
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
