"""Who may have the hub act at a feature service as somebody else: those who may manage it themselves.

See docs/arcgis.md "Who may have the hub act as somebody else".

That is shown by a token in the request and by nothing else: the caller's own, the one that a caller of the hub's own
sends in X-Esri-Authorization, or a userToken or fallbackUserToken in the document.
"""

from shared.arcgis.callers import ArcGisCallers, Request
from shared.arcgis.client import ArcGisOutage, ArcGisRefused, ArcGisRest, ArcGisToken
from shared.arcgis.entity import ConnectionInput
from shared.arcgis.portal import Portal, PortalItem
from shared.arcgis.service_address import OddServiceUrl, ServiceAddress
from shared.arcgis.service_webhooks import ServiceWebhooks
from shared.arcgis.token_hosts import ForeignServiceHost, TokenHosts
from shared.arcgis.webhook_connection import WebhookConnection
from shared.errors import Forbidden, Unavailable


class Authority:
    """Asks the portal, and the service too before the hub acts there. Both methods raise PortalDown."""

    def __init__(self, portal: Portal, callers: ArcGisCallers, rest: ArcGisRest, hosts: TokenHosts) -> None:
        self._portal = portal
        self._callers = callers
        self._rest = rest
        self._hosts = hosts

    def may_manage(self, request: Request, item_id: str, wanted: ConnectionInput | None = None) -> bool:
        """Whether, as the portal says, the bearer of a token in the request may manage the item's feature service.

        That is enough for showing something, and for nothing else.
        """
        return any(self._managed_item(request, item_id, token) for token in tokens_in(request, wanted))

    def managed_service(
        self, request: Request, item_id: str, wanted: ConnectionInput | None = None, *, service: str | None = None
    ) -> str | None:
        """The address of the service that the bearer of a token in the request may manage, as that service itself says.

        It is `service`, the one that a connection is bound to, or else the item's, as it was when the service agreed:
        whoever makes an item can write any service's address into it, at any time. None where nobody may manage it.
        Raises Unavailable where the service is out of reach.
        """
        for token in tokens_in(request, wanted):
            item = self._managed_item(request, item_id, token)
            found = self._agreeing(service or item.url, token) if item is not None else None
            if found is not None:
                return found
        return None

    def _managed_item(self, request: Request, item_id: str, token: ArcGisToken) -> PortalItem | None:
        """The item, where the bearer of this token may manage it."""
        try:
            member = self._portal.user(token)
            self._callers.require_member(member, request.workflow.org_id)
            item = self._portal.item(item_id, token)
        except (ArcGisRefused, Forbidden):
            return None
        return item if item.may_be_managed_by(member) else None

    def _agreeing(self, url: str, token: ArcGisToken) -> str | None:
        """The address of the service at `url`, where that lets the bearer of this token manage its webhooks."""
        try:
            address = ServiceAddress.of_item(url)
            self._hosts.judge(address.webhooks_url)
            ServiceWebhooks(self._rest, address.webhooks_url, token).ids_by_name()
        except (ArcGisRefused, OddServiceUrl, ForeignServiceHost):
            return None
        except ArcGisOutage as outage:
            raise Unavailable(str(outage)) from None
        return address.url


def tokens_in(request: Request, wanted: ConnectionInput | None) -> tuple[ArcGisToken, ...]:
    """All ArcGIS tokens of a request, in the order in which they are looked at. Pure."""
    given = () if wanted is None else (wanted.user_token, wanted.fallback_user_token)
    in_document = (ArcGisToken(one.get_secret_value(), request.referer) for one in given if one is not None)
    return (*request.tokens, *in_document)


def touched_members(
    before: WebhookConnection, wanted: ConnectionInput, username: str, fallback_username: str | None
) -> tuple[str, ...]:
    """Members of an update that change whom or what a connection acts as, what it takes, or the service's webhook.

    Whatever is not among them can be changed by anybody who may change connections. Pure.
    """
    managed = before.managed
    changes = {
        "username": username != before.username,
        "fallbackUsername": fallback_username != before.fallback_username,
        # Not compared: whoever may not change it would learn by trying whether it is the stored one.
        "secret": not wanted.keeps_secret,
        "enabled": wanted.enabled != before.enabled,
        "manageWebhook": wanted.manage_webhook
        and (managed is None or managed.is_active != wanted.enabled or before.service_secret is not None),
        "webhookChangeTypes": wanted.manage_webhook
        and managed is not None
        and set(managed.change_types) != set(wanted.webhook_change_types),
    }
    return tuple(name for name, is_touched in changes.items() if is_touched)
