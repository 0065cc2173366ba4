"""Removes what is older than it is kept: deliveries first, then events with their rows of the log, last the audit.

A row of the log goes after its event, and that after its deliveries, so what a run leaves behind is found by the next.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import batched

from shared.delivery.waiting import waiting_bound
from shared.events.rows import parse_log_id
from shared.keeping.old_events import OldEvents
from shared.keeping.old_rows import OldRows
from shared.keeping.retention_report import RetentionReport
from shared.side_by_side import each_side_by_side
from shared.storage.keys import KEY_COLUMNS
from shared.storage.query import Query
from shared.storage.scan import WorkBudget
from shared.storage.tables import Row, Table

_SIDE_BY_SIDE = 8
_PARTITIONS = 64
_EVENTS = 2000
"""Events that go together: so many that those of one partition share a transaction."""


class Expiry:
    """Its methods raise StorageDown, and return False where the budget ended before the work did."""

    def __init__(self, deliveries: Table, events: OldEvents, log: Table, by_day: Mapping[str, Table]) -> None:
        """`by_day` are other tables, by name, whose keys are those of `eventlog`: the day, and the time within it."""
        self._deliveries = OldRows(deliveries)
        self._events = events
        self._log_table = log
        self._log = OldRows(log)
        self._by_day = {name: OldRows(table) for name, table in by_day.items()}

    def remove_events(self, kept_from: datetime, budget: WorkBudget, report: RetentionReport) -> bool:
        """Remove the events that were received before this moment, and their deliveries."""
        if not self._remove_deliveries(kept_from, budget, report):
            return False
        for day in self._log.days(kept_from):
            before = report.rows["eventlog"]
            is_done = self._remove_day(day, kept_from, budget, report)
            report.days += report.rows["eventlog"] > before
            if not is_done:
                return False
        return True

    def remove_rows(self, table: str, kept_from: datetime, budget: WorkBudget, report: RetentionReport) -> bool:
        """Remove the rows of one of the tables by day from before this moment."""
        old = self._by_day[table]
        for day in old.days(kept_from):
            for removed in old.remove(_of_day(day, kept_from)):
                report.rows[table] += len(removed)
                if not budget.left():
                    return False
        return True

    def _remove_deliveries(self, kept_from: datetime, budget: WorkBudget, report: RetentionReport) -> bool:
        """Remove the deliveries of old events, to whatever webhook.

        The webhooks that an event went to are not asked for, because they may be gone, and the event's rows too.
        In each partition the old deliveries stand side by side: records end with the oldest, and what waits begins
        with it. So they cost a look at each partition, and then their removal.
        """
        parts: list[tuple[Row, ...]] = []

        def remove(partition: str) -> None:
            for removed in self._deliveries.remove(_of_webhook(partition, kept_from), select=["State", "IsLogged"]):
                parts.append(tuple(removed))
                if not budget.left():
                    return

        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            for partitions in batched(self._deliveries.partitions(), _PARTITIONS, strict=False):
                try:
                    each_side_by_side(pool, partitions, remove)
                finally:
                    for part in parts:
                        report.count_deliveries(part)
                    parts.clear()
                if not budget.left():
                    return False
        return True

    def _remove_day(self, day: str, kept_from: datetime, budget: WorkBudget, report: RetentionReport) -> bool:
        rows = self._log_table.query(_of_day(day, kept_from), select=[*KEY_COLUMNS, "Truncated"])
        for some in batched(rows, _EVENTS, strict=False):
            report.rows["events"] += self._events.remove([parse_log_id(row["RowKey"]) for row in some], kept_from)
            # What a trimmed event was completed with: its first row does not tell of it.
            self._events.remove_values([parse_log_id(row["RowKey"]) for row in some if row.get("Truncated")], kept_from)
            report.rows["eventlog"] += sum(map(len, self._log.remove_rows(some)))
            if not budget.left():
                return False
        return True


def _of_day(day: str, kept_from: datetime) -> Query:
    """The rows of a day, as `eventlog` and `audit` have it, from before this moment."""
    return Query().where("PartitionKey eq", day).of_times(None, kept_from)


def _of_webhook(partition: str, kept_from: datetime) -> Query:
    """The deliveries of a webhook of events from before this moment."""
    rows = Query().where("PartitionKey eq", partition).of_times(None, kept_from)
    return rows.where("RowKey lt", waiting_bound(kept_from))
