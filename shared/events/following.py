"""Follows events: page by page, in the order in which they became visible, each once (late.py says how that is known).

The log and `lateevents` have the same keys, newest first, so storage cannot give the oldest ones of a span first. So a
span is read as a whole, and halved for as long as it holds too many.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from shared.cache import Clock
from shared.errors import StorageDown
from shared.events.event import Event
from shared.events.late import LAG, QUICK_WRITE, LatePointer, parse_late, parse_late_at
from shared.events.rows import parse_event
from shared.storage.keys import FIRST_MOMENT, day_key, moment_of, time_key
from shared.storage.paging import BEGINNING
from shared.storage.query import Query
from shared.storage.scan import Scan, WorkBudget
from shared.storage.tables import Table

MAX_SPAN = timedelta(days=100 * 365)

_MICROSECOND = timedelta(microseconds=1)
_PAGE = 51
"""Rows that storage is asked for at once: an event has up to 100,000 characters."""
_LOOKS_AT_THE_CLOCK = 3


@dataclass(frozen=True)
class FollowPlace:
    """How far somebody has read: what is told under earlier moments than `moment`, and of that one up to `event_id`.

    An empty id stands for the whole moment. `span` is how much time the next reading begins with.
    """

    moment: datetime
    event_id: str = ""
    span: timedelta = MAX_SPAN


OLDEST = FollowPlace(FIRST_MOMENT)
"""Before the oldest event."""


@dataclass(frozen=True)
class _Entry:
    """A row of one of the two tables: under which moment it tells what.

    `told` is an event, a pointer to one, or None for an event in the log that is told elsewhere.
    """

    moment: datetime
    event_id: str
    told: Event | LatePointer | None


class _OutOfBudget(Exception):
    """A call's work is done, and it has not come to the end of what it reads."""


def settled_until(
    late: Table, now: Callable[[], datetime], budget: WorkBudget, *, seconds: Clock = time.monotonic
) -> datetime:
    """The moment up to which nothing new will appear, by storage's clock, which `now` returns. Costs a read.

    Its answer tells the clock, so that a process that has asked nothing for long goes by no clock of its own. Raises
    StorageDown where storage is too slow for that.
    """
    for _ in range(_LOOKS_AT_THE_CLOCK):
        budget.spend()
        began = seconds()
        # No row has these keys.
        late.get("0", "0")
        took = seconds() - began
        if took <= QUICK_WRITE.total_seconds():
            return now() - timedelta(seconds=took) - LAG
    raise StorageDown("storage answers too slowly to tell which events are complete")


