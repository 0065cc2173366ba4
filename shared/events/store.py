"""Where events are kept: announced in a queue first, then stored, and listed when their dispatch begins."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from shared.cache import Clock
from shared.events.announcement import EVENTS_QUEUE, Announcement, new_announcement
from shared.events.asked import ASKED_COLUMN, Asked, asked_too, parse_asked
from shared.events.event import Event, EventId, EventState
from shared.events.following import Following, FollowPlace, settled_until
from shared.events.late import (
    LATE_EVENTS_TABLE,
    QUICK_WRITE,
    is_in_time,
    is_soon,
    late_at,
    late_column,
    late_keys,
    late_row,
    parse_late_at,
    postponed,
)
from shared.events.rows import (
    EVENT_COLUMNS,
    EVENTLOG_TABLE,
    EVENTS_TABLE,
    asked_row,
    dispatched_column,
    event_keys,
    event_rows,
    has_more,
    log_keys,
    log_row,
    parse_announcement_id,
    parse_dispatched_at,
    parse_event,
    parse_payload,
    state_row,
    values_keys,
    values_row,
    with_values,
)
from shared.side_by_side import each_side_by_side
from shared.storage.account import StorageAccount
from shared.storage.keys import KEY_COLUMNS
from shared.storage.paging import BEGINNING, Place, Position
from shared.storage.query import Query
from shared.storage.scan import Scan, WorkBudget
from shared.storage.tables import AlreadyStored, Changed, Write, retry_races
from shared.telemetry.lines import tell
from shared.telemetry.tracing import about_event, traceparent_text

_SIDE_BY_SIDE = 16

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredEvent:
    """An event and its payload as it came in."""

    event: Event
    payload: bytes


@dataclass(frozen=True)
class NewEvent:
    """An event to store; its payload is made when it is stored."""

    event: Event
    payload: Callable[[], bytes]


@dataclass(frozen=True)
class BegunDispatch:
    """A dispatch that was begun: the event as it is listed, and the announcement that lists it.

    `announcement_id` is None for an announcement of the previous version, `asked` are the webhooks that the row names.
    `late_at` is the moment under which a late event is told to those who follow, `changed_at` when its row was written
    or last changed, `dispatched_at` when the event was handed to the last of the webhooks, None if that is to come or
    is not known.
    """

    event: Event
    announcement_id: str | None
    asked: Asked = None
    late_at: datetime | None = field(default=None, compare=False)
    changed_at: datetime | None = field(default=None, compare=False)
    dispatched_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True)
class ListedEvent:
    """A row of the list: where it stands, and the webhooks that its event's dispatch asks."""

    position: Position
    asked: Asked


@dataclass(frozen=True)
class LogFilter:
    """Which events a listing shows: of one type, received from `since` and before `until`, from `place` on.

    None does not filter.
    """

    type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    place: Place = BEGINNING


