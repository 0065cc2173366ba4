"""The app put together: every part made once a process, when the first request needs it."""

import os
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import requests

from shared.callers.api_keys import API_KEYS_TABLE, ApiKeys
from shared.callers.identify import Callers
from shared.dynamics.completion import ConnectionCompletion
from shared.dynamics.dataverse import DataverseClient
from shared.dynamics.intake import ConnectionIntake
from shared.events.dispatch import Dispatcher
from shared.events.store import EventStore
from shared.identity import AppIdentity
from shared.roles.directory import CachedDirectory, RoleDirectory
from shared.roles.table import ROLES_TABLE, TableDirectory
from shared.settings import Settings
from shared.storage.account import StorageAccount
from shared.storage.transport import DeadlineTransport


@dataclass(frozen=True)
class Hub:
    """The parts that triggers and the command line call."""

    settings: Settings
    storage: StorageAccount
    roles: RoleDirectory
    api_keys: ApiKeys
    callers: Callers
    events: EventStore
    intake: ConnectionIntake
    dispatcher: Dispatcher

    @classmethod
    def assemble(cls, settings: Settings, *, transport: DeadlineTransport | None = None) -> Self:
        """A hub of these settings; raises Misconfigured. Nothing is called before it is needed."""
        storage = StorageAccount(settings.storage, transport)
        directory = TableDirectory(storage.table(ROLES_TABLE), settings.relationship_manager_role)
        roles = CachedDirectory(directory, seconds=settings.role_cache_seconds)
        api_keys = ApiKeys(storage.table(API_KEYS_TABLE))
        events = EventStore(storage)
        return cls(
            settings=settings,
            storage=storage,
            roles=roles,
            api_keys=api_keys,
            callers=Callers(api_keys, roles),
            events=events,
            intake=ConnectionIntake(roles, events, now),
            dispatcher=Dispatcher(events, ConnectionCompletion(_dataverse(settings)), settings.retry_delays),
        )


def now() -> datetime:
    """The current time, in UTC."""
    return datetime.now(UTC)


def hub() -> Hub:
    """This process' hub, of the settings in its environment; raises Misconfigured, and tries again the next time."""
    global _hub
    with _lock:
        if _hub is None:
            _hub = Hub.assemble(Settings.read(os.environ))
        return _hub


_hub: Hub | None = None
_lock = threading.Lock()


def _dataverse(settings: Settings) -> DataverseClient:
    identity = AppIdentity()
    return DataverseClient(settings.dataverse_url, lambda: identity.token(settings.dataverse_url), requests.Session())
