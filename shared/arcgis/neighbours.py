"""The parts that call the ArcGIS portal and feature services."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network

from shared.arcgis.authority import Authority
from shared.arcgis.changes import ChangesCompletion
from shared.arcgis.consent import Consents
from shared.arcgis.managed import ManagedWebhooks
from shared.arcgis.operations import ConnectionOperations
from shared.arcgis.portal import Portal
from shared.arcgis.registry import ConnectionRegistry
from shared.arcgis.rest import ArcGisRest
from shared.arcgis.run_as import RunAsCheck
from shared.arcgis.token_hosts import TokenHosts
from shared.callers.arcgis import ArcGisCallers
from shared.delivery.target_policy import TargetPolicy
from shared.delivery.transport import Transport
from shared.settings import Settings
from shared.storage.account import StorageAccount
from shared.storage.sealed import Sealer

# A service answers a `create` only when its challenge was answered.
_CALL_SECONDS = 8.0
_MOST_ANSWER_BYTES = 4 * 1024 * 1024


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
        rest = ArcGisRest(_transport())
        portal = Portal(rest, settings.arcgis_portal_url, cache_seconds=settings.role_cache_seconds)
        callers = ArcGisCallers(portal, settings.arcgis_org_ids)
        consents = Consents(storage, sealer, registry)
        hosts = TokenHosts(settings.arcgis_portal_url, settings.arcgis_service_hosts)
        managed = ManagedWebhooks(portal, rest, hosts, consents, settings.public_url, settings.arcgis_hook_key, now)
        authority = Authority(portal, callers, rest, hosts)
        run_as = RunAsCheck(portal, callers, consents, authority, now)
        operations = ConnectionOperations(registry, consents, run_as, managed, authority, sealer, now)
        return cls(portal, callers, operations, ChangesCompletion(registry, consents, portal, rest, hosts))


def _transport() -> Transport:
    """The one that calls receivers: a deadline for the whole call, no redirects, a cap on what is read.

    Any network may be called: hosts are those of the portal and of ARCGIS_SERVICE_HOSTS, which may be internal.
    """
    anywhere = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    policy = TargetPolicy(require_https=False, allowed_networks=anywhere)
    return Transport(policy, deadline_seconds=_CALL_SECONDS, max_response_bytes=_MOST_ANSWER_BYTES)