class EventStore:
    """The tables `events` and `eventlog` and the queue `events`."""

    def __init__(
        self, storage: StorageAccount, *, now: Callable[[], datetime] | None = None, seconds: Clock = time.monotonic
    ) -> None:
        """`now` is for tests: without it the time is that of storage's clock."""
        self._now = now or storage.now
        self._seconds = seconds
        self._events = storage.table(EVENTS_TABLE)
        self._log = storage.table(EVENTLOG_TABLE)
        self._late = storage.table(LATE_EVENTS_TABLE)
        self._queue = storage.queue(EVENTS_QUEUE)
        # Its threads are made when they are first needed.
        self._pool = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="events")

    def append(self, event: Event, payload: bytes) -> None:
        """Announce an event, then store it with its payload: two storage transactions.

        Whatever fails or dies in between, an event that is stored has its announcement. An announcement without an
        event was never acknowledged, and dispatch drops it. An event without a trace gets that of the code that calls.
        Raises AlreadyStored, StorageDown and ContentTooLarge.
        """
        event = _traced(event)
        rows = event_rows(event, payload)
        self.publish(new_announcement(event.id, traceparent=event.traceparent))
        self._insert(event, rows)

    def append_all(self, new: Sequence[NewEvent]) -> int:
        """Announce events in one message, then store them side by side; returns how many were not stored before.

        Raises StorageDown and ContentTooLarge. What was stored until then stays, and is announced.
        """
        ids = [one.event.id for one in new]
        self.publish(new_announcement(ids[0], others=ids[1:], traceparent=traceparent_text()))
        is_new: list[bool] = []

        def insert(one: NewEvent) -> None:
            event = _traced(one.event)
            try:
                self._insert(event, event_rows(event, one.payload()))
            except AlreadyStored:
                return
            is_new.append(True)

        each_side_by_side(self._pool, new, insert)
        return len(is_new)

    def _insert(self, event: Event, rows: Sequence[Mapping[str, Any]]) -> None:
        try:
            if len(rows) == 1:
                self._events.insert(rows[0])
            else:
                self._events.transact([Write("insert", row) for row in rows])
        except AlreadyStored:
            _tell_received(event, "duplicate")
            raise
        _tell_received(event, "stored")

    def announce_each(self, ids: Sequence[EventId]) -> None:
        """Announce events one by one, as an announcement of several is made that of its first. Raises StorageDown."""
        each_side_by_side(
            self._pool, ids, lambda id_: self.publish(new_announcement(id_, traceparent=traceparent_text()))
        )

    def publish(self, announcement: Announcement, *, delay_seconds: int = 0) -> None:
        """Send an announcement: dispatch handles it, at once or after the delay. Raises StorageDown."""
        self._queue.send(announcement.as_text(), delay_seconds=delay_seconds)

    def get(self, id_: EventId) -> Event | None:
        """The event with this id, None if it is not stored. Its payload is not read."""
        row = self._events.get(*event_keys(id_), select=EVENT_COLUMNS)
        return None if row is None else self._whole(row)

    def get_with_payload(self, id_: EventId) -> StoredEvent | None:
        """The event with this id and its payload, None if it is not stored: one transaction of up to a megabyte."""
        row = self._events.get(*event_keys(id_))
        return None if row is None else StoredEvent(self._whole(row), parse_payload(row))

    def _whole(self, row: Mapping[str, Any]) -> Event:
        """The event in a row of either table, with the values that stand in its second row."""
        event = parse_event(row)
        more = self._events.get(*values_keys(event.id)) if has_more(row) else None
        return event if more is None else with_values(event, more)

    def begin_dispatch(self, event: Event, announcement_id: str | None, asked: Asked = None) -> BegunDispatch | None:
        """List an event for the announcement that dispatches it; if it is listed already, return what is there.

        `asked` are the webhooks that will be asked. However many try it at the same moment, one of them gets None.
        Raises StorageDown.
        """
        row = log_row(event, announcement_id, asked)
        if event.trimmed and has_more(row):
            # What it was completed with is in no row of `events` yet.
            self._events.put(values_row(event))
        now = self._now()
        began, at = self._seconds(), late_at(event, now)
        row |= {**late_column(at), **dispatched_column(event, now)}

        def insert_or_read() -> BegunDispatch | None:
            try:
                self._log.insert(row)
            except AlreadyStored as exc:
                begun = self.begun_dispatch(event)
                if begun is None:
                    # It was removed in between.
                    raise Changed(row["RowKey"]) from exc
                if begun.event.forgotten:
                    self.drop_values(event)
                return begun
            return None

        begun = retry_races(insert_or_read, f"event {event.id} could not be listed")
        if begun is None:
            self._tell(event, at, began)
        return begun

    def list_late(self, event: Event, write: Callable[[Mapping[str, Any]], bool]) -> None:
        """Have `write` list an event as a late one, with these columns, and see to it that those who follow are told.

        `write` returns whether it listed the event; if it did not, somebody else had. Raises StorageDown.
        """
        began, at = self._seconds(), self._now()
        if write(late_column(at)):
            self._tell(event, at, began)

    def ensure_told(self, begun: BegunDispatch) -> None:
        """See to it that those who follow are told of an event that was listed by a message that comes once more.

        Whoever listed it may have died before that was certain. Costs nothing for an event that was listed in time, and
        a read for a late one. Raises StorageDown.
        """
        written = begun.changed_at
        if begun.late_at is not None:
            row = self._late.get(*late_keys(begun.event, begun.late_at))
            written = None if row is None else row.metadata["timestamp"]
        if written is None or not is_in_time(begun.late_at or begun.event.received_at, written):
            self._tell_later(begun.event)

    def _tell(self, event: Event, at: datetime | None, began: float) -> None:
        """After an event was listed: see to it that those who follow are told, under its receipt or `at`."""
        if at is not None:
            # It is there if the answer to this very insert was lost.
            with suppress(AlreadyStored):
                self._late.insert(late_row(event, at))
        was_quick = self._seconds() - began <= QUICK_WRITE.total_seconds()
        # The answers have told what time it is.
        told_at, now = at or event.received_at, self._now()
        if not (was_quick and is_in_time(told_at, now) and is_soon(told_at, now)):
            # Somebody may have read past it already, or it would have to wait.
            self._tell_later(event)

    def _tell_later(self, event: Event) -> None:
        """Tell of a listed event under a moment that nobody has read past."""
        at = postponed(self._now())
        partition, key = log_keys(event)
        if self._change({"PartitionKey": partition, "RowKey": key, **late_column(at)}):
            self._late.put(late_row(event, at))

    def begun_dispatch(self, event: Event) -> BegunDispatch | None:
        """What `begin_dispatch` listed, in its present state; None before that."""
        row = self._log.get(*log_keys(event))
        if row is None:
            return None
        changed_at = row.metadata["timestamp"]
        asked, late = parse_asked(row), parse_late_at(row)
        dispatched_at = parse_dispatched_at(row)
        return BegunDispatch(self._whole(row), parse_announcement_id(row), asked, late, changed_at, dispatched_at)

    def note_asked(self, begun: BegunDispatch, ids: Sequence[int]) -> None:
        """Have the row of a listed event name these webhooks too, which subscribed since it was listed.

        No transaction if it names them already. Raises StorageDown.
        """
        if begun.asked is None or set(ids) <= set(begun.asked):
            return
        self._change(asked_row(begun.event, asked_too(begun.asked, ids)))

    def drop_values(self, event: Event) -> None:
        """Remove the second row of an event that was forgotten while it was completed, if that put one there."""
        if event.trimmed:
            self._events.delete(*values_keys(event.id))

    def mark_dispatched(self, event: Event) -> None:
        """Note that all webhooks were asked that want a listed event, and when. Nothing else of its row changes."""
        done = replace(event, state=EventState.DISPATCHED)
        self._change({**state_row(done), **dispatched_column(done, self._now())})

    def _change(self, columns: Mapping[str, Any]) -> bool:
        try:
            self._log.merge(columns)
        except Changed:
            # The row was removed meanwhile, and then there is nothing to note.
            return False
        return True

    def with_long_values(self, event: Event) -> Event:
        """An event of a listing with the values that were left out there. One transaction."""
        more = self._events.get(*values_keys(event.id))
        return event if more is None else with_values(event, more)

    def listed_event(self, event: Event) -> ListedEvent:
        """The row of an event, which asks nobody before its dispatch has begun. One transaction."""
        position = Position(*log_keys(event))
        return self.listed_at(position) or ListedEvent(position, ())

    def listed_at(self, position: Position) -> ListedEvent | None:
        """The row at this place of the list, None if there is none. One transaction."""
        row = self._log.get(position.partition, position.key, select=(*KEY_COLUMNS, ASKED_COLUMN))
        return None if row is None else _listed(row)

    def listed(self, wanted: LogFilter, *, page_size: int, budget: WorkBudget) -> Scan[ListedEvent]:
        """Events newest first, without their contents, as far as the budget reaches."""
        return Scan(
            self._log,
            [(wanted.place, _log_query(wanted))],
            _listed,
            budget=budget,
            page_size=page_size,
            select=(ASKED_COLUMN,),
        )

    def dispatched(self, event: Event) -> Event | None:
        """The event as dispatch listed it, in its present state; None before that."""
        begun = self.begun_dispatch(event)
        return None if begun is None else begun.event

    def follow(self, place: FollowPlace | None, *, page_size: int, budget: WorkBudget) -> Following:
        """Events in the order in which they became visible, after a place, or from now on; see there.

        Costs a read, and for whoever is up to date two more. Raises StorageDown.
        """
        until = settled_until(self._late, self._now, budget, seconds=self._seconds)
        begin = place or FollowPlace(until)
        return Following(self._log, self._late, begin, until=until, budget=budget, page_size=page_size)

    def log(self, wanted: LogFilter, *, page_size: int, budget: WorkBudget | None = None) -> Scan[Event]:
        """Events newest first, as far as the budget reaches."""
        return Scan(self._log, [(wanted.place, _log_query(wanted))], parse_event, budget=budget, page_size=page_size)


def _traced(event: Event) -> Event:
    """The event with the trace of the code that calls, unless it has one already."""
    return event if event.traceparent else replace(event, traceparent=traceparent_text())


def _tell_received(event: Event, outcome: str) -> None:
    with about_event(event.id, event.traceparent):
        fields = {"type": event.type, "source": event.source_kind, "outcome": outcome}
        tell(log, "event.received", fields)


def _log_query(wanted: LogFilter) -> Query:
    # The keys bound the scan; only `type` is compared row by row.
    return Query().of_days(wanted.since, wanted.until, wanted.place.after).where("Type eq", wanted.type)


def _listed(row: Mapping[str, Any]) -> ListedEvent:
    return ListedEvent(Position(row["PartitionKey"], row["RowKey"]), parse_asked(row))
