"""Table `deliveries`: one row an event and webhook, and the listings that the Events API shows.

A webhook's partition has two ranges of keys: records, newest event first, and then the deliveries that wait for their
receiver, oldest event first (waiting.py). A listing shows each delivery once: of the second range only those without a
record.
"""

from collections.abc import Sequence

from azure.data.tables import TableEntity

from shared.clock import now
from shared.delivery.filter import DeliveryFilter, records_between, waiting_between
from shared.delivery.record import (
    SUMMARY,
    DeliveryRecord,
    DeliveryState,
    delivery_keys,
    delivery_row,
    parse_record,
    waiting_record,
)
from shared.delivery.waiting import WAITING_PREFIX, parse_waiting, waiting_keys
from shared.delivery.webhook_by_time import WebhookByTime
from shared.delivery.windows import Windows
from shared.events.event import Event
from shared.storage.keys import row_key
from shared.storage.paging import BEGINNING, Place, Position
from shared.storage.query import Query
from shared.storage.scan import Scan, WorkBudget
from shared.storage.tables import Row, RowVersion, Table

_WHOLE_ROWS = 50
"""A page of rows with all that was answered: up to half a megabyte each."""


class DeliveryLog:
    """Reads and writes records."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, webhook_id: int, event: Event) -> DeliveryRecord | None:
        """The record of one delivery, None before its first attempt."""
        row = self._table.get(*delivery_keys(webhook_id, event.id, event.received_at))
        return None if row is None else parse_record(row, str(row.metadata["etag"]))

    def get_waiting(self, webhook_id: int, event: Event) -> DeliveryRecord | None:
        """One delivery that waits for its receiver, as a record that is not stored; None if it does not wait."""
        row = self._table.get(*waiting_keys(webhook_id, event.id, event.received_at))
        return None if row is None else waiting_record(parse_waiting(row))

    def write(self, record: DeliveryRecord) -> None:
        """Store a record, unless what is stored has come further: of two workers at once, the later attempt counts.

        If the event was forgotten meanwhile, only a delivery that succeeded is still written down, and no answer.
        """

        def further(row: Row | None) -> Row | None:
            # Of the version that the record came from only the etag is known: it has not come further.
            stored = parse_record(row, "") if row else None
            if stored and stored.forgotten and record.state is DeliveryState.DELIVERED:
                return delivery_row(record.without_replies())
            return None if stored and stored.is_past(record.cycle, record.attempts) else delivery_row(record)

        known = RowVersion(None) if record.etag is None else RowVersion({}, record.etag)
        keys = delivery_keys(record.webhook_id, record.event_id, record.event_at)
        self._table.modify(*keys, further, known=known, replaces=True)

    def summaries(
        self,
        wanted: DeliveryFilter,
        *,
        place: Place = BEGINNING,
        budget: WorkBudget | None = None,
        page_size: int = 1000,
    ) -> Scan[TableEntity]:
        """Deliveries by webhook as rows of SUMMARY: records, newest event first, then those that wait without one."""
        return self._summaries(_queries(wanted, place), budget, page_size)

    def records(
        self,
        wanted: DeliveryFilter,
        *,
        place: Place = BEGINNING,
        budget: WorkBudget | None = None,
        page_size: int = _WHOLE_ROWS,
    ) -> Scan[DeliveryRecord]:
        """The records alone, with what was answered, newest event first for each webhook."""
        rows = _behind(place, wanted).either(records_between(wanted))
        return Scan(self._table, [(place, rows)], _record, budget=budget, page_size=page_size)

    def states(self, wanted: DeliveryFilter, *, place: Place, budget: WorkBudget) -> Scan[DeliveryState]:
        """What `summaries` gives, but of each delivery its state alone."""
        return Scan(self._table, _queries(wanted, place), _state, budget=budget, page_size=1000, select=("State",))

    def windows(self, wanted: DeliveryFilter, *, with_attempts: bool = False) -> Windows:
        """Reads parts of the partition of any webhook."""
        return Windows(self._table, wanted, with_attempts=with_attempts)

    def by_time(
        self, wanted: DeliveryFilter, *, place: Place, budget: WorkBudget, enough: int
    ) -> WebhookByTime | Scan[TableEntity]:
        """Deliveries to the wanted webhook as rows of SUMMARY, newest event first; `enough` are taken at most."""
        if wanted.may_wait_only:
            return WebhookByTime(self._table, wanted, budget, now, place=place, enough=enough)
        return self.summaries(wanted, place=place, budget=budget, page_size=enough)

    def _summaries(
        self, queries: Sequence[tuple[Place, Query]], budget: WorkBudget | None, page_size: int
    ) -> Scan[TableEntity]:
        return Scan(self._table, queries, lambda row: row, budget=budget, page_size=page_size, select=SUMMARY)


def _state(row: TableEntity) -> DeliveryState:
    return DeliveryState(row["State"])


def _record(row: TableEntity) -> DeliveryRecord:
    return parse_record(row, str(row.metadata["etag"]))


def _queries(wanted: DeliveryFilter, place: Place) -> list[tuple[Place, Query]]:
    """The queries for both ranges, or the one for both if all webhooks are wanted, and where each begins.

    Of one webhook each range is read from its bound on. Over all webhooks storage looks at every row anyway.
    """
    records, waiting = records_between(wanted), waiting_between(wanted)
    if not wanted.may_wait_only:
        return [(place, _behind(place, wanted).either(records))]
    if wanted.webhook_id is None:
        return [(place, _behind(place, wanted).either(records, waiting))]
    if place.after is not None and place.after.key.startswith(WAITING_PREFIX):
        return [(place, _behind(place, wanted).either(waiting))]
    first_waiting = Place(Position(row_key(wanted.webhook_id), WAITING_PREFIX))
    return [
        (place, _behind(place, wanted).either(records)),
        (first_waiting, _behind(first_waiting, wanted).either(waiting)),
    ]


def _behind(place: Place, wanted: DeliveryFilter) -> Query:
    """The wanted webhook's rows, or those of all, that come after the place's row."""
    if wanted.webhook_id is None:
        return Query().beyond(place.after)
    rows = Query().where("PartitionKey eq", row_key(wanted.webhook_id))
    return rows if place.after is None else rows.where("RowKey gt", place.after.key)
