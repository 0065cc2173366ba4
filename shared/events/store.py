"""Where events are kept: announced in a queue first, then stored, and listed when they are dispatched."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from shared.events.announcement import EVENTS_QUEUE, Announcement
from shared.events.event import Event, EventId
from shared.events.rows import (
    EVENT_COLUMNS,
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
    """Which events a listing shows: of one type, received from `since` and before `until`, older than `after`.

    None does not filter.
    """

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

    def append(self, event: Event, payload: bytes) -> None:
        """Announce an event, then store it with its payload: two storage transactions.

        Whatever fails or dies in between, an event that is stored has its announcement. An announcement without an
        event was never acknowledged, and dispatch drops it. Raises AlreadyStored, StorageDown and ContentTooLarge.
        """
        row = event_row(event, payload)
        self.publish(Announcement(event_id=event.id))
        self._events.insert(row)

    def publish(self, announcement: Announcement, *, delay_seconds: int = 0) -> None:
        """Send an announcement: dispatch handles it, at once or after the delay. Raises StorageDown."""
        self._queue.send(announcement.as_text(), delay_seconds=delay_seconds)

    def get(self, id_: EventId) -> Event | None:
        """The event with this id, None if it is not stored. Its payload is not read."""
        row = self._events.get(*event_keys(id_), select=EVENT_COLUMNS)
        return None if row is None else parse_event(row)

    def get_with_payload(self, id_: EventId) -> StoredEvent | None:
        """The event with this id and its payload, None if it is not stored: one transaction of up to a megabyte."""
        row = self._events.get(*event_keys(id_))
        return None if row is None else StoredEvent(parse_event(row), parse_payload(row))

    def mark_started(self, event: Event) -> None:
        """List an event whose dispatch takes more than one message; does nothing if it is listed already."""
        try:
            self._log.insert(log_row(event))
        except AlreadyStored:
            # This message came twice, and dispatch may even be done.
            return

    def mark_dispatched(self, event: Event) -> None:
        """List an event as dispatch left it: from then on that is its state."""
        self._log.put(log_row(event))

    def dispatched(self, event: Event) -> Event | None:
        """The event as `mark_dispatched` or `mark_started` listed it, None before that."""
        row = self._log.get(*log_keys(event))
        return None if row is None else parse_event(row)

    def log(self, wanted: LogFilter, *, page_size: int) -> Iterator[tuple[Position, Event]]:
        """Events newest first, each with its position."""
        # The keys bound the scan; only `type` is compared row by row.
        rows = Query().of_days(wanted.since, wanted.until, wanted.after).where("Type eq", wanted.type)
        for row in self._log.query(rows, page_size=page_size):
            yield Position(row["PartitionKey"], row["RowKey"]), parse_event(row)
