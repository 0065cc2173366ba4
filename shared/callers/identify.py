"""Who calls an administrative function, and whether they may (docs/security.md "Callers")."""

from collections.abc import Mapping

from shared.audit.entry import Keeper
from shared.audit.recording import identified
from shared.callers.api_keys import ApiKeys
from shared.callers.authorization import CHALLENGE, Credential, parse_authorization, refuse_token
from shared.callers.caller import Caller
from shared.callers.entra import EntraTokens
from shared.callers.principal import HEADER, parse_principal
from shared.callers.token_kind import is_meant_as_jwt
from shared.errors import Forbidden, Unauthenticated
from shared.http import FETCH_SITE
from shared.roles.directory import RoleDirectory, role_key
from shared.roles.user import User, is_arcgis_id, normal_user_id
from shared.settings import Settings


class Callers:
    """Identifies callers and requires roles of them; `audit` keeps what they do."""

    def __init__(self, settings: Settings, api_keys: ApiKeys, roles: RoleDirectory, audit: Keeper) -> None:
        self._api_keys = api_keys
        self._roles = roles
        self._audit = audit
        self._manager_role = settings.relationship_manager_role
        self._administrator_role = settings.administrator_role
        self._tenant = settings.entra_tenant_id
        # Where App Service Authentication is off, anybody can send the header.
        self._trusts_principal = settings.app_service_auth
        self._entra = _entra(settings)

    def identify(self, headers: Mapping[str, str]) -> Caller:
        """The caller of a request with these headers; raises Unauthenticated, or Unavailable in an outage."""
        principal = headers.get(HEADER) if self._trusts_principal else None
        if principal is not None and not headers.get("authorization"):
            # The browser brings its cookie along for whoever asks.
            if headers.get(FETCH_SITE, "").strip().lower() == "cross-site":
                raise Forbidden("a page of another site made this request, with a sign-in that is not its own")
            return parse_principal(principal, self._tenant)
        credential = parse_authorization(headers.get("authorization"))
        if credential.user is None and is_meant_as_jwt(credential.secret):
            return self._bearer_of(credential.secret)
        return self._owner_of(credential)

    def require_manager(self, headers: Mapping[str, str]) -> Caller:
        """The caller of a request; raises Forbidden if they are not a Relationship Manager, else as identify does."""
        return self.admit(self.identify(headers))

    def require_administrator(self, headers: Mapping[str, str]) -> Caller:
        """The caller of a request; raises Forbidden if they are not a Webhook Administrator, else as identify does."""
        return self._admit(self.identify(headers), self._administrator_role)

    def roles_of(self, caller: Caller) -> tuple[str, ...]:
        """Which of `manager` and `administrator` a caller is; raises Forbidden if they are neither."""
        identified(caller.user.id, self._audit)
        named = {"manager": self._manager_role, "administrator": self._administrator_role}
        roles = tuple(name for name, role in named.items() if self._has_role(caller, role))
        if not roles:
            asked = f"neither the role {self._manager_role} nor {self._administrator_role}"
            raise Forbidden(f"{caller.user.id} has {asked}; one of them is required here")
        return roles

    def admit[Known: Caller](self, caller: Known) -> Known:
        """The same caller; raises Forbidden if they are not a Relationship Manager."""
        return self._admit(caller, self._manager_role)

    def _admit[Known: Caller](self, caller: Known, role: str) -> Known:
        identified(caller.user.id, self._audit)
        if not self._has_role(caller, role):
            raise Forbidden(f"{caller.user.id} does not have the role {role}, which is required here")
        return caller

    def _bearer_of(self, token: str) -> Caller:
        if self._entra is None:
            raise refuse_token()
        return self._entra.caller(token)

    def _owner_of(self, credential: Credential) -> Caller:
        owner = self._api_keys.user_of(credential.secret)
        if owner is None or (credential.user is not None and normal_user_id(credential.user) != owner):
            raise Unauthenticated("the API key is unknown, or not this user's", challenge=CHALLENGE)
        if is_arcgis_id(owner):
            # The row of an older version, which issued keys to any name.
            raise Unauthenticated("an API key cannot stand for an ArcGIS user", challenge=CHALLENGE)
        return Caller(User.of_account(owner))

    def _has_role(self, caller: Caller, role: str) -> bool:
        if caller.app_roles is not None:
            return role_key(role) in map(role_key, caller.app_roles)
        return self._roles.has_role(caller.user, role)


def _entra(settings: Settings) -> EntraTokens | None:
    if not settings.entra_tenant_id or not settings.entra_client_id:
        return None
    return EntraTokens(settings.entra_authority, settings.entra_tenant_id, settings.entra_client_id)
