"""The parts that have to do with ArcGIS.

hub.py imports this module when one of them is first needed: receiving an event from Dynamics needs none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from typing import Self

from shared.arcgis.authority import Authority
from shared.arcgis.callers import ArcGisCallers
from shared.arcgis.changes import ChangesCompletion
from shared.arcgis.client import ArcGisRest
from shared.arcgis.connection_registry import ConnectionRegistry
from shared.arcgis.consent import Consents
from shared.arcgis.managed_webhooks import ManagedWebhooks
from shared.arcgis.notification_intake import NotificationIntake
from shared.arcgis.operations import ConnectionOperations
from shared.arcgis.portal import Portal
from shared.arcgis.run_as import RunAsCheck
from shared.arcgis.token_hosts import TokenHosts
from shared.arcgis.webhook_sync import WebhookSync
from shared.events.store import EventStore
from shared.hub.lazy import Lazy
from shared.outbound.client import HttpClient
from shared.outbound.target_policy import TargetPolicy
from shared.settings import Settings
from shared.storage.account import StorageAccount
from shared.storage.sealed import Sealer

# A service answers a `create` only once its challenge was answered.
_CALL_SECONDS = 8.0
_MAX_ANSWER_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class ArcGisServices:
    """What calls the portal and feature services."""

    portal: Portal
    callers: ArcGisCallers
    operations: ConnectionOperations
    changes: ChangesCompletion

    @classmethod
    def assemble(
        cls,
        settings: Settings,
        storage: StorageAccount,
        registry: ConnectionRegistry,
        sealer: Sealer,
        now: Callable[[], datetime],
    ) -> Self:
        """The parts for these settings; raises Misconfigured. `now` gives the current time, in UTC."""
        rest = ArcGisRest(arcgis_http_client())
        portal = Portal(rest, settings.arcgis_portal_url, cache_seconds=settings.role_cache_seconds)
        callers = ArcGisCallers(portal, settings.arcgis_org_ids)
        consents = Consents(storage, sealer, registry)
        hosts = TokenHosts(settings.arcgis_portal_url, settings.arcgis_service_hosts)
        managed = ManagedWebhooks(portal, rest, hosts, consents, settings.public_url, settings.arcgis_hook_key, now)
        authority = Authority(portal, callers, rest, hosts)
        run_as = RunAsCheck(portal, callers, consents, authority, now)
        sync = WebhookSync(registry, managed, authority, sealer)
        operations = ConnectionOperations(registry, consents, run_as, authority, sync, sealer, now)
        return cls(portal, callers, operations, ChangesCompletion(registry, consents, portal, rest, hosts))


@dataclass(frozen=True)
class ArcGis:
    """Stored connections, the intake of notifications about them, and what calls ArcGIS."""

    connections: ConnectionRegistry
    notifications: NotificationIntake
    _services: Lazy[ArcGisServices]

    @classmethod
    def assemble(
        cls,
        settings: Settings,
        storage: StorageAccount,
        events: EventStore,
        sealer: Sealer,
        now: Callable[[], datetime],
    ) -> Self:
        """The parts for these settings. `now` gives the current time, in UTC."""
        registry = ConnectionRegistry(storage)
        notifications = NotificationIntake(registry, events, sealer, settings.arcgis_follow_changes, now)
        services = Lazy(lambda: ArcGisServices.assemble(settings, storage, registry, sealer, now))
        return cls(registry, notifications, services)

    @property
    def services(self) -> ArcGisServices:
        """What calls the portal and feature services; raises Misconfigured. Notifications are accepted without it."""
        return self._services()


def arcgis_http_client() -> HttpClient:
    """One like that for receivers: a deadline for the whole call, no redirects, a limit on the size of an answer.

    It may call any network: TokenHosts decides which hosts are called, and these may be internal.
    """
    anywhere = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    policy = TargetPolicy(require_https=False, allowed_networks=anywhere)
    return HttpClient(policy, deadline_seconds=_CALL_SECONDS, max_response_bytes=_MAX_ANSWER_BYTES)
