"""Deliveries of one webhook whose events are between two events, newest first: a window of its partition.

Records are kept newest event first, and what waits without a record oldest event first, so each is read from a range of
its own and then put in order. The key of a record is that of its event in `eventlog`, and orders both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from azure.data.tables import TableEntity

from shared.delivery.filter import DeliveryFilter, matching_records, matching_waiting
from shared.delivery.record import SUMMARY, delivery_keys
from shared.delivery.waiting import waiting_bound
from shared.storage.keys import KEY_COLUMNS, moment_of, row_key
from shared.storage.query import Query
from shared.storage.tables import Table

AFTER_ID = "."
"""Sorts after the hyphen between time and id in a key."""

_PAGE = 1000


@dataclass(frozen=True)
class Found:
    """What a window gave: `rows` newest event first, `transactions` what it cost.

    `is_whole` is false if storage needs more calls for it: then the rows say nothing. `reaches` is the key of the last
    row if the window may have more behind it.
    """

    rows: Sequence[TableEntity]
    transactions: int
    is_whole: bool = True
    reaches: str | None = None


def order_key(row: TableEntity) -> str:
    """What deliveries are ordered by, over all webhooks: the key of the event."""
    return delivery_keys(0, row["EventId"], datetime.fromisoformat(row["EventAt"]))[1]


class Windows:
    """Reads windows of the partitions of table `deliveries`, without what was answered unless `with_attempts`."""

    def __init__(self, table: Table, wanted: DeliveryFilter, *, with_attempts: bool = False) -> None:
        self._table = table
        self._wanted = wanted
        self._select = [] if with_attempts else [*KEY_COLUMNS, *SUMMARY]

    @property
    def ranges(self) -> int:
        """How many ranges are read of each webhook, each in one transaction."""
        return 2 if self._wanted.may_wait_only else 1

    def of_event(self, webhook_id: int, key: str) -> Found:
        """The delivery of the event with this key, if it passes the filter."""
        records = self._records(webhook_id, key, key, at_most=1)
        if records.rows or not records.is_whole or self.ranges == 1:
            return records
        waiting = self._waiting(webhook_id, key, key)
        return Found(waiting.rows, records.transactions + waiting.transactions, waiting.is_whole)

    def between(self, webhook_id: int, newest: str, oldest: str, *, at_most: int) -> Found:
        """The newest `at_most` deliveries of events from one key to the other, which are part of it."""
        records = self._records(webhook_id, newest, oldest, at_most=at_most)
        if not records.is_whole or self.ranges == 1:
            return records
        waiting = self._waiting(webhook_id, newest, records.reaches or oldest)
        rows = sorted([*records.rows, *waiting.rows], key=order_key)
        transactions = records.transactions + waiting.transactions
        return Found(rows, transactions, waiting.is_whole, records.reaches)

    def _records(self, webhook_id: int, newest: str, oldest: str, *, at_most: int) -> Found:
        keys = _partition(webhook_id).where("RowKey ge", newest).where("RowKey le", oldest)
        conditions = matching_records(self._wanted)
        return self._read(keys.either(conditions) if conditions.conditions else keys, at_most)

    def _waiting(self, webhook_id: int, newest: str, oldest: str) -> Found:
        """All of them in a window: the newest come last."""
        keys = _partition(webhook_id).where("RowKey ge", waiting_bound(moment_of(oldest)))
        keys = keys.where("RowKey lt", waiting_bound(moment_of(newest)) + AFTER_ID)
        found = self._read(keys.either(matching_waiting(self._wanted)), _PAGE)
        # Other events may have come in the same microsecond.
        rows = [row for row in reversed(found.rows) if newest <= order_key(row) <= oldest]
        return Found(rows, found.transactions, found.is_whole and found.reaches is None)

    def _read(self, query: Query, at_most: int) -> Found:
        """In one transaction, so that what a call costs is known before it is begun."""
        page = self._table.page(query, page_size=at_most, select=self._select)
        if page.continuation is None:
            return Found(page.rows, 1)
        if len(page.rows) < at_most:
            # Storage has looked for as long as it does at once, and there is more.
            return Found((), 1, is_whole=False)
        return Found(page.rows, 1, reaches=order_key(page.rows[-1]))


def _partition(webhook_id: int) -> Query:
    return Query().where("PartitionKey eq", row_key(webhook_id))
