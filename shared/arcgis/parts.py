"""The parts that have to do with ArcGIS, apart from shared/hub.py: receiving connections needs none of them.

What an incoming executeWebhook needs stands apart from what calls the portal: ArcGIS waits for its cold start.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING

from shared.arcgis.hooks import HookIntake
from shared.arcgis.registry import ConnectionRegistry
from shared.events.store import EventStore
from shared.settings import Settings
from shared.storage.account import StorageAccount
from shared.storage.sealed import Sealer

if TYPE_CHECKING:
    from shared.arcgis.neighbours import ArcGisNeighbours


@dataclass(frozen=True)
class ArcGis:
    """Receives notifications; manages connections. `now` gives the current time, in UTC."""

    settings: Settings
    storage: StorageAccount
    registry: ConnectionRegistry
    hooks: HookIntake
    sealer: Sealer
    now: Callable[[], datetime]

    @classmethod
    def assemble(
        cls, settings: Settings, storage: StorageAccount, events: EventStore, now: Callable[[], datetime]
    ) -> "ArcGis":
        """The parts of these settings."""
        registry, sealer = ConnectionRegistry(storage), Sealer(settings.secrets_key)
        hooks = HookIntake(registry, events, sealer, settings.arcgis_follow_changes, now)
        return cls(settings, storage, registry, hooks, sealer, now)

    @property
    def neighbours(self) -> "ArcGisNeighbours":
        """What calls the portal and feature services, imported and made when it is first needed."""
        with _lock:
            return self._neighbours

    @cached_property
    def _neighbours(self) -> "ArcGisNeighbours":
        from shared.arcgis.neighbours import ArcGisNeighbours

        return ArcGisNeighbours.assemble(self.settings, self.storage, self.registry, self.sealer, self.now)


_lock = RLock()
