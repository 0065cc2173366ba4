"""Rows of table `events` that go: found by their ids or in a look at the whole table, and removed by partition."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from azure.data.tables import TableEntity

from shared.events.event import EventId
from shared.events.rows import event_keys, is_values_row, values_keys
from shared.side_by_side import each_side_by_side
from shared.storage.keys import KEY_COLUMNS
from shared.storage.tables import Changed, Table, Write

OLD_EVENT_COLUMNS = (*KEY_COLUMNS, "ReceivedAt", "HasMore")
"""What has to be known of a row to remove it."""

_SIDE_BY_SIDE = 16
_EVENTS = 50
"""A transaction has 100 changes, and an event has two rows at most."""


class OldEvents:
    """Removes events. All methods raise StorageDown, and say how many events they removed."""

    def __init__(self, table: Table) -> None:
        self._table = table
        # Its threads are made when they are first needed.
        self._pool = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="retention")

    def remove(self, ids: Sequence[EventId], before: datetime) -> int:
        """Remove those of these events that were received before this moment.

        An id alone says too little: its source may have sent the event once more after it was removed, and the row in
        `eventlog` that names it may be left over from a run that died in between.
        """
        found: list[TableEntity] = []

        def look(id_: EventId) -> None:
            row = self._table.get(*event_keys(id_), select=OLD_EVENT_COLUMNS)
            if row is not None and is_before(row, before):
                found.append(row)

        each_side_by_side(self._pool, ids, look)
        return self.remove_found(found)

    def remove_values(self, ids: Iterable[EventId], before: datetime) -> None:
        """Remove the second rows from before this moment that these events may have, untold by the first ones.

        A read more for each: a second row may be that of the same event, which came once more.
        """
        each_side_by_side(self._pool, ids, lambda id_: self._remove_second(id_, before))

    def remove_found(self, rows: Iterable[TableEntity]) -> int:
        """Remove these rows of OLD_EVENT_COLUMNS as they were read, each with its second row."""
        by_partition: defaultdict[str, list[TableEntity]] = defaultdict(list)
        for row in rows:
            by_partition[row["PartitionKey"]].append(row)
        parts = [part for found in by_partition.values() for part in batched(found, _EVENTS, strict=False)]
        removed: list[int] = []
        each_side_by_side(self._pool, parts, lambda part: removed.append(self._remove_part(part)))
        return sum(removed)

    def _remove_part(self, rows: Sequence[TableEntity]) -> int:
        try:
            self._table.transact(_deletes(rows))
        except Changed:
            # Another run was quicker with one of them, or it was forgotten meanwhile; so each for itself.
            return sum(self._remove_one(row) for row in rows)
        return sum(not is_values_row(row) for row in rows)

    def _remove_one(self, row: TableEntity) -> int:
        partition, key = row["PartitionKey"], row["RowKey"]
        if self._table.get(partition, key, select=["RowKey"]) is None:
            return 0
        try:
            # Without the etag, an event that came once more since it was read would go.
            self._table.delete(partition, key, etag=str(row.metadata["etag"]))
        except Changed:
            return 0
        if is_values_row(row):
            return 0
        # By now the event may have come once more.
        self._remove_second(EventId(key), datetime.fromisoformat(row["ReceivedAt"]) + timedelta.resolution)
        return 1

    def _remove_second(self, id_: EventId, before: datetime) -> None:
        keys = values_keys(id_)
        row = self._table.get(*keys, select=["ReceivedAt"])
        if row is None:
            return
        # One of a version before does not tell when it was received: it goes with its event.
        is_old = is_before(row, before) if row.get("ReceivedAt") else not self._is_there(id_)
        if is_old:
            with suppress(Changed):
                self._table.delete(*keys, etag=str(row.metadata["etag"]))

    def _is_there(self, id_: EventId) -> bool:
        return self._table.get(*event_keys(id_), select=["RowKey"]) is not None


def is_before(row: Mapping[str, Any], moment: datetime) -> bool:
    """Whether the event in a row was received before this moment."""
    return datetime.fromisoformat(row["ReceivedAt"]) < moment


def _deletes(rows: Sequence[TableEntity]) -> list[Write]:
    found = {row["RowKey"] for row in rows}
    writes = []
    for row in rows:
        partition, key = row["PartitionKey"], row["RowKey"]
        writes.append(Write("delete", {"PartitionKey": partition, "RowKey": key}, str(row.metadata["etag"])))
        second = values_keys(EventId(key))[1]
        if row.get("HasMore") and second not in found:
            writes.append(Write("delete", {"PartitionKey": partition, "RowKey": second}))
    return writes
