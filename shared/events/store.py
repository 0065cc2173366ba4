"""Where events are kept: announced first, then stored, then listed and marked by dispatch."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from shared.events.announcement import EVENTS_QUEUE, Announcement
from shared.events.event import Event, EventId
from shared.events.rows import (
    EVENTLOG_TABLE,
    EVENTS_TABLE,
    event_keys,
    event_row,
    log_keys,
    log_row,
    parse_event,
    parse_payload,
)
from shared.storage.account import StorageAccount
from shared.storage.paging import Position
from shared.storage.query import Query
from shared.storage.tables import AlreadyStored


@dataclass(frozen=True)
class StoredEvent:
    """An event and its payload as it came in."""

    event: Event
    payload: bytes


@dataclass(frozen=True)
class LogFilter:
    """Which events a listing shows: of one type, received from `since` and before `until`, older than `after`."""

    type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: Position | None = None


class EventStore:
    """The tables `events` and `eventlog` and the queue `events`."""

    def __init__(self, storage: StorageAccount) -> None:
        self._events = storage.table(EVENTS_TABLE)
        self._log = storage.table(EVENTLOG_TABLE)
        self._queue = storage.queue(EVENTS_QUEUE)

    def accept(self, event: Event, payload: bytes) -> None:
        """Announce and store an event: two storage transactions. Raises AlreadyStored, StorageDown or TooLarge.

        Whatever fails or dies in between, an event that is stored has its announcement. One without an event was never
        acknowledged, and dispatch drops it.
        """
        row = event_row(event, payload)
        self.announce(Announcement(event_id=event.id))
        self._events.insert(row)

    def announce(self, announcement: Announcement, *, delay_seconds: int = 0) -> None:
        """Have dispatch look at an event, at once or later."""
        self._queue.send(announcement.as_text(), delay_seconds=delay_seconds)

    def get(self, id_: EventId) -> StoredEvent | None:
        """The event with this id, None where it is not stored."""
        row = self._events.get(*event_keys(id_))
        return None if row is None else StoredEvent(parse_event(row), parse_payload(row))

    def begin(self, event: Event) -> None:
        """Write an event into the log whose dispatch takes more than one message, as long as nobody else did."""
        try:
            self._log.insert(log_row(event))
        except AlreadyStored:
            # This message came twice, and dispatch may even be done.
            return

    def finish(self, event: Event) -> None:
        """Write an event into the log, as dispatch left it: from then on that is its state."""
        self._log.put(log_row(event))

    def finished(self, event: Event) -> Event | None:
        """The event as dispatch left it, or `begin`; None before that."""
        row = self._log.get(*log_keys(event))
        return None if row is None else parse_event(row)

    def log(self, wanted: LogFilter, *, page_size: int) -> Iterator[tuple[Position, Event]]:
        """Events newest first, each with its position."""
        # The keys bound the scan; only `type` is compared row by row.
        rows = Query().of_days(wanted.since, wanted.until, wanted.after).where("Type eq", wanted.type)
        for row in self._log.query(rows, page_size=page_size):
            yield Position(row["PartitionKey"], row["RowKey"]), parse_event(row)
