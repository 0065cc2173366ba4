"""A look through the whole table `events`, for those that the log does not lead to: their dispatch never began.

What is old enough goes; what came since the last look is compared with the log, and announced once more if it is
missing there. The table is as long as all that is kept, so a look may take several runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from azure.data.tables import TableEntity

from shared.events.event import EventId
from shared.events.rows import is_values_row, parse_log_id
from shared.events.store import EventStore
from shared.keeping.old_events import OLD_EVENT_COLUMNS, OldEvents, is_before
from shared.keeping.retention_marks import Look, RetentionMarks
from shared.keeping.retention_report import RetentionReport
from shared.storage.query import Query
from shared.storage.scan import WorkBudget
from shared.storage.tables import Table
from shared.timestamps import stored_time

_DAY = timedelta(days=1)
_NOTED_EVERY = 20
"""Pages after which the place is noted: a run that dies repeats so many at most."""


class EventLook:
    """Looks through `events`; `log` is the table `eventlog`. Raises StorageDown."""

    def __init__(self, events: Table, log: Table, old: OldEvents, store: EventStore, marks: RetentionMarks) -> None:
        self._events = events
        self._log = log
        self._old = old
        self._store = store
        self._marks = marks

    def run(self, now: datetime, kept_from: datetime | None, budget: WorkBudget, report: RetentionReport) -> bool:
        """Go on with the last look, or begin one if that is over; True if it came to its end.

        Events before `kept_from` are removed: their deliveries, and those that the log has, are gone already.
        """
        look = self._begun(now, kept_from)
        # A look that goes on may be from before RETENTION_DAYS was raised.
        kept_from = min(look.kept_from, kept_from) if look.kept_from and kept_from else None
        listed = self._listed(look, budget)
        pages = 0
        while listed is not None and budget.left():
            page = self._events.page(_wanted(look), select=[*OLD_EVENT_COLUMNS, "Forgotten"], continuation=look.place)
            self._work_on(page.rows, listed, kept_from, report)
            look, pages = replace(look, place=page.continuation), pages + 1
            if look.place is None:
                self._marks.note_look(look, is_over=True)
                return True
            if pages % _NOTED_EVERY == 0:
                self._marks.note_look(look, is_over=False)
        self._marks.note_look(look, is_over=False)
        return False

    def _begun(self, now: datetime, kept_from: datetime | None) -> Look:
        marks = self._marks.read()
        if marks.look is not None and not marks.is_over:
            return marks.look
        today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
        yesterday = today - _DAY
        # All that came since the last look began, however long ago that was.
        return Look(min(marks.look.until, yesterday) if marks.look else yesterday, today, kept_from)

    def _listed(self, look: Look, budget: WorkBudget) -> set[EventId] | None:
        """The events that the log has of this span of time; None if there was no time to read them all."""
        listed: set[EventId] = set()
        place = None
        while budget.left():
            page = self._log.page(Query().of_days(look.since, look.until, None), select=["RowKey"], continuation=place)
            listed.update(parse_log_id(row["RowKey"]) for row in page.rows)
            place = page.continuation
            if place is None:
                return listed
        return None

    def _work_on(
        self, rows: Sequence[TableEntity], listed: set[EventId], kept_from: datetime | None, report: RetentionReport
    ) -> None:
        old = [row for row in rows if kept_from is not None and is_before(row, kept_from)]
        removed = self._old.remove_found(old)
        report.never_dispatched += removed
        report.rows["events"] += removed
        gone = {row["RowKey"] for row in old}
        lost = [EventId(row["RowKey"]) for row in rows if row["RowKey"] not in gone and _is_lost(row, listed)]
        self._store.announce_each(lost)
        report.announced += len(lost)


def _wanted(look: Look) -> Query:
    # The same in each run: where storage goes on belongs to its query.
    recent = Query().where("ReceivedAt ge", stored_time(look.since)).where("ReceivedAt lt", stored_time(look.until))
    old = [] if look.kept_from is None else [Query().where("ReceivedAt lt", stored_time(look.kept_from))]
    return Query().either(recent, *old)


def _is_lost(row: Mapping[str, Any], listed: set[EventId]) -> bool:
    return not (is_values_row(row) or row.get("Forgotten") or row["RowKey"] in listed)
