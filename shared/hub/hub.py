"""The app put together: each part is made once in a process."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from shared.audit.log import AUDIT_TABLE, AuditLog
from shared.call_rate import CallRate
from shared.callers.api_keys import API_KEYS_TABLE, ApiKeys
from shared.callers.identify import Callers
from shared.clock import now
from shared.dynamics.completion import DataverseCompletion
from shared.dynamics.dataverse import DataverseClient
from shared.dynamics.event_name import EventPattern
from shared.dynamics.intake import DataverseIntake, IntakeRules
from shared.dynamics.organization import Organization
from shared.dynamics.senders import ORGANIZATIONS_TABLE, Senders
from shared.errors import BadGateway, DataverseDown, DirectoryDown, HubError
from shared.events.dispatch import Completion
from shared.events.store import EventStore
from shared.hub.lazy import Lazy
from shared.identity import AppIdentity
from shared.roles.directory import CachedDirectory, RoleDirectory
from shared.roles.graph import GraphDirectory, RoleList, UserReader
from shared.roles.table import ROLES_TABLE, TableRoles
from shared.settings import Settings
from shared.storage.account import StorageAccount
from shared.storage.sealed import Sealer
from shared.storage.transport import StorageTransport
from shared.web_api import READ_SECONDS, WebApi

if TYPE_CHECKING:
    from shared.hub.arcgis import ArcGis
    from shared.hub.receivers import Receivers
    from shared.hub.registration import DataverseRegistration
    from shared.keeping.retention import Retention

_REGISTRATION_READ_SECONDS = 15.0

type Completions = Mapping[str, Callable[[], Completion]]


@dataclass(frozen=True, kw_only=True)
class Hub:
    """The parts that triggers and the command line call.

    Receiving an event needs neither receivers, nor the registration API, nor ArcGIS. These three are made, and their
    modules imported, when they are first needed, so that a cold start does not wait for them.
    """

    settings: Settings
    storage: StorageAccount
    sealer: Sealer
    roles: RoleDirectory
    api_keys: ApiKeys
    callers: Callers
    audit: AuditLog
    events: EventStore
    senders: Senders
    intake: DataverseIntake
    completion: DataverseCompletion
    signal_rate: CallRate
    _receivers: Lazy["Receivers"]
    _registration: Lazy["DataverseRegistration"]
    _arcgis: Lazy["ArcGis"]

    @classmethod
    def assemble(cls, settings: Settings, *, transport: StorageTransport | None = None) -> Self:
        """A hub with these settings; raises Misconfigured. It calls nothing outside the process yet."""
        storage, sealer = StorageAccount(settings.storage, transport), Sealer(settings.secrets_key)
        identity = AppIdentity()
        graph = WebApi("Graph", settings.graph_url, lambda: identity.token(settings.graph_url), DirectoryDown)
        dataverse = DataverseClient(_dataverse_api(settings, identity))
        directory = _directory(settings, storage, graph, dataverse)
        roles = CachedDirectory(directory, seconds=settings.role_cache_seconds, name=settings.role_directory)
        api_keys = ApiKeys(storage.table(API_KEYS_TABLE))
        audit = AuditLog(storage.table(AUDIT_TABLE))
        events = EventStore(storage)
        senders = Senders(storage.table(ORGANIZATIONS_TABLE), settings.dynamics_organizations)
        intake = DataverseIntake(roles, events, senders, now, _rules(settings))
        completion = DataverseCompletion(dataverse)
        arcgis = Lazy(lambda: _make_arcgis(settings, storage, events, sealer))
        completions: Completions = {
            "dynamics/": lambda: completion,
            "arcgis/": lambda: arcgis().services.changes,
        }
        return cls(
            settings=settings,
            storage=storage,
            sealer=sealer,
            roles=roles,
            api_keys=api_keys,
            callers=Callers(settings, api_keys, roles, audit),
            audit=audit,
            events=events,
            senders=senders,
            intake=intake,
            completion=completion,
            signal_rate=CallRate(settings.max_signals_per_minute, "signals", "MAX_SIGNALS_PER_MINUTE"),
            _receivers=Lazy(lambda: _make_receivers(settings, storage, events, sealer, completions, graph, audit)),
            _registration=Lazy(lambda: _make_registration(settings, identity, intake)),
            _arcgis=arcgis,
        )

    @property
    def receivers(self) -> "Receivers":
        """Registered webhooks, and the dispatch and delivery of events to them."""
        return self._receivers()

    @property
    def retention(self) -> "Retention":
        """The nightly work: what is old goes, what was lost is made again. Only its timer needs it."""
        from shared.hub.nightly import make_retention

        return make_retention(self.settings, self.storage, self.events, self.receivers, self.storage.now)

    @property
    def registration(self) -> "DataverseRegistration":
        """Registering webhooks in Dataverse."""
        return self._registration()

    @property
    def arcgis(self) -> "ArcGis":
        """Webhook connections of ArcGIS Workflow Manager."""
        return self._arcgis()


process_hub = Lazy(lambda: Hub.assemble(Settings.read(os.environ)))
"""This process's hub, with the settings in its environment; raises Misconfigured, and tries again the next time."""


def _make_receivers(
    settings: Settings,
    storage: StorageAccount,
    events: EventStore,
    sealer: Sealer,
    completions: Completions,
    graph: WebApi,
    audit: AuditLog,
) -> "Receivers":
    from shared.delivery.notices import GraphNotices
    from shared.hub.receivers import CompletionBySource, Receivers

    completion, notices = CompletionBySource(completions), GraphNotices(graph, settings.notice_mailbox)
    return Receivers.assemble(settings, storage, events, sealer, completion, notices, audit, now)


def _make_registration(settings: Settings, identity: AppIdentity, intake: DataverseIntake) -> "DataverseRegistration":
    from shared.hub.registration import DataverseRegistration

    # Unlike receiving, registering tells an outage of Dataverse from an unusable answer, and making a step takes long.
    api = _dataverse_api(settings, identity, on_bad_response=BadGateway, read_seconds=_REGISTRATION_READ_SECONDS)
    return DataverseRegistration.assemble(Organization(api), intake, settings.public_url)


def _make_arcgis(settings: Settings, storage: StorageAccount, events: EventStore, sealer: Sealer) -> "ArcGis":
    from shared.hub.arcgis import ArcGis

    return ArcGis.assemble(settings, storage, events, sealer, now)


def _rules(settings: Settings) -> IntakeRules:
    patterns = [EventPattern.parse(text) for text in settings.dynamics_events]
    return IntakeRules(patterns, settings.relationship_manager_role, settings.dynamics_events_role)


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
