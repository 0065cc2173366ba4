"""From a request to its caller, and from the caller to the permission to go on."""

from collections.abc import Mapping

from shared.callers.api_keys import ApiKeys
from shared.callers.authorization import CHALLENGE, parse_authorization
from shared.callers.caller import Caller
from shared.errors import NotAllowed, Unauthenticated
from shared.roles.directory import RoleDirectory, User, normal_user_id


class Callers:
    """Tells who calls, and lets Relationship Managers through."""

    def __init__(self, api_keys: ApiKeys, roles: RoleDirectory) -> None:
        self._api_keys = api_keys
        self._roles = roles

    def identify(self, headers: Mapping[str, str]) -> Caller:
        """The caller of a request with these headers; raises Unauthenticated, or Unavailable in an outage."""
        credential = parse_authorization(headers.get("authorization"))
        owner = self._api_keys.user_of(credential.secret)
        if owner is None or (credential.user is not None and normal_user_id(credential.user) != owner):
            raise Unauthenticated("the API key is not known, or not this user's", challenge=CHALLENGE)
        return Caller(User.of_account(owner))

    def require_manager(self, headers: Mapping[str, str]) -> Caller:
        """The caller, who is a Relationship Manager; raises NotAllowed where she is none."""
        caller = self.identify(headers)
        if not self._roles.is_member(caller.user):
            raise NotAllowed(f"{caller.user.id} is not a Relationship Manager")
        return caller
