"""Table `deliveries`: one row an event and webhook, and the listings that the Events API shows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

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
from shared.storage.keys import row_key, time_key
from shared.storage.paging import Position
from shared.storage.tables import AlreadyStored, Changed, Table

_MAX_TRIES = 20
_WHOLE_ROWS = 50
"""A page of rows with all that was answered: up to half a megabyte each."""

type Row = TableEntity


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
        """Store a record, unless what is stored has come further: of two who worked at once, the later one counts."""
        current: DeliveryRecord | None = record
        for _ in range(_MAX_TRIES):
            if current is None or self._put(record, current.etag):
                return
            current = self._newer(record)
        raise Changed(record.event_id)

    def of_event(
        self, event: Event, *, after: Position | None = None, page_size: int = 1000
    ) -> Iterator[tuple[Position, Row]]:
        """The deliveries of an event, by webhook, as rows of SUMMARY.

        Its row key is the same in each partition, so this reads all partitions.
        """
        parameters = {
            "key": delivery_keys(0, event.id, event.received_at)[1],
            "after": after.partition if after else "",
        }
        filter_ = "PartitionKey gt @after and RowKey eq @key"
        yield from self._rows(filter_, parameters, page_size, SUMMARY)

    def summaries(
        self, wanted: DeliveryFilter, *, after: Position | None = None, page_size: int = 1000
    ) -> Iterator[tuple[Position, Row]]:
        """Deliveries by webhook, newest event first, each with its position, as rows of SUMMARY."""
        yield from self._rows(*_query(wanted, after), page_size, SUMMARY)

    def list(
        self, wanted: DeliveryFilter, *, after: Position | None = None, page_size: int = _WHOLE_ROWS
    ) -> Iterator[tuple[Position, DeliveryRecord]]:
        """The same as records, with what was answered to them; `after` leaves out what comes before."""
        for position, row in self._rows(*_query(wanted, after), page_size, ()):
            yield position, parse_record(row, str(row.metadata["etag"]))

    def _rows(
        self, filter_: str, parameters: dict[str, Any], page_size: int, columns: tuple[str, ...]
    ) -> Iterator[tuple[Position, Row]]:
        select = ["PartitionKey", "RowKey", *columns] if columns else None
        for row in self._table.query(filter_, parameters, page_size=page_size, select=select):
            yield Position(row["PartitionKey"], row["RowKey"]), row

    def _put(self, record: DeliveryRecord, etag: str | None) -> bool:
        try:
            if etag is None:
                self._table.insert(delivery_row(record))
            else:
                self._table.replace(delivery_row(record), etag=etag)
        except (AlreadyStored, Changed):
            return False
        return True

    def _newer(self, record: DeliveryRecord) -> DeliveryRecord | None:
        """What is stored, if `record` may still replace it; without an etag where nothing is stored any more."""
        row = self._table.get(*delivery_keys(record.webhook_id, record.event_id, record.event_at))
        if row is None:
            return replace(record, etag=None)
        stored = parse_record(row, str(row.metadata["etag"]))
        return None if stored.is_past(record.cycle, record.attempts) else stored


def _query(wanted: DeliveryFilter, after: Position | None) -> tuple[str, dict[str, Any]]:
    conditions, parameters = ["PartitionKey ge @first"], {"first": "0"}
    if wanted.webhook_id is not None:
        conditions = ["PartitionKey eq @webhook"]
        parameters = {"webhook": row_key(wanted.webhook_id)}
    if wanted.until is not None:
        conditions.append("RowKey ge @until")
        # "." sorts after the "-" that follows the time in a key, so this leaves the moment itself out.
        parameters["until"] = time_key(wanted.until) + "."
    if wanted.since is not None:
        conditions.append("RowKey lt @since")
        parameters["since"] = time_key(wanted.since) + "."
    if wanted.state is not None:
        conditions.append("State eq @state")
        parameters["state"] = wanted.state.value
    if after is not None:
        # The client finds parameters between blanks, so parentheses keep their distance.
        conditions.append("( PartitionKey gt @partition or ( PartitionKey eq @partition and RowKey gt @after ) )")
        parameters |= {"partition": after.partition, "after": after.key}
    return " and ".join(conditions), parameters
