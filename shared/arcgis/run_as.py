"""The users that a connection acts as. The portal proves each consent before anything is stored.

Source: docs/sources/arcgis.md 6.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from shared.arcgis.authority import Authority
from shared.arcgis.callers import ArcGisCaller, ArcGisCallers, WorkflowRequest
from shared.arcgis.client import ArcGisRefused, ArcGisToken
from shared.arcgis.connection_input import ConnectionInput
from shared.arcgis.consent import Consent, Consents
from shared.arcgis.portal import FEATURE_SERVICE, Portal, PortalItem
from shared.arcgis.service_address import InvalidServiceUrl, ServiceAddress
from shared.arcgis.webhook_connection import WebhookConnection, Workflow
from shared.callers.caller import Caller
from shared.case import simple_lower
from shared.errors import BadRequest, Forbidden
from shared.validation import bad_field


@dataclass(frozen=True)
class RunAs:
    """The users of a connection, and their consents as they will be stored.

    `service` is the address of the feature service that the connection is bound to. It is None if the item has none, or
    if an existing connection was not bound and nobody showed that they may manage the service. `is_proved` says that
    somebody did.
    """

    username: str
    fallback_username: str | None
    consents: tuple[Consent, ...]
    service: str | None = None
    is_proved: bool = False

    @property
    def in_hand(self) -> frozenset[str]:
        """The users whose tokens came with the request."""
        return frozenset(consent.username for consent in self.consents if not consent.etag)


@dataclass(frozen=True)
class _Role:
    """One of the two users that a document can name. `referer` goes with a token that the document has for them."""

    name_field: str
    token_field: str
    username: str
    token: SecretStr | None
    referer: str | None


@dataclass(frozen=True)
class _Given:
    """A consent, with the item if it was read for it, and the service if the caller had to show that they manage it."""

    consent: Consent
    item: PortalItem | None = None
    proved: str | None = None


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

    def prove(
        self, request: WorkflowRequest, wanted: ConnectionInput, before: WebhookConnection | None = None
    ) -> RunAs:
        """The users of a connection that will be saved; raises BadRequest for one without consent, and PortalDown.

        All of them must be able to access the item, and so must the caller who creates the connection. A user whom the
        connection has already is not checked again unless a new token came: so it can be disabled although their token
        has expired. A stored consent only counts for callers who may manage the service themselves.
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
        given = [self._consent(request, wanted, role, before) for role in roles]
        items += [one.item for one in given if one.item is not None]
        proved = [one.proved for one in given if one.proved is not None]
        service = before.service if before is not None else None
        # An existing connection is bound to a service only by those who may manage that service.
        if service is None and (before is None or proved):
            service = _bound_service(items, proved)
        return RunAs(username, wanted.fallback_username, tuple(one.consent for one in given), service, bool(proved))

    def _consent(
        self, request: WorkflowRequest, wanted: ConnectionInput, role: _Role, before: WebhookConnection | None
    ) -> _Given:
        caller, item_id = request.caller, wanted.item_id
        is_new = before is None or role.username not in before.users
        if role.token is not None:
            token = ArcGisToken(role.token.get_secret_value(), role.referer)
            self._require_owner(role, token, request.workflow)
            item = self._require_item(item_id, token, role.name_field, role.username)
            return _Given(Consent(role.username, token, self._now()), item)
        if isinstance(caller, ArcGisCaller) and caller.member.username == role.username:
            needs_item = is_new and before is not None
            item_seen = (
                self._require_item(item_id, caller.token, role.name_field, role.username) if needs_item else None
            )
            return _Given(Consent(role.username, caller.token, self._now()), item_seen)
        stored = self._consents.get(request.workflow, role.username)
        if stored is None:
            raise _no_consent(role, "has not consented yet")
        if not is_new:
            return _Given(stored)
        service = before.service if before is not None else None
        proved = self._authority.managed_service(request, item_id, wanted, service=service)
        if proved is None:
            raise _no_consent(role, "has a consent that only counts for callers who may manage the feature service")
        return _Given(stored, self._require_item(item_id, stored.token, role.name_field, role.username), proved)

    def _require_owner(self, role: _Role, token: ArcGisToken, workflow: Workflow) -> None:
        try:
            member = self._callers.member(token, workflow.org_id)
        except ArcGisRefused:
            # Not "invalid token": see docs/sources/arcgis.md 8.
            raise _wrong_token(role, "is not accepted by the portal") from None
        except Forbidden as refusal:
            raise _wrong_token(role, f"is not accepted: {refusal.detail}") from None
        if member.username != role.username:
            raise _wrong_token(role, f"must be a token of the user in {role.name_field}")

    def _require_item(self, item_id: str, token: ArcGisToken, field: str, who: str) -> PortalItem:
        try:
            item = self._portal.item(item_id, token)
        except ArcGisRefused as refusal:
            detail = f"{field}: the feature service {item_id} does not exist, or {who} may not access it"
            if refusal.is_about_the_token:
                detail = f"{field} has consented, but that has lapsed: send a new token of this user"
            raise BadRequest(detail, pointer=f"#/{field}") from None
        if item.type != FEATURE_SERVICE:
            raise bad_field("itemId", f"must be the id of a {FEATURE_SERVICE}")
        return item


def _no_consent(role: _Role, reason: str) -> BadRequest:
    return bad_field(role.name_field, f"{reason}: {role.token_field} must be a token of this user")


def _wrong_token(role: _Role, phrase: str) -> BadRequest:
    return bad_field(role.token_field, phrase)


def _bound_service(items: Sequence[PortalItem], proved: Sequence[str]) -> str | None:
    """The service that the item had each time it was read, and that was proved; raises BadRequest if they differ."""
    found = [*proved, *(_service_of(item) for item in items)]
    if len({one and simple_lower(one) for one in found}) > 1:
        raise BadRequest("itemId: the address of the item changed while it was read", pointer="#/itemId")
    return found[0] if found else None


def _service_of(item: PortalItem) -> str | None:
    try:
        return ServiceAddress.of_item(item.url).url
    except InvalidServiceUrl:
        return None


def _primary(wanted: ConnectionInput, caller: Caller, before: WebhookConnection | None) -> str:
    """The user that the connection acts as: the one that the document names, or else the caller."""
    if wanted.username is not None:
        return wanted.username
    if isinstance(caller, ArcGisCaller):
        return caller.member.username
    if before is not None:
        return before.username
    raise bad_field("username", "is required, and userToken with it: the caller has no ArcGIS account to act as")
