"""Table `deliveries`: one row an event and webhook, and the listings that the Events API shows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from azure.data.tables import TableEntity

from shared.delivery.record import (
    SUMMARY,
    DeliveryRecord,
    DeliveryState,
    delivery_keys,
    delivery_row,
    parse_record,
)
from shared.events.event import Event
from shared.storage.keys import row_key
from shared.storage.paging import Position
from shared.storage.query import Query
from shared.storage.tables import Row, RowVersion, Table

_WHOLE_ROWS = 50
"""A page of rows with all that was answered: up to half a megabyte each."""


@dataclass(frozen=True)
class DeliveryFilter:
    """Which deliveries a listing shows: of this webhook, state, and of events from `since` and before `until`."""

    webhook_id: int | None = None
    state: DeliveryState | None = None
    since: datetime | None = None
    until: datetime | None = None


class DeliveryLog:
    """Reads and writes records."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, webhook_id: int, event: Event) -> DeliveryRecord | None:
        """The record of one delivery, None before its first attempt."""
        row = self._table.get(*delivery_keys(webhook_id, event.id, event.received_at))
        return None if row is None else parse_record(row, str(row.metadata["etag"]))

    def write(self, record: DeliveryRecord) -> None:
        """Store a record, unless what is stored has come further: of two workers at once, the later attempt counts."""

        def further(row: Row | None) -> Row | None:
            # Of the version that the record came from only the etag is known: it has not come further.
            is_past = row and parse_record(row, "").is_past(record.cycle, record.attempts)
            return None if is_past else delivery_row(record)

        known = RowVersion(None) if record.etag is None else RowVersion({}, record.etag)
        keys = delivery_keys(record.webhook_id, record.event_id, record.event_at)
        self._table.modify(*keys, further, known=known, replaces=True)

    def of_event(
        self, event: Event, *, after: Position | None = None, page_size: int = 1000
    ) -> Iterator[tuple[Position, TableEntity]]:
        """The deliveries of an event, by webhook, as rows of SUMMARY.

        Its row key is the same in each partition, so this reads all partitions.
        """
        key = delivery_keys(0, event.id, event.received_at)[1]
        wanted = Query().where("PartitionKey gt", after.partition if after else "").where("RowKey eq", key)
        yield from self._rows(wanted, page_size, SUMMARY)

    def summaries(
        self, wanted: DeliveryFilter, *, after: Position | None = None, page_size: int = 1000
    ) -> Iterator[tuple[Position, TableEntity]]:
        """Deliveries by webhook, newest event first, each with its position, as rows of SUMMARY."""
        yield from self._rows(_query(wanted, after), page_size, SUMMARY)

    def list(
        self, wanted: DeliveryFilter, *, after: Position | None = None, page_size: int = _WHOLE_ROWS
    ) -> Iterator[tuple[Position, DeliveryRecord]]:
        """The same as records, with what was answered to them; `after` leaves out what comes before."""
        for position, row in self._rows(_query(wanted, after), page_size, ()):
            yield position, parse_record(row, str(row.metadata["etag"]))

    def _rows(self, wanted: Query, page_size: int, columns: tuple[str, ...]) -> Iterator[tuple[Position, TableEntity]]:
        select = ["PartitionKey", "RowKey", *columns] if columns else []
        for row in self._table.query(wanted, page_size=page_size, select=select):
            yield Position(row["PartitionKey"], row["RowKey"]), row


def _query(wanted: DeliveryFilter, after: Position | None) -> Query:
    webhook = None if wanted.webhook_id is None else row_key(wanted.webhook_id)
    rows = Query().where("PartitionKey eq", webhook).of_times(wanted.since, wanted.until)
    return rows.where("State eq", wanted.state and wanted.state.value).beyond(after)
