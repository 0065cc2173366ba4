"""Who may have the hub act at a feature service as somebody else: those who may manage the service themselves.

See docs/arcgis.md "Who may have the hub act as somebody else".

Only a token in the request shows that: the caller's own, one that a caller of the hub's own sends in
X-Esri-Authorization, or a userToken or fallbackUserToken in the document.
"""

from shared.arcgis.callers import ArcGisCallers, WorkflowRequest
from shared.arcgis.client import ArcGisOutage, ArcGisRefused, ArcGisRest, ArcGisToken
from shared.arcgis.connection_input import ConnectionInput
from shared.arcgis.portal import Portal, PortalItem
from shared.arcgis.service_address import InvalidServiceUrl
from shared.arcgis.service_webhooks import ServiceWebhooks
from shared.arcgis.token_hosts import ForeignServiceHost, TokenHosts
from shared.errors import Forbidden, Unavailable


class Authority:
    """Asks the portal, and before the hub acts at a service that service too. Both methods raise PortalDown."""

    def __init__(self, portal: Portal, callers: ArcGisCallers, rest: ArcGisRest, hosts: TokenHosts) -> None:
        self._portal = portal
        self._callers = callers
        self._rest = rest
        self._hosts = hosts

    def may_manage(self, request: WorkflowRequest, item_id: str) -> bool:
        """Whether the portal says that a token in the request is of somebody who may manage the item's service.

        That is enough to show them something, and for nothing else.
        """
        return any(self._managed_item(request, item_id, token) for token in request.tokens)

    def managed_service(
        self,
        request: WorkflowRequest,
        item_id: str,
        wanted: ConnectionInput | None = None,
        *,
        service: str | None = None,
    ) -> str | None:
        """The address of the service that somebody may manage whose token is in the request; None if nobody may.

        The service itself must say so, since the owner of an item can write any service's address into it at any time.
        The one that is asked is `service`, to which a connection is bound, or else that of the item. Raises Unavailable
        if it is out of reach.
        """
        for token in tokens_in(request, wanted):
            item = self._managed_item(request, item_id, token)
            found = self._agreeing(service or item.url, token) if item is not None else None
            if found is not None:
                return found
        return None

    def _managed_item(self, request: WorkflowRequest, item_id: str, token: ArcGisToken) -> PortalItem | None:
        """The item, if the bearer of this token may manage it."""
        try:
            member = self._callers.member(token, request.workflow.org_id)
            item = self._portal.item(item_id, token)
        except (ArcGisRefused, Forbidden):
            return None
        return item if item.may_be_managed_by(member) else None

    def _agreeing(self, url: str, token: ArcGisToken) -> str | None:
        """The address of the service at `url`, if it lets the bearer of this token manage its webhooks."""
        try:
            address = self._hosts.service(url)
            ServiceWebhooks(self._rest, address.webhooks_url, token).ids_by_name()
        except (ArcGisRefused, InvalidServiceUrl, ForeignServiceHost):
            return None
        except ArcGisOutage as outage:
            raise Unavailable(str(outage)) from None
        return address.url


def tokens_in(request: WorkflowRequest, wanted: ConnectionInput | None) -> tuple[ArcGisToken, ...]:
    """All ArcGIS tokens of a request, in the order in which they are tried. Pure."""
    given = () if wanted is None else (wanted.user_token, wanted.fallback_user_token)
    in_document = (ArcGisToken(one.get_secret_value(), request.referer) for one in given if one is not None)
    return (*request.tokens, *in_document)