class Following:
    """Events after a place, oldest first, as far as a budget reaches.

    `place` is where to go on behind what was handed out so far. `page_size` is about how many are wanted.
    """

    def __init__(
        self,
        log: Table,
        late: Table,
        place: FollowPlace,
        *,
        until: datetime,
        budget: WorkBudget,
        page_size: int,
    ) -> None:
        """`until` is the moment up to which everything is there: `settled_until`."""
        self.place = place
        self._log = log
        self._late = late
        self._until = until
        self._budget = budget
        self._page_size = page_size

    def __iter__(self) -> Iterator[Event]:
        """The events; raises StorageDown."""
        has_told = False
        try:
            while self._is_behind():
                found = self._next(has_told=has_told)
                if found is None:
                    return
                entries, end = found
                for entry in entries:
                    event = self._event(entry)
                    self.place = replace(self.place, moment=entry.moment, event_id=entry.event_id)
                    if event is not None:
                        has_told = True
                        yield event
                self.place = end
        except _OutOfBudget:
            return

    def _is_behind(self) -> bool:
        moment = self.place.moment
        return moment < self._until or (moment == self._until and bool(self.place.event_id))

    def _next(self, *, has_told: bool) -> tuple[Sequence[_Entry], FollowPlace] | None:
        """The next entries, and the place behind them; None where a page that has told something ends."""
        while True:
            place = self.place
            is_rest = self._until - place.moment <= place.span
            end = self._until if is_rest else place.moment + place.span
            entries = self._between(place, end)
            if entries is not None:
                # A span that was not used up says nothing about how long the next one may be.
                span = place.span if is_rest else min(place.span * 2, MAX_SPAN)
                return entries, FollowPlace(end, span=span)
            span = end - place.moment
            if span <= _MICROSECOND:
                first = place.moment if place.event_id else end
                return self._of_moment(first, place.event_id)
            self.place = replace(place, span=span // 2)
            if has_told:
                return None

    def _between(self, place: FollowPlace, end: datetime) -> list[_Entry] | None:
        """All entries after a place, to the end of a moment, in their order; None if they are more than a page."""
        newest, oldest = day_key(end), day_key(place.moment)
        # "." sorts after the "-" before an id, so with it the place's own moment is among them.
        last = f"{time_key(place.moment)}{'.' if place.event_id else '-'}"
        wanted = (
            # Of a single day storage need not look for more partitions.
            Query()
            .where("PartitionKey eq", newest if newest == oldest else None)
            .where("PartitionKey ge", None if newest == oldest else newest)
            .where("PartitionKey le", None if newest == oldest else oldest)
            .where("RowKey ge", f"{time_key(end)}-")
            .where("RowKey lt", last)
        )
        found: list[_Entry] = []
        for table in (self._log, self._late):
            found += self._rows(table, wanted)
            if len(found) > self._page_size:
                return None
        behind = (place.moment, place.event_id)
        new = [one for one in found if not place.event_id or (one.moment, one.event_id) > behind]
        return sorted(new, key=attrgetter("moment", "event_id"))

    def _of_moment(self, moment: datetime, event_id: str) -> tuple[list[_Entry], FollowPlace]:
        """A page of the entries of one moment behind this id, by id, and the place behind them."""
        time_ = time_key(moment)
        wanted = (
            Query()
            .where("PartitionKey eq", day_key(moment))
            .where("RowKey gt", f"{time_}-{event_id}")
            .where("RowKey lt", f"{time_}.")
        )
        found = [entry for table in (self._log, self._late) for entry in self._rows(table, wanted)]
        page = sorted(found, key=attrgetter("event_id"))[: self._page_size]
        is_whole = len(page) == len(found)
        return page, FollowPlace(moment, "" if is_whole else page[-1].event_id, self.place.span)

    def _rows(self, table: Table, wanted: Query) -> list[_Entry]:
        """The first rows of a table, one more than a page at most; raises _OutOfBudget if not all of them were read."""
        parse = self._parse_log if table is self._log else _parse_late
        size = self._page_size + 1
        scan = Scan(table, [(BEGINNING, wanted)], parse, budget=self._budget, page_size=min(size, _PAGE))
        found: list[_Entry] = []
        for _, entry in scan:
            found.append(entry)
            if len(found) == size:
                return found
        if not scan.is_complete:
            raise _OutOfBudget
        return found

    def _event(self, entry: _Entry) -> Event | None:
        """The event that an entry tells of, if it is this one that does; raises _OutOfBudget."""
        if not isinstance(entry.told, LatePointer):
            return entry.told
        if not self._budget.left():
            raise _OutOfBudget
        self._budget.spend()
        row = self._log.get(entry.told.partition, entry.told.key)
        if row is None or row.get("LateAt") != entry.told.late_at:
            # It was removed, or told under a later moment, because this row may have come too late.
            return None
        return parse_event(row)

    @staticmethod
    def _parse_log(row: Any) -> _Entry:  # noqa: ANN401 - a row
        moment, event_id = _key_parts(row["RowKey"])
        return _Entry(moment, event_id, None if parse_late_at(row) else parse_event(row))


def _parse_late(row: Any) -> _Entry:  # noqa: ANN401 - a row
    moment, event_id = _key_parts(row["RowKey"])
    return _Entry(moment, event_id, parse_late(row))


def _key_parts(key: str) -> tuple[datetime, str]:
    time_, _, event_id = key.partition("-")
    return moment_of(time_), event_id
