"""Whom a connection acts as: each consent, proved at the portal before anything is stored (facts/arcgis.md 6)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from shared.arcgis.connection import Connection, Workflow
from shared.arcgis.consent import Consent, Consents
from shared.arcgis.entity import ConnectionInput
from shared.arcgis.portal import FEATURE_SERVICE, Portal
from shared.arcgis.rest import ArcGisRefused, ArcGisToken
from shared.callers.arcgis import ArcGisCaller, ArcGisCallers
from shared.callers.caller import Caller
from shared.errors import BadRequest, NotAllowed


@dataclass(frozen=True)
class RunAs:
    """The users of a connection, and their consents as they are to be stored."""

    username: str
    fallback_username: str | None
    consents: tuple[Consent, ...]


@dataclass(frozen=True)
class _Role:
    """One of the two places for a user; `referer` goes with tokens that the caller sent along."""

    name_field: str
    token_field: str
    username: str
    token: SecretStr | None
    referer: str | None


class RunAsCheck:
    """Proves consents. `now` gives the current time, in UTC."""

    def __init__(self, portal: Portal, callers: ArcGisCallers, consents: Consents, now: Callable[[], datetime]) -> None:
        self._portal = portal
        self._callers = callers
        self._consents = consents
        self._now = now

    def prove(
        self,
        workflow: Workflow,
        wanted: ConnectionInput,
        caller: Caller,
        referer: str | None,
        before: Connection | None = None,
    ) -> RunAs:
        """The users of a connection that is to be saved; raises BadRequest for one without consent, or PortalDown.

        Everybody must reach the item, the caller who creates it too. A user who is not new to a connection, and for
        whom no new token came, is not asked again: her connection can be disabled although her token has expired.
        """
        username = _primary(wanted, caller, before)
        roles = [_Role("username", "userToken", username, wanted.user_token, referer)]
        if wanted.fallback_username is not None:
            fallback = wanted.fallback_username
            roles.append(_Role("fallbackUsername", "fallbackUserToken", fallback, wanted.fallback_user_token, referer))
        if before is None and isinstance(caller, ArcGisCaller):
            self._require_item(wanted.item_id, caller.token, "itemId", "you")
        consents = tuple(self._consent(workflow, wanted.item_id, role, caller, before) for role in roles)
        return RunAs(username, wanted.fallback_username, consents)

    def _consent(
        self, workflow: Workflow, item_id: str, role: _Role, caller: Caller, before: Connection | None
    ) -> Consent:
        is_new = before is None or role.username not in before.users
        if role.token is not None:
            token = ArcGisToken(role.token.get_secret_value(), role.referer)
            self._require_owner(role, token, workflow)
            self._require_item(item_id, token, role.name_field, role.username)
            return Consent(role.username, token, self._now())
        if isinstance(caller, ArcGisCaller) and caller.member.username == role.username:
            if is_new and before is not None:
                self._require_item(item_id, caller.token, role.name_field, role.username)
            return Consent(role.username, caller.token, self._now())
        stored = self._consents.get(workflow, role.username)
        if stored is None:
            reason = f"this user has not consented yet: {role.token_field} must hold a token of hers"
            raise BadRequest(f"{role.name_field}: {reason}", pointer=f"#/{role.name_field}")
        if is_new:
            self._require_item(item_id, stored.token, role.name_field, role.username)
        return stored

    def _require_owner(self, role: _Role, token: ArcGisToken, workflow: Workflow) -> None:
        pointer, reason = f"#/{role.token_field}", "the portal does not accept this token"
        try:
            member = self._portal.user(token)
            self._callers.require_member(member, workflow.org_id)
        except ArcGisRefused:
            raise BadRequest(f"{role.token_field}: {reason}", pointer=pointer) from None
        except NotAllowed as refusal:
            raise BadRequest(f"{role.token_field}: {refusal.detail}", pointer=pointer) from None
        if member.username != role.username:
            reason = f"this is a token of another user than {role.name_field} says"
            raise BadRequest(f"{role.token_field}: {reason}", pointer=pointer)

    def _require_item(self, item_id: str, token: ArcGisToken, field: str, who: str) -> None:
        try:
            item = self._portal.item(item_id, token)
        except ArcGisRefused as refusal:
            reason = "the consent of this user has lapsed: a new token of hers is needed"
            if not refusal.is_about_the_token:
                reason = f"the feature service {item_id} does not exist, or {who} may not access it"
            raise BadRequest(f"{field}: {reason}", pointer=f"#/{field}") from None
        if item.type != FEATURE_SERVICE:
            raise BadRequest(f"itemId: the item must be a {FEATURE_SERVICE}", pointer="#/itemId")


def _primary(wanted: ConnectionInput, caller: Caller, before: Connection | None) -> str:
    """The user that the connection acts as: the one named, else the caller herself."""
    if wanted.username is not None:
        return wanted.username
    if isinstance(caller, ArcGisCaller):
        return caller.member.username
    if before is not None:
        return before.username
    reason = "the user to act as is needed, with userToken: the caller herself has no ArcGIS account here"
    raise BadRequest(f"username: {reason}", pointer="#/username")
