"""Callers from ArcGIS: a user's token, in any of the three places where Esri's clients put it, and whose it is.

Source: docs/sources/arcgis.md 1.1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.arcgis.client import ArcGisRefused, ArcGisToken
from shared.arcgis.portal import PortalUser
from shared.arcgis.webhook_connection import Workflow
from shared.callers.authorization import CHALLENGE
from shared.callers.caller import Caller
from shared.callers.token_kind import is_api_key, is_jwt
from shared.errors import Forbidden, Unauthenticated
from shared.roles.user import User

# RFC 6750's alphabet for tokens.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{1,10000}=*")


@dataclass(frozen=True, kw_only=True)
class ArcGisCaller(Caller):
    """A user of ArcGIS, with the token that proved who they are."""

    member: PortalUser
    token: ArcGisToken


@dataclass(frozen=True)
class WorkflowRequest:
    """A request about the connections of one workflow item. `referer` goes with the tokens in its document.

    `token` is an ArcGIS token that a caller of the hub's own sent besides: it shows what they may manage.
    """

    workflow: Workflow
    caller: Caller
    referer: str | None = None
    token: ArcGisToken | None = None

    @property
    def tokens(self) -> tuple[ArcGisToken, ...]:
        """The ArcGIS tokens in the request's headers or query: the caller's own, or the one besides; none or one."""
        token = self.caller.token if isinstance(self.caller, ArcGisCaller) else self.token
        return () if token is None else (token,)


class TokenCheck(Protocol):
    """The portal, as far as it knows tokens."""

    def user(self, token: ArcGisToken) -> PortalUser:
        """Whose token this is; raises ArcGisRefused if it is nobody's, or PortalDown."""
        ...


def find_arcgis_token(headers: Mapping[str, str], query: Mapping[str, str]) -> ArcGisToken | None:
    """The ArcGIS token of a request; None if it has none, or if Authorization has a caller of the hub's own. Pure.

    Raises Unauthenticated for a token that is malformed. ArcGIS' own tokens may end in dots, which a JWT never does.
    """
    authorization = _bearer(headers.get("authorization"))
    if headers.get("authorization") and (authorization is None or is_api_key(authorization) or is_jwt(authorization)):
        return None
    found = _bearer(headers.get("x-esri-authorization")) or authorization or query.get("token")
    if not found:
        return None
    if not _TOKEN.fullmatch(found):
        raise _refused()
    return ArcGisToken(found, headers.get("referer"))


def accompanying_token(headers: Mapping[str, str]) -> ArcGisToken | None:
    """The ArcGIS token in X-Esri-Authorization of a request whose caller is the hub's own, or None. Pure.

    It shows what the caller may manage in ArcGIS, but does not make them another caller.
    """
    found = _bearer(headers.get("x-esri-authorization"))
    return ArcGisToken(found, headers.get("referer")) if found and _TOKEN.fullmatch(found) else None


class ArcGisCallers:
    """Tells whose token it is. Only members of the organizations in `org_ids` count."""

    def __init__(self, portal: TokenCheck, org_ids: tuple[str, ...]) -> None:
        self._portal = portal
        self._org_ids = frozenset(org_ids)

    def caller(self, token: ArcGisToken, org_id: str | None) -> ArcGisCaller:
        """The caller of a request to this organization, None for their own one.

        Raises Unauthenticated, Forbidden, or PortalDown.
        """
        try:
            member = self.member(token, org_id)
        except ArcGisRefused:
            raise _refused() from None
        return ArcGisCaller(User.arcgis(member.username), member=member, token=token)

    def member(self, token: ArcGisToken, org_id: str | None) -> PortalUser:
        """The member of this organization whose token this is; None is any that the app serves.

        Raises ArcGisRefused for nobody's token, Forbidden for a user of another organization or of one that the app
        does not serve, and PortalDown.
        """
        member = self._portal.user(token)
        if org_id not in {None, member.org_id} or member.org_id not in self._org_ids:
            raise Forbidden("the user's organization is not the one that was asked for, or is not served here")
        return member


def _bearer(header: str | None) -> str | None:
    scheme, _, value = (header or "").strip().partition(" ")
    return value.strip() if scheme.lower() == "bearer" and value.strip() else None


def _refused() -> Unauthenticated:
    # Some words would make Esri's client stop sending its token at all (docs/sources/arcgis.md 8).
    return Unauthenticated("the portal does not accept this ArcGIS token", challenge=CHALLENGE)
