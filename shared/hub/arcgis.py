"""The parts that have to do with ArcGIS, apart from shared/hub/hub.py: receiving connections needs none of them.

What an incoming executeWebhook needs stands apart from what calls the portal: ArcGIS waits for its cold start.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from ipaddress import ip_network
from threading import RLock
from typing import TYPE_CHECKING

from shared.arcgis.authority import Authority
from shared.arcgis.callers import ArcGisCallers
from shared.arcgis.changes import ChangesCompletion
from shared.arcgis.client import ArcGisRest
from shared.arcgis.connection_registry import ConnectionRegistry
from shared.arcgis.consent import Consents
from shared.arcgis.managed import ManagedWebhooks
from shared.arcgis.notification_intake import NotificationIntake
from shared.arcgis.operations import ConnectionOperations
from shared.arcgis.portal import Portal
from shared.arcgis.run_as import RunAsCheck
from shared.arcgis.token_hosts import TokenHosts
from shared.events.store import EventStore
from shared.outbound.client import HttpClient
from shared.outbound.target_policy import TargetPolicy
from shared.settings import Settings
from shared.storage.account import StorageAccount
from shared.storage.sealed import Sealer

# A service answers a `create` only when its challenge was answered.
_CALL_SECONDS = 8.0
_MAX_ANSWER_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class ArcGisNeighbours:
    """The portal, its users as callers, the operations of connections, and what reads the changes behind an event."""

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
    ) -> "ArcGisNeighbours":
        """The parts of these settings."""
        rest = ArcGisRest(_http_client())
        portal = Portal(rest, settings.arcgis_portal_url, cache_seconds=settings.role_cache_seconds)
        callers = ArcGisCallers(portal, settings.arcgis_org_ids)
        consents = Consents(storage, sealer, registry)
        hosts = TokenHosts(settings.arcgis_portal_url, settings.arcgis_service_hosts)
        managed = ManagedWebhooks(portal, rest, hosts, consents, settings.public_url, settings.arcgis_hook_key, now)
        authority = Authority(portal, callers, rest, hosts)
        run_as = RunAsCheck(portal, callers, consents, authority, now)
        operations = ConnectionOperations(registry, consents, run_as, managed, authority, sealer, now)
        return cls(portal, callers, operations, ChangesCompletion(registry, consents, portal, rest, hosts))


def _http_client() -> HttpClient:
    """The one that calls receivers: a deadline for the whole call, no redirects, a cap on what is read.

    Any network may be called: hosts are those of the portal and of ARCGIS_SERVICE_HOSTS, which may be internal.
    """
    anywhere = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    policy = TargetPolicy(require_https=False, allowed_networks=anywhere)
    return HttpClient(policy, deadline_seconds=_CALL_SECONDS, max_response_bytes=_MAX_ANSWER_BYTES)


if TYPE_CHECKING:
    from shared.hub.arcgis import ArcGisNeighbours


@dataclass(frozen=True)
class ArcGis:
    """Receives notifications; manages connections. `now` gives the current time, in UTC."""

    settings: Settings
    storage: StorageAccount
    registry: ConnectionRegistry
    hooks: NotificationIntake
    sealer: Sealer
    now: Callable[[], datetime]

    @classmethod
    def assemble(
        cls, settings: Settings, storage: StorageAccount, events: EventStore, now: Callable[[], datetime]
    ) -> "ArcGis":
        """The parts of these settings."""
        registry, sealer = ConnectionRegistry(storage), Sealer(settings.secrets_key)
        hooks = NotificationIntake(registry, events, sealer, settings.arcgis_follow_changes, now)
        return cls(settings, storage, registry, hooks, sealer, now)

    @property
    def neighbours(self) -> "ArcGisNeighbours":
        """What calls the portal and feature services, imported and made when it is first needed."""
        with _lock:
            return self._neighbours

    @cached_property
    def _neighbours(self) -> "ArcGisNeighbours":
        from shared.hub.arcgis import ArcGisNeighbours

        return ArcGisNeighbours.assemble(self.settings, self.storage, self.registry, self.sealer, self.now)


_lock = RLock()
