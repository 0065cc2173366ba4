"""The app put together: every part made once a process, when the first request needs it."""

import os
import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

from shared.audit.log import AUDIT_TABLE, AuditLog
from shared.azure_transport import DeadlineTransport
from shared.call_rate import CallRate
from shared.callers.api_keys import API_KEYS_TABLE, ApiKeys
from shared.callers.identify import Callers
from shared.clock import now
from shared.dynamics.completion import ConnectionCompletion
from shared.dynamics.connection_intake import ConnectionIntake
from shared.dynamics.dataverse import DataverseClient
from shared.dynamics.organization import Organization
from shared.errors import BadGateway, DataverseDown, DirectoryDown, HubError
from shared.events.store import EventStore
from shared.identity import AppIdentity
from shared.roles.directory import CachedDirectory, RoleDirectory
from shared.roles.graph import GraphDirectory, RoleList, UserReader
from shared.roles.table import ROLES_TABLE, TableRoles
from shared.settings import Settings
from shared.storage.account import StorageAccount
from shared.web_api import READ_SECONDS, WebApi

if TYPE_CHECKING:
    from shared.hub.arcgis import ArcGis
    from shared.hub.receivers import Receivers
    from shared.hub.registration import DataverseRegistration

_REGISTRATION_READ_SECONDS = 15.0


@dataclass(frozen=True)
class Hub:
    """The parts that triggers and the command line call."""

    settings: Settings
    storage: StorageAccount
    roles: RoleDirectory
    api_keys: ApiKeys
    callers: Callers
    audit: AuditLog
    events: EventStore
    intake: ConnectionIntake
    completion: ConnectionCompletion
    graph: WebApi
    identity: AppIdentity
    signal_rate: CallRate

    @classmethod
    def assemble(cls, settings: Settings, *, transport: DeadlineTransport | None = None) -> Self:
        """A hub of these settings; raises Misconfigured. Nothing is called before it is needed."""
        storage = StorageAccount(settings.storage, transport)
        identity = AppIdentity()
        dataverse = DataverseClient(_dataverse_api(settings, identity))
        graph = WebApi("Graph", settings.graph_url, lambda: identity.token(settings.graph_url), DirectoryDown)
        directory = _directory(settings, storage, graph, dataverse)
        roles = CachedDirectory(directory, seconds=settings.role_cache_seconds)
        api_keys = ApiKeys(storage.table(API_KEYS_TABLE))
        audit = AuditLog(storage.table(AUDIT_TABLE))
        events = EventStore(storage)
        return cls(
            settings=settings,
            storage=storage,
            roles=roles,
            api_keys=api_keys,
            callers=Callers(settings, api_keys, roles, audit),
            audit=audit,
            events=events,
            intake=ConnectionIntake(roles, events, now, settings.relationship_manager_role),
            completion=ConnectionCompletion(dataverse),
            graph=graph,
            identity=identity,
            signal_rate=CallRate(settings.max_signals_per_minute, "signals", "MAX_SIGNALS_PER_MINUTE"),
        )

    @property
    def receivers(self) -> "Receivers":
        """Webhooks, dispatch and delivery, imported and made when the first one is needed."""
        with _lock:
            return self._receivers

    @property
    def registration(self) -> "DataverseRegistration":
        """Registering webhooks in Dataverse, imported and made when it is needed first."""
        with _lock:
            return self._registration

    @cached_property
    def _registration(self) -> "DataverseRegistration":
        from shared.hub.registration import DataverseRegistration

        # Here it matters whether Dataverse is out of reach or says something unusable, and making a step takes long.
        api = _dataverse_api(
            self.settings, self.identity, on_bad_response=BadGateway, read_seconds=_REGISTRATION_READ_SECONDS
        )
        return DataverseRegistration.assemble(Organization(api), self.intake, self.settings.public_url)

    @property
    def arcgis(self) -> "ArcGis":
        """Webhook connections of ArcGIS Workflow Manager, imported and made when they are needed first."""
        with _lock:
            return self._arcgis

    @cached_property
    def _arcgis(self) -> "ArcGis":
        from shared.hub.arcgis import ArcGis

        return ArcGis.assemble(self.settings, self.storage, self.events, now)

    @cached_property
    def _receivers(self) -> "Receivers":
        from shared.delivery.notices import GraphNotices
        from shared.hub.receivers import CompletionBySource, Receivers

        completion = CompletionBySource(
            {"dynamics/": lambda: self.completion, "arcgis/": lambda: self.arcgis.neighbours.changes}
        )
        notices = GraphNotices(self.graph, self.settings.notice_mailbox)
        return Receivers.assemble(self.settings, self.storage, self.events, completion, notices, self.audit, now)


def hub() -> Hub:
    """This process' hub, of the settings in its environment; raises Misconfigured, and tries again the next time."""
    global _hub
    with _lock:
        if _hub is None:
            _hub = Hub.assemble(Settings.read(os.environ))
        return _hub


_hub: Hub | None = None
_lock = threading.RLock()


def _directory(settings: Settings, storage: StorageAccount, graph: WebApi, users: UserReader) -> RoleDirectory:
    if settings.role_directory == "table":
        return TableRoles(storage.table(ROLES_TABLE))
    roles = RoleList(graph, settings.sharepoint_site_id, settings.sharepoint_role_list)
    return GraphDirectory(users, graph, roles, seconds=settings.role_cache_seconds)


def _dataverse_api(
    settings: Settings,
    identity: AppIdentity,
    *,
    on_bad_response: type[HubError] | None = None,
    read_seconds: float = READ_SECONDS,
) -> WebApi:
    url = settings.dataverse_url
    return WebApi(
        "Dataverse",
        url,
        lambda: identity.token(url),
        DataverseDown,
        on_bad_response=on_bad_response,
        read_seconds=read_seconds,
        setting="DATAVERSE_URL",
    )
