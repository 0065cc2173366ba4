"""Rows of a table that are old enough to go: found partition by partition, and removed in transactions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import batched
from typing import Any

from shared.storage.keys import KEY_COLUMNS, day_key
from shared.storage.query import Query
from shared.storage.tables import Changed, Row, Table, Write

_BATCH = 100
"""A transaction has 100 changes at most."""


class OldRows:
    """Rows of one table. All methods raise StorageDown."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def partitions(self, bounds: Query | None = None) -> Iterator[str]:
        """The partitions that have a row within these bounds, in their order: one transaction each, and one at the end.

        So the cost grows with the partitions, and not with what is in them.
        """
        partition = ""
        while (found := self._first(bounds or Query(), partition)) is not None:
            yield found
            partition = found

    def days(self, until: datetime, since: datetime | None = None) -> list[str]:
        """The partitions that are days, with rows before `until`, oldest first; none before `since`."""
        bounds = Query().where("PartitionKey ge", day_key(until))
        return list(self.partitions(bounds.where("PartitionKey le", None if since is None else day_key(since))))[::-1]

    def remove(self, wanted: Query, *, select: Sequence[str] = ()) -> Iterator[Sequence[Row]]:
        """Remove the rows of a query, which is about one partition; gives each part once it is gone.

        The rows have their keys and the `select`ed columns. What others remove meanwhile is not given.
        """
        yield from self.remove_rows(self._table.query(wanted, select=[*KEY_COLUMNS, *select]))

    def remove_rows(self, rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
        """The same for rows that were read, in the order of their keys."""
        yield from map(self._removed, batched(rows, _BATCH, strict=False))

    def _removed(self, rows: Sequence[Row]) -> Sequence[Row]:
        while rows:
            try:
                self._table.transact([Write("delete", keys_of(row)) for row in rows])
            except Changed:
                # Another run was quicker with some of them; each round of such a race takes rows away.
                rows = self._left(rows)
            else:
                break
        return rows

    def _left(self, rows: Sequence[Row]) -> Sequence[Row]:
        between = Query().where("PartitionKey eq", rows[0]["PartitionKey"])
        between = between.where("RowKey ge", rows[0]["RowKey"]).where("RowKey le", rows[-1]["RowKey"])
        there = {row["RowKey"] for row in self._table.query(between, select=KEY_COLUMNS)}
        return [row for row in rows if row["RowKey"] in there]

    def _first(self, bounds: Query, after: str) -> str | None:
        rows = self._table.query(bounds.where("PartitionKey gt", after), page_size=1, select=["PartitionKey"])
        row = next(rows, None)
        return None if row is None else str(row["PartitionKey"])


def keys_of(row: Mapping[str, Any]) -> dict[str, str]:
    """The keys of a row, as columns."""
    return {name: row[name] for name in KEY_COLUMNS}
