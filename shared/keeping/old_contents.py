"""Contents of events that go before their events do: found by their age, and forgotten as on request."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import batched

from shared.events.asked import ASKED_COLUMN, Asked, parse_asked
from shared.events.event import EventId
from shared.events.rows import event_keys, parse_log_id
from shared.events.stripping import KEPT_COLUMNS, is_forgotten
from shared.keeping.forgetting import DELIVERIES_AT_ONCE, EVENTS_AT_ONCE, Forgetting
from shared.keeping.old_events import is_before
from shared.keeping.old_rows import OldRows
from shared.keeping.retention_marks import RetentionMarks
from shared.keeping.retention_report import RetentionReport
from shared.side_by_side import each_side_by_side
from shared.storage.keys import day_of
from shared.storage.query import Query
from shared.storage.scan import WorkBudget
from shared.storage.tables import RowVersion, Table

DISPATCH_LASTS = timedelta(hours=1)
"""A dispatch that read an event before its contents went may list it so much later, and no more."""

_DAY = timedelta(days=1)
_SIDE_BY_SIDE = 16
_EVENTS = 100
"""Events that are read together."""


class OldContents:
    """`events` and `log` are the tables. All methods raise StorageDown."""

    def __init__(self, events: Table, log: Table, forgetting: Forgetting, marks: RetentionMarks) -> None:
        self._events = events
        self._log = log
        self._days = OldRows(log)
        self._forgetting = forgetting
        self._marks = marks
        # Its threads are made when they are first needed.
        self._pool = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="contents")

    def forget_listed(self, before: datetime, budget: WorkBudget, report: RetentionReport) -> bool:
        """Forget the events of the log that were received before this moment, day by day, the oldest first.

        Days that earlier runs did are left out. False where the budget ended before the work did: the next run begins
        with the day that was not done.
        """
        done = self._marks.read().forgotten_to
        since = None if done is None else done - DISPATCH_LASTS
        for day in self._days.days(before, since):
            wanted = Query().where("PartitionKey eq", day).of_times(since, before)
            for some in batched(self._log.query(wanted, select=["RowKey", ASKED_COLUMN]), _EVENTS, strict=False):
                asked = {parse_log_id(row["RowKey"]): parse_asked(row) for row in some}
                if not (self.forget(asked, before, budget, report) and budget.left()):
                    return False
            self._marks.note_forgotten(min(day_of(day) + _DAY, before))
        self._marks.note_forgotten(before)
        return True

    def forget(
        self, asked: Mapping[EventId, Asked], before: datetime, budget: WorkBudget, report: RetentionReport
    ) -> bool:
        """Forget those of these events that were received before this moment, a part of them in any case.

        With each stand the webhooks that it asked. False where the budget ended before the work did.
        """
        is_first = True
        for ids in batched(asked, _EVENTS, strict=False):
            for part in self._parts(self._found(ids, before), asked):
                if not is_first and not budget.left():
                    return False
                is_first = False
                report.forgotten += self._forgetting.forget_rows(part)
        return True

    def _found(self, ids: Sequence[EventId], before: datetime) -> list[RowVersion]:
        found: list[RowVersion] = []

        def look(id_: EventId) -> None:
            row = self._events.get(*event_keys(id_), select=KEPT_COLUMNS)
            # It may have come once more since.
            if row is not None and is_before(row, before) and not is_forgotten(row):
                found.append(RowVersion(row, str(row.metadata["etag"])))

        each_side_by_side(self._pool, ids, look)
        return found

    def _parts(self, found: Sequence[RowVersion], asked: Mapping[EventId, Asked]) -> Iterator[list[RowVersion]]:
        """The rows in parts whose deliveries are a few hundred: each takes seconds, whatever the webhooks are."""
        # Where nobody knows the webhooks that were asked, each that is registered is looked at.
        registered = len(self._forgetting.registry.ids()) if found else 0
        part: list[RowVersion] = []
        deliveries = 0
        for version in found:
            named = asked[EventId(str((version.row or {})["RowKey"]))]
            more = registered if named is None else len(named)
            if part and (len(part) == EVENTS_AT_ONCE or deliveries + more > DELIVERIES_AT_ONCE):
                yield part
                part, deliveries = [], 0
            part.append(version)
            deliveries += more
        if part:
            yield part
