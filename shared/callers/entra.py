"""Entra access tokens, versions 1.0 and 2.0, of one tenant and for this app: docs/sources/dynamics.md 6.1."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.callers.authorization import refuse_token
from shared.callers.caller import Caller
from shared.callers.claims import caller_of
from shared.callers.signing_keys import SigningKeys
from shared.callers.token_kind import is_jwt
from shared.errors import IdentityDown
from shared.web_api import WebApi

if TYPE_CHECKING:
    from jwt import PyJWK

_ALGORITHM = "RS256"
_LEEWAY_SECONDS = 60
_REQUIRED = ["exp", "iat", "nbf", "iss", "aud", "tid", "oid"]


class EntraTokens:
    """Checks tokens of `tenant` for the application `client`; `authority` issues them and publishes its keys.

    Tenant and client are GUIDs in any case.
    """

    def __init__(self, authority: str, tenant: str, client: str) -> None:
        tenant, client = tenant.lower(), client.lower()
        self._tenant = tenant
        self._keys = SigningKeys(WebApi("Entra", authority, None, IdentityDown), f"/{tenant}/discovery/v2.0/keys")
        self._audiences = (client, f"api://{client}")
        self._versions = {
            f"{authority}/{tenant}/v2.0": "2.0",
            # In version 1.0, those of the public cloud are accepted; their issuer is not named like the authority.
            f"https://sts.windows.net/{tenant}/": "1.0",
        }

    def caller(self, token: str) -> Caller:
        """The bearer of this token; raises Unauthenticated, or Unavailable if the signing keys cannot be read."""
        import jwt

        # A text that cannot be a token costs nothing: strangers may send it.
        if not is_jwt(token):
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
        """What the library doesn't check: a single audience, this tenant, and the issuer's own version."""
        version = self._versions[claims["iss"]]
        return (
            isinstance(claims["aud"], str) and claims["tid"] == self._tenant and claims.get("ver", version) == version
        )
