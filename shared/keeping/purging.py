"""Forgets all events about one row, or by one user: a look through the whole table `events`, in bounded calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from azure.data.tables import TableEntity

from shared.delivery.message import DeliveryMessage
from shared.delivery.poison import remove_poison
from shared.events.event import EventId
from shared.events.rows import EVENTS_TABLE
from shared.events.store import EventStore
from shared.events.stripping import KEPT_COLUMNS, is_forgotten
from shared.keeping.forgetting import DELIVERIES_AT_ONCE, EVENTS_AT_ONCE, Forgetting, StillForgetting
from shared.storage.account import StorageAccount
from shared.storage.paging import Place, Position
from shared.storage.query import Query
from shared.storage.scan import Scan, WorkBudget
from shared.storage.tables import RowVersion

PURGE_SECONDS = 15.0
"""How long one call takes, about."""

_NO_LIMIT = 1_000_000
_PAGE = 1000
_SELECTED = KEPT_COLUMNS[2:]
"""Without the keys, which each scan reads anyway."""
_SCAN_SHARE = 0.7
"""Of a call's time: what is found last has to be forgotten in the rest."""


@dataclass(frozen=True)
class PurgeFilter:
    """Which events are purged: those about this row (`entity` and `entity_id`), or else those by this `initiator`.

    A value counts as a whole, in any case; None does not filter.
    """

    entity: str | None = None
    entity_id: str | None = None
    initiator: str | None = None

    def takes(self, entity: str, entity_id: str, initiator: str) -> bool:
        """Whether an event with these values is one of them."""
        pairs = ((self.entity, entity), (self.entity_id, entity_id), (self.initiator, initiator))
        return all(wanted is None or wanted.casefold() == given.casefold() for wanted, given in pairs)

    def takes_row(self, row: Mapping[str, Any]) -> bool:
        """The same of a row of `events`."""
        return self.takes(row["Entity"], row["EntityId"], row["Initiator"])


@dataclass(frozen=True)
class PurgeResult:
    """How many events were purged or counted, and where the next call goes on; None if there are no more."""

    count: int
    place: Place | None


def purge_budget(seconds: float = PURGE_SECONDS) -> WorkBudget:
    """What one call may do: it is bounded by its time."""
    return WorkBudget(transactions=_NO_LIMIT, seconds=seconds * _SCAN_SHARE)


class Purging:
    """Purges events, or counts those that a purge would. Events that are forgotten already are left out."""

    def __init__(self, storage: StorageAccount, events: EventStore, forgetting: Forgetting) -> None:
        self._storage = storage
        self._table = storage.table(EVENTS_TABLE)
        self._events = events
        self._forgetting = forgetting

    def count(self, wanted: PurgeFilter, place: Place, budget: WorkBudget) -> PurgeResult:
        """Count them, up to where the budget ends; raises StorageDown."""
        scan = self._scan(place, budget)
        count = sum(_is_wanted(row, wanted) for _, row in scan)
        return PurgeResult(count, None if scan.is_complete else scan.place)

    def purge(self, wanted: PurgeFilter, place: Place, budget: WorkBudget) -> PurgeResult:
        """Forget them, up to where the budget ends; the call that comes to the end looks through the poison queues.

        Raises StorageDown, and Unavailable if messages there cannot be seen at the moment.
        """
        scan, count, found = self._scan(place, budget), 0, list[RowVersion]()
        at_once = self._at_once()
        try:
            for _, row in scan:
                if not _is_wanted(row, wanted):
                    continue
                found.append(RowVersion(row, str(row.metadata["etag"])))
                if len(found) >= at_once:
                    count += self._forgetting.forget_rows(found)
                    found.clear()
                    if not budget.left():
                        return PurgeResult(count, scan.place)
            count += self._forgetting.forget_rows(found) if found else 0
        except StillForgetting as error:
            # Its row says how far that came.
            return PurgeResult(count + error.finished, _before(found[0]))
        if not (scan.is_complete and budget.left()):
            return PurgeResult(count, scan.place)
        remove_poison(self._storage, self._is_of(wanted))
        return PurgeResult(count, None)

    def _at_once(self) -> int:
        """So many events that the deliveries of all of them, if nobody knows whose they are, are a few hundred."""
        webhooks = len(self._forgetting.registry.ids())
        return min(max(DELIVERIES_AT_ONCE // max(webhooks, 1), 1), EVENTS_AT_ONCE)

    def _scan(self, place: Place, budget: WorkBudget) -> Scan[TableEntity]:
        rows = Query().beyond(place.after)
        return Scan(self._table, [(place, rows)], _as_it_is, budget=budget, page_size=_PAGE, select=_SELECTED)

    def _is_of(self, wanted: PurgeFilter) -> Callable[[DeliveryMessage], bool]:
        """Whether a message carries an event that was purged; one that came meanwhile is none."""
        known: dict[EventId, bool] = {}

        def is_of(message: DeliveryMessage) -> bool:
            event = message.event
            if event is None or not wanted.takes(event.entity, event.entity_id, event.initiator):
                return False
            if event.id not in known:
                stored = self._events.get(event.id)
                known[event.id] = stored is not None and stored.forgotten
            return known[event.id]

        return is_of


def _before(version: RowVersion) -> Place:
    """Where the next call finds this row once more."""
    row = version.row or {}
    # A key comes behind those that it begins with.
    return Place(Position(str(row["PartitionKey"]), str(row["RowKey"])[:-1]))


def _as_it_is(row: TableEntity) -> TableEntity:
    return row


def _is_wanted(row: TableEntity, wanted: PurgeFilter) -> bool:
    # The second row of an event has nothing but pieces, which were not asked for.
    return row.get("Entity") is not None and wanted.takes_row(row) and not is_forgotten(row)
