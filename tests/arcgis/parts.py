"""The collaborators of one hub for ArcGIS, for tests that ask one of them alone."""

from dataclasses import dataclass
from typing import Self

from shared.arcgis.authority import Authority
from shared.arcgis.callers import WorkflowRequest
from shared.arcgis.client import ArcGisRest, ArcGisToken
from shared.arcgis.consent import Consents
from shared.arcgis.managed_webhooks import ManagedWebhooks
from shared.arcgis.run_as import RunAsCheck
from shared.arcgis.token_hosts import TokenHosts
from shared.arcgis.webhook_sync import WebhookSync
from shared.callers.caller import Caller
from shared.hub.arcgis import arcgis_http_client
from shared.hub.hub import Hub
from shared.roles.user import User
from tests.arcgis.stored import NOW, WORKFLOW, consents


@dataclass(frozen=True)
class Parts:
    """As the hub has them."""

    authority: Authority
    consents: Consents
    run_as: RunAsCheck
    managed: ManagedWebhooks
    sync: WebhookSync

    @classmethod
    def of(cls, hub: Hub) -> Self:
        """Those for the settings and the storage of this hub."""
        settings, services = hub.settings, hub.arcgis.services
        portal, callers, rest = services.portal, services.callers, ArcGisRest(arcgis_http_client())
        hosts = TokenHosts(settings.arcgis_portal_url, settings.arcgis_service_hosts)
        kept = consents(hub)
        managed = ManagedWebhooks(portal, rest, hosts, kept, settings.public_url, settings.arcgis_hook_key, lambda: NOW)
        authority = Authority(portal, callers, rest, hosts)
        run_as = RunAsCheck(portal, callers, kept, authority, lambda: NOW)
        return cls(
            authority, kept, run_as, managed, WebhookSync(hub.arcgis.connections, managed, authority, hub.sealer)
        )


def hub_request(token: str | None = None) -> WorkflowRequest:
    """A request of a caller of the hub's own, with an ArcGIS token besides or without one."""
    caller = Caller(User.of_account("manager@hub.example"))
    return WorkflowRequest(WORKFLOW, caller, token=None if token is None else ArcGisToken(token))


def member_request(hub: Hub, token: str) -> WorkflowRequest:
    """A request of the user of ArcGIS whose token this is."""
    return WorkflowRequest(WORKFLOW, hub.arcgis.services.callers.caller(ArcGisToken(token), WORKFLOW.org_id))
