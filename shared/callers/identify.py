"""From a request to its caller, and from the caller to the permission to go on (design.md 5)."""

from collections.abc import Mapping

from shared.callers.api_keys import ApiKeys
from shared.callers.authorization import CHALLENGE, Credential, parse_authorization, refuse_token
from shared.callers.caller import Caller
from shared.callers.entra import EntraTokens
from shared.callers.principal import HEADER, parse_principal
from shared.errors import NotAllowed, Unauthenticated
from shared.roles.directory import RoleDirectory, User, is_arcgis_id, normal_user_id
from shared.settings import Settings


class Callers:
    """Tells who calls, and lets Relationship Managers through."""

    def __init__(self, settings: Settings, api_keys: ApiKeys, roles: RoleDirectory) -> None:
        self._api_keys = api_keys
        self._roles = roles
        self._role = settings.relationship_manager_role
        self._tenant = settings.entra_tenant_id
        # The header is the attacker's wherever App Service Authentication is off.
        self._trusts_principal = settings.app_service_auth
        self._entra = _entra(settings)

    def identify(self, headers: Mapping[str, str]) -> Caller:
        """The caller of a request with these headers; raises Unauthenticated, or Unavailable in an outage."""
        principal = headers.get(HEADER) if self._trusts_principal else None
        if principal is not None and not headers.get("authorization"):
            return parse_principal(principal, self._tenant)
        credential = parse_authorization(headers.get("authorization"))
        if credential.user is None and _looks_like_a_token(credential.secret):
            return self._bearer_of(credential.secret)
        return self._owner_of(credential)

    def require_manager(self, headers: Mapping[str, str]) -> Caller:
        """The caller, who is a Relationship Manager; raises NotAllowed where she is none."""
        return self.admit(self.identify(headers))

    def admit[Known: Caller](self, caller: Known) -> Known:
        """The same caller, who is a Relationship Manager; raises NotAllowed where she is none."""
        if not self._is_manager(caller):
            raise NotAllowed(f"{caller.user.id} is not a Relationship Manager")
        return caller

    def _bearer_of(self, token: str) -> Caller:
        if self._entra is None:
            raise refuse_token()
        return self._entra.caller(token)

    def _owner_of(self, credential: Credential) -> Caller:
        owner = self._api_keys.user_of(credential.secret)
        if owner is None or (credential.user is not None and normal_user_id(credential.user) != owner):
            raise Unauthenticated("the API key is not known, or not this user's", challenge=CHALLENGE)
        if is_arcgis_id(owner):
            # A row of a version that issued keys to any name.
            raise Unauthenticated("an API key cannot stand for an ArcGIS user", challenge=CHALLENGE)
        return Caller(User.of_account(owner))

    def _is_manager(self, caller: Caller) -> bool:
        if caller.app_roles is not None:
            return _without_spaces(self._role) in map(_without_spaces, caller.app_roles)
        return self._roles.is_member(caller.user)


def _entra(settings: Settings) -> EntraTokens | None:
    if not settings.entra_tenant_id or not settings.entra_client_id:
        return None
    return EntraTokens(settings.entra_authority, settings.entra_tenant_id, settings.entra_client_id)


def _looks_like_a_token(secret: str) -> bool:
    """Whether this is meant to be a JWT: three parts with dots between them, which no API key has."""
    return secret.count(".") == 2


def _without_spaces(role: str) -> str:
    """The value of an app role may hold no spaces, so `RelationshipManager` stands for `Relationship Manager`."""
    return "".join(role.split()).casefold()
