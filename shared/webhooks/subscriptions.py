"""The index of subscriptions: which webhooks want an event. Dispatch reads one partition of it.

It may list too much, for the registration decides, but never too little: a row is written before the registration that
needs it, and removed only while it is certain that no later version of the registration has written it again.
"""

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from shared.side_by_side import each_side_by_side
from shared.storage.keys import KEY_COLUMNS, key_text, row_key
from shared.storage.query import Query
from shared.storage.scan import WorkBudget
from shared.storage.tables import Changed, Row, Table

SUBSCRIPTIONS_TABLE = "subscriptions"

_PAGE = 1000
_NEW = "New"
_MAX_PARALLEL_WRITES = 8
"""Up to this many names are written one after the other; more of them side by side, by this many threads."""


@dataclass(frozen=True)
class SubscriptionRow:
    """A row of the index: the revision that wrote it, and the etag with which it can be removed.

    `created` is when a create wrote it, by storage's clock; None if an update wrote it.
    """

    revision: int
    etag: str
    created: datetime | None


class Subscriptions:
    """Table `subscriptions`: partition is the event's name, row key the webhook's id."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, webhook_id: int, events: Collection[str], *, revision: int) -> None:
        """Have a new webhook listed for these events, by the first revision of its registration."""
        _each(events, lambda event: self._table.put({**_keys(event, webhook_id), "Revision": revision, _NEW: True}))

    def extend(self, webhook_id: int, events: Collection[str], *, revision: int) -> None:
        """Have a webhook listed for these events, by this revision of its registration or a later one.

        A row's revision never goes down. Otherwise a slow writer, whose save will fail, could cause the removal of a
        row that a later revision needs.
        """
        _each(events, lambda event: self._raise_to(_keys(event, webhook_id), revision))

    def _raise_to(self, keys: dict[str, str], revision: int) -> None:
        def raised(row: Row | None) -> Row | None:
            return {"Revision": revision} if row is None or int(row["Revision"]) < revision else None

        self._table.modify(keys["PartitionKey"], keys["RowKey"], raised)

    def remove(self, webhook_id: int, events: Collection[str], *, revision: int) -> None:
        """Take a webhook off the lists of these events, unless a later revision has put it there again."""

        def remove(event: str) -> None:
            row = self.row(event, webhook_id)
            if row is not None and row.revision <= revision:
                self.drop(event, webhook_id, row)

        _each(events, remove)

    def remove_all(self, webhook_id: int) -> None:
        """Take a webhook that is gone for good off the lists of all events. It reads the whole index."""
        rows = self._table.query(Query().where("RowKey eq", row_key(webhook_id)), select=KEY_COLUMNS)
        for row in rows:
            self._table.delete(row["PartitionKey"], row["RowKey"])

    def row(self, event: str, webhook_id: int) -> SubscriptionRow | None:
        """The row that lists this webhook for this event."""
        row = self._table.get(*_keys(event, webhook_id).values())
        if row is None:
            return None
        revision = int(row["Revision"])
        is_of_create = row.get(_NEW) and revision == 1
        return SubscriptionRow(revision, str(row.metadata["etag"]), row.metadata["timestamp"] if is_of_create else None)

    def drop(self, event: str, webhook_id: int, row: SubscriptionRow) -> bool:
        """Remove a row unless it was written since; True if it was removed."""
        try:
            self._table.delete(*_keys(event, webhook_id).values(), etag=row.etag)
        except Changed:
            # Somebody subscribes it again at this moment.
            return False
        return True

    def webhook_ids(self, event: str, *, after: int = 0, at_most: int | None = None) -> list[int]:
        """The ids above `after` of webhooks that may want this event, ascending: all, or the first `at_most`."""
        wanted = Query().where("PartitionKey eq", key_text(event.lower())).where("RowKey gt", row_key(after))
        rows = self._table.query(wanted, page_size=min(at_most or _PAGE, _PAGE), select=["RowKey"])
        return [int(row["RowKey"]) for row in islice(rows, at_most)]

    def names(self, budget: WorkBudget) -> "SubscribedNames":
        """The names of events that some webhook may want."""
        return SubscribedNames(self._table, budget)


class SubscribedNames:
    """The names of events that webhooks subscribe to, in the order of the index, as far as a budget reaches.

    Each transaction reads the keys of a page of rows; the next one begins behind the last event of that page, so an
    event costs one at most, however many webhooks want it. Once the iteration has ended, `is_complete` says whether
    there was nothing more.
    """

    def __init__(self, table: Table, budget: WorkBudget) -> None:
        self._table = table
        self._budget = budget
        self.is_complete = False

    def __iter__(self) -> Iterator[str]:
        """The names, in lower case; raises StorageDown."""
        last, continuation = "", None
        while self._budget.left():
            self._budget.spend()
            later = Query().where("PartitionKey gt", last)
            page = self._table.page(later, page_size=_PAGE, select=["PartitionKey"], continuation=continuation)
            found = dict.fromkeys(str(row["PartitionKey"]) for row in page.rows)
            # Names are made of characters that key_text leaves as they are.
            yield from found
            if page.continuation is None:
                self.is_complete = True
                return
            # Storage may end a page before it has found a row.
            continuation = None if found else page.continuation
            last = next(reversed(found), last)


def _keys(event: str, webhook_id: int) -> dict[str, str]:
    return {"PartitionKey": key_text(event.lower()), "RowKey": row_key(webhook_id)}


def _each(events: Collection[str], do: Callable[[str], None]) -> None:
    """Do this for each event, side by side if there are many. Each call keeps to the request's deadline."""
    if len(events) <= _MAX_PARALLEL_WRITES:
        for event in events:
            do(event)
        return
    with ThreadPoolExecutor(_MAX_PARALLEL_WRITES) as pool:
        each_side_by_side(pool, events, do)
