"""The ArcGIS portal: whose token it is, and which items its bearer can access (docs/sources/arcgis.md 5)."""

from dataclasses import dataclass
from urllib.parse import quote

from shared.arcgis.client import ArcGisOutage, ArcGisRefused, ArcGisRest, ArcGisToken
from shared.cache import single_flight_cache
from shared.errors import Unavailable

_PORTAL = "the ArcGIS portal"
_MAX_CACHE_SECONDS = 60
_CACHED_USERS = 1_000
_ADMINISTRATOR = "org_admin"
# What the portal calls the relation of a user to an item that they may change.
_CONTROLS = frozenset({"admin", "update"})
FEATURE_SERVICE = "Feature Service"
"""The type of the items that a connection may be about."""


class PortalDown(Unavailable):
    """The ArcGIS portal cannot be reached, or its answer is unusable."""


@dataclass(frozen=True)
class PortalUser:
    """The bearer of a token. `is_administrator` says that they have the default role of that name."""

    username: str
    org_id: str
    is_administrator: bool


@dataclass(frozen=True)
class PortalItem:
    """An item as one user sees it. `is_controlled` says that they may change it as a member of a shared group.

    `org_id` is empty if the portal does not say which organization the item belongs to.
    """

    id: str
    owner: str
    type: str
    url: str
    is_controlled: bool
    org_id: str = ""

    def may_be_managed_by(self, user: PortalUser) -> bool:
        """Whether this user, who can access it, may manage its service's webhooks (docs/sources/arcgis.md 2)."""
        # Administrators see public items of other organizations too.
        is_theirs = user.is_administrator and self.org_id in {"", user.org_id}
        return is_theirs or self.owner == user.username or self.is_controlled


class Portal:
    """Asks one portal. The bearers of tokens are cached for a short time, items are not."""

    def __init__(self, rest: ArcGisRest, url: str, *, cache_seconds: int) -> None:
        self._rest = rest
        self._base = f"{url}/sharing/rest"
        self._user = single_flight_cache(
            self._ask_user, seconds=min(cache_seconds, _MAX_CACHE_SECONDS), most=_CACHED_USERS
        )

    def user(self, token: ArcGisToken) -> PortalUser:
        """Whose token this is; raises ArcGisRefused if it is nobody's, or PortalDown."""
        return self._user(token)

    def item(self, item_id: str, token: ArcGisToken) -> PortalItem:
        """The item as the bearer of the token sees it; raises ArcGisRefused if they cannot access it, or PortalDown."""
        found = self._get(f"/content/items/{quote(item_id, safe='')}", token)
        return PortalItem(
            id=item_id,
            owner=_text(found.get("owner")),
            type=_text(found.get("type")),
            url=_text(found.get("url")),
            is_controlled=found.get("itemControl") in _CONTROLS,
            org_id=_text(found.get("orgId")),
        )

    def _ask_user(self, token: ArcGisToken) -> PortalUser:
        found = self._get("/community/self", token)
        username, org_id = _text(found.get("username")), _text(found.get("orgId"))
        if not username:
            raise PortalDown(f"{_PORTAL} gave an unusable answer: no user")
        return PortalUser(username, org_id, found.get("role") == _ADMINISTRATOR and not found.get("roleId"))

    def _get(self, path: str, token: ArcGisToken) -> dict[str, object]:
        try:
            found = self._rest.get(_PORTAL, self._base + path, token)
        except ArcGisOutage as outage:
            raise PortalDown(str(outage)) from None
        except ArcGisRefused as refusal:
            # Nobody serves this path: it is not a portal, and that says nothing about the token.
            if refusal.code == 404:
                raise PortalDown(f"{_PORTAL} does not know {path.split('/')[1]}") from None
            raise
        if not isinstance(found, dict):
            raise PortalDown(f"{_PORTAL} gave an unusable answer: not a JSON object")
        return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
