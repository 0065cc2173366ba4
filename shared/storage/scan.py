"""Reading many rows within bounds: so much work a call, and where the next call goes on."""

import time
from collections.abc import Callable, Iterator, Sequence

from azure.data.tables import TableEntity

from shared.cache import Clock
from shared.storage.keys import KEY_COLUMNS
from shared.storage.paging import Place, Position
from shared.storage.query import Query
from shared.storage.tables import Table

MAX_TRANSACTIONS = 200
MAX_SECONDS = 10.0


class WorkBudget:
    """How much one call may still do: storage transactions, and seconds since the budget was made.

    The time is looked at before a transaction, so a call takes longer by the last one.
    """

    def __init__(
        self,
        *,
        transactions: int = MAX_TRANSACTIONS,
        seconds: float = MAX_SECONDS,
        clock: Clock = time.monotonic,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ends_at = clock() + seconds

    def left(self) -> int:
        """How many transactions may still be made; 0 when the time is over."""
        return max(self._transactions, 0) if self._clock() < self._ends_at else 0

    def spend(self, transactions: int = 1) -> None:
        """Count so many transactions."""
        self._transactions -= transactions


class Scan[Item]:
    """Rows of one query after the other, each with its position, as far as a budget reaches.

    `place` is where to go on behind what was handed out so far, rows that no query let through included. Once the
    iteration has ended, `is_complete` says whether there was nothing more.
    """

    def __init__(
        self,
        table: Table,
        queries: Sequence[tuple[Place, Query]],
        parse: Callable[[TableEntity], Item],
        *,
        budget: WorkBudget | None = None,
        page_size: int,
        select: Sequence[str] = (),
    ) -> None:
        """`queries` are not empty, each with the place at which it begins; without a budget all rows are read."""
        self.place = queries[0][0]
        self.is_complete = False
        self._table = table
        self._queries = queries
        self._parse = parse
        self._budget = budget
        self._page_size = page_size
        self._select = [*KEY_COLUMNS, *select] if select else []

    def __iter__(self) -> Iterator[tuple[Position, Item]]:
        """The rows; raises StorageDown."""
        for start, query in self._queries:
            self.place = start
            while self._may_read():
                page = self._table.page(
                    query, page_size=self._page_size, select=self._select, continuation=self.place.continuation
                )
                for row in page.rows:
                    position = Position(row["PartitionKey"], row["RowKey"])
                    self.place = Place(position)
                    yield position, self._parse(row)
                if page.continuation is None:
                    break
                self.place = Place(start.after, page.continuation)
            else:
                return
        self.is_complete = True

    def _may_read(self) -> bool:
        if self._budget is None:
            return True
        if not self._budget.left():
            return False
        self._budget.spend()
        return True
