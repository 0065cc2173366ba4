"""Whom a connection acts as: each consent, proved at the portal before anything is stored (facts/arcgis.md 6)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from shared.arcgis.authority import Authority
from shared.arcgis.connection import Connection, Workflow
from shared.arcgis.consent import Consent, Consents
from shared.arcgis.entity import ConnectionInput
from shared.arcgis.portal import FEATURE_SERVICE, Portal, PortalItem
from shared.arcgis.request import Request
from shared.arcgis.rest import ArcGisRefused, ArcGisToken
from shared.arcgis.service_address import OddServiceUrl, ServiceAddress
from shared.callers.arcgis import ArcGisCaller, ArcGisCallers
from shared.callers.caller import Caller
from shared.errors import BadRequest, NotAllowed


@dataclass(frozen=True)
class RunAs:
    """The users of a connection, and their consents as they are to be stored.

    `service` is the address of the item's feature service; None where it was not looked at, or is none.
    """

    username: str
    fallback_username: str | None
    consents: tuple[Consent, ...]
    service: str | None = None

    @property
    def in_hand(self) -> frozenset[str]:
        """Those of the users of whom a token came with the request."""
        return frozenset(consent.username for consent in self.consents if not consent.etag)


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

    def __init__(
        self,
        portal: Portal,
        callers: ArcGisCallers,
        consents: Consents,
        authority: Authority,
        now: Callable[[], datetime],
    ) -> None:
        self._portal = portal
        self._authority = authority
        self._callers = callers
        self._consents = consents
        self._now = now

    def prove(self, request: Request, wanted: ConnectionInput, before: Connection | None = None) -> RunAs:
        """The users of a connection that is to be saved; raises BadRequest for one without consent, or PortalDown.

        Everybody must reach the item, the caller who creates it too. A user who is not new to a connection, and for
        whom no new token came, is not asked again: the connection can be disabled although their token has expired.
        A consent that is stored counts for those who may manage the service themselves.
        """
        caller, referer = request.caller, request.referer
        username = _primary(wanted, caller, before)
        roles = [_Role("username", "userToken", username, wanted.user_token, referer)]
        if wanted.fallback_username is not None:
            fallback = wanted.fallback_username
            roles.append(_Role("fallbackUsername", "fallbackUserToken", fallback, wanted.fallback_user_token, referer))
        items = list[PortalItem]()
        if before is None and isinstance(caller, ArcGisCaller):
            items.append(self._require_item(wanted.item_id, caller.token, "itemId", "you"))
        consents = []
        for role in roles:
            consent, item = self._consent(request, wanted, role, before)
            consents.append(consent)
            items.extend([item] if item else [])
        return RunAs(username, wanted.fallback_username, tuple(consents), _service_of(items))

    def _consent(
        self, request: Request, wanted: ConnectionInput, role: _Role, before: Connection | None
    ) -> tuple[Consent, PortalItem | None]:
        """The consent, and the item where it was looked at for this."""
        caller, item_id = request.caller, wanted.item_id
        is_new = before is None or role.username not in before.users
        if role.token is not None:
            token = ArcGisToken(role.token.get_secret_value(), role.referer)
            self._require_owner(role, token, request.workflow)
            item = self._require_item(item_id, token, role.name_field, role.username)
            return Consent(role.username, token, self._now()), item
        if isinstance(caller, ArcGisCaller) and caller.member.username == role.username:
            needs_item = is_new and before is not None
            item_seen = (
                self._require_item(item_id, caller.token, role.name_field, role.username) if needs_item else None
            )
            return Consent(role.username, caller.token, self._now()), item_seen
        stored = self._consents.get(request.workflow, role.username)
        if stored is None:
            raise _no_consent(role, "this user has not consented yet")
        if not is_new:
            return stored, None
        if not self._authority.may_manage_service(request, item_id, wanted):
            raise _no_consent(role, "the consent that is stored counts for those who may manage the feature service")
        return stored, self._require_item(item_id, stored.token, role.name_field, role.username)

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

    def _require_item(self, item_id: str, token: ArcGisToken, field: str, who: str) -> PortalItem:
        try:
            item = self._portal.item(item_id, token)
        except ArcGisRefused as refusal:
            reason = "the consent of this user has lapsed: a new token of hers is needed"
            if not refusal.is_about_the_token:
                reason = f"the feature service {item_id} does not exist, or {who} may not access it"
            raise BadRequest(f"{field}: {reason}", pointer=f"#/{field}") from None
        if item.type != FEATURE_SERVICE:
            raise BadRequest(f"itemId: the item must be a {FEATURE_SERVICE}", pointer="#/itemId")
        return item


def _no_consent(role: _Role, reason: str) -> BadRequest:
    detail = f"{role.name_field}: {reason}: {role.token_field} must hold a token of theirs"
    return BadRequest(detail, pointer=f"#/{role.name_field}")


def _service_of(items: Sequence[PortalItem]) -> str | None:
    try:
        return ServiceAddress.of_item(items[0].url).url if items else None
    except OddServiceUrl:
        return None


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
