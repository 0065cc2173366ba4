"""A look through the whole table `events`, for those that the log does not lead to: their dispatch never began.

What is old enough goes, or loses its contents; what came since the last look is compared with the log, and announced
once more if it is missing there. The table is as long as all that is kept, so a look may take several runs.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from azure.data.tables import TableEntity

from shared.events.asked import Asked
from shared.events.event import EventId
from shared.events.rows import is_values_row, parse_log_id
from shared.events.store import EventStore
from shared.events.stripping import UNFINISHED_COLUMN, is_forgotten
from shared.keeping.old_contents import DISPATCH_LASTS, OldContents
from shared.keeping.old_events import OLD_EVENT_COLUMNS, OldEvents, is_before
from shared.keeping.retention_marks import Look, RetentionMarks
from shared.keeping.retention_report import RetentionReport
from shared.storage.query import Query
from shared.storage.scan import WorkBudget
from shared.storage.tables import Table
from shared.timestamps import stored_time

_DAY = timedelta(days=1)
_COLUMNS = (*OLD_EVENT_COLUMNS, "Forgotten", UNFINISHED_COLUMN)
_NOTED_EVERY = 20
"""Pages after which the place is noted: a run that dies repeats so many at most."""


class EventLook:
    """Looks through `events`; `log` is the table `eventlog`. Raises StorageDown."""

    def __init__(
        self,
        events: Table,
        log: Table,
        old: OldEvents,
        contents: OldContents,
        store: EventStore,
        marks: RetentionMarks,
    ) -> None:
        self._events = events
        self._log = log
        self._old = old
        self._contents = contents
        self._store = store
        self._marks = marks

    def run(
        self,
        now: datetime,
        kept_from: datetime | None,
        contents_from: datetime | None,
        budget: WorkBudget,
        report: RetentionReport,
        *,
        due_before: datetime | None = None,
    ) -> bool:
        """Go on with the last look, or begin one if that is over; True if it came to its end.

        Events before `kept_from` are removed: their deliveries, and those that the log has, are gone already. Those
        before `contents_from` lose their contents. None of those before `due_before` is announced: where their turn
        did not come in this run, they are left for a later one.
        """
        look = self._begun(now, kept_from, contents_from)
        # A look that goes on may be from before the settings were raised.
        kept_from, contents_from = _earlier(look.kept_from, kept_from), _earlier(look.contents_from, contents_from)
        look = replace(look, contents_to=_earlier(look.contents_to, contents_from))
        announced_from = max(look.since, due_before) if due_before else look.since
        listed = self._listed(look, budget)
        pages = 0
        while listed is not None and budget.left():
            page = self._events.page(_wanted(look), select=_COLUMNS, continuation=look.place)
            young = self._without_old(page.rows, kept_from, contents_from, budget, report)
            if young is None:
                # The next run begins with this page, and finds less to do.
                break
            # The page has more than the days that are compared with the log.
            self._announce(_received(young, announced_from, look.until), listed, report)
            look, pages = replace(look, place=page.continuation), pages + 1
            if look.place is None:
                self._marks.note_look(look, is_over=True)
                return True
            if pages % _NOTED_EVERY == 0:
                self._marks.note_look(look, is_over=False)
        self._marks.note_look(look, is_over=False)
        return False

    def _begun(self, now: datetime, kept_from: datetime | None, contents_from: datetime | None) -> Look:
        marks = self._marks.read()
        last = marks.look
        if last is not None and not marks.is_over:
            return last
        today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
        yesterday = today - _DAY
        if last is None:
            return Look(yesterday, today, kept_from, None, contents_from, contents_from)
        # All that came since the last look began, however long ago that was.
        contents_since = last.contents_to and last.contents_to - DISPATCH_LASTS
        return Look(min(last.until, yesterday), today, kept_from, contents_since, contents_from, contents_from)

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

    def _without_old(
        self,
        rows: Sequence[TableEntity],
        kept_from: datetime | None,
        contents_from: datetime | None,
        budget: WorkBudget,
        report: RetentionReport,
    ) -> list[TableEntity] | None:
        """Remove what is old of these rows, or its contents; returns the first rows of the other events.

        None where the budget ended before the work did.
        """
        old, young = _divided(rows, kept_from)
        removed = self._old.remove_found(old)
        report.never_dispatched += removed
        report.rows["events"] += removed
        outdated, recent = _divided([row for row in young if not is_values_row(row)], contents_from)
        # Dispatch asked nobody for them, as far as is known.
        with_contents: dict[EventId, Asked] = {
            EventId(row["RowKey"]): None for row in outdated if not is_forgotten(row)
        }
        if contents_from is not None and not self._contents.forget(with_contents, contents_from, budget, report):
            return None
        return recent

    def _announce(self, rows: Sequence[TableEntity], listed: set[EventId], report: RetentionReport) -> None:
        lost = [EventId(row["RowKey"]) for row in rows if not row.get("Forgotten") and row["RowKey"] not in listed]
        self._store.announce_each(lost)
        report.announced += len(lost)


def _wanted(look: Look) -> Query:
    # The same in each run: where storage goes on belongs to its query.
    old = [Query().where("ReceivedAt lt", stored_time(look.kept_from))] if look.kept_from else []
    outdated = [_between(look.contents_since, look.contents_from)] if look.contents_from else []
    return Query().either(_between(look.since, look.until), *old, *outdated)


def _between(since: datetime | None, until: datetime) -> Query:
    received = Query().where("ReceivedAt ge", None if since is None else stored_time(since))
    return received.where("ReceivedAt lt", stored_time(until))


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two moments before which something goes; None, where nothing goes, is earlier than any."""
    return min(one, other) if one and other else None


def _divided(rows: Sequence[TableEntity], before: datetime | None) -> tuple[list[TableEntity], list[TableEntity]]:
    """The rows of events that were received before this moment, and the others."""
    earlier = [row for row in rows if before is not None and is_before(row, before)]
    keys = {row["RowKey"] for row in earlier}
    return earlier, [row for row in rows if row["RowKey"] not in keys]


def _received(rows: Sequence[TableEntity], since: datetime, until: datetime) -> list[TableEntity]:
    return [row for row in rows if is_before(row, until) and not is_before(row, since)]
