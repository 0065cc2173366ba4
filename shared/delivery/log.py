"""Table `deliveries`: one row an event and webhook, and the listings that the Events API shows.

A webhook's partition has two ranges of keys: records, newest event first, and then the deliveries that wait for their
receiver, oldest event first (waiting.py). A listing shows each delivery once: of the second range only those without a
record.
"""

from collections.abc import Sequence
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
    waiting_record,
)
from shared.delivery.waiting import AFTER_WAITING, WAITING_PREFIX, parse_waiting, waiting_bound, waiting_keys
from shared.events.event import Event
from shared.storage.keys import row_key
from shared.storage.paging import BEGINNING, Place, Position
from shared.storage.query import Query
from shared.storage.scan import Scan, WorkBudget
from shared.storage.tables import Row, RowVersion, Table

_WHOLE_ROWS = 50
"""A page of rows with all that was answered: up to half a megabyte each."""


@dataclass(frozen=True)
class DeliveryFilter:
    """Which deliveries a listing shows: of this webhook, in one of these states, of events in a span of time.

    The events are those received from `since` and before `until`. None, and no states, do not filter. The order of
    the states has no meaning.
    """

    webhook_id: int | None = None
    states: tuple[DeliveryState, ...] = ()
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
                return delivery_row(record.without_contents())
            return None if stored and stored.is_past(record.cycle, record.attempts) else delivery_row(record)

        known = RowVersion(None) if record.etag is None else RowVersion({}, record.etag)
        keys = delivery_keys(record.webhook_id, record.event_id, record.event_at)
        self._table.modify(*keys, further, known=known, replaces=True)

    def of_event(
        self,
        event: Event,
        *,
        place: Place = BEGINNING,
        budget: WorkBudget | None = None,
        page_size: int = 1000,
    ) -> Scan[TableEntity]:
        """The deliveries of an event, by webhook, as rows of SUMMARY, as far as the budget reaches.

        Its row keys are the same in each partition, so this looks through all partitions.
        """
        record = Query().where("RowKey eq", delivery_keys(0, event.id, event.received_at)[1])
        waiting = Query().where("RowKey eq", waiting_keys(0, event.id, event.received_at)[1])
        later = Query().where("PartitionKey gt", place.after.partition if place.after else "")
        wanted = later.either(record, waiting.where("IsLogged eq", False))
        return self._summaries([(place, wanted)], budget, page_size)

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
        rows = _behind(place, wanted).either(_records(wanted))
        return Scan(self._table, [(place, rows)], _record, budget=budget, page_size=page_size)

    def _summaries(
        self, queries: Sequence[tuple[Place, Query]], budget: WorkBudget | None, page_size: int
    ) -> Scan[TableEntity]:
        return Scan(self._table, queries, lambda row: row, budget=budget, page_size=page_size, select=SUMMARY)


def _record(row: TableEntity) -> DeliveryRecord:
    return parse_record(row, str(row.metadata["etag"]))


def _queries(wanted: DeliveryFilter, place: Place) -> list[tuple[Place, Query]]:
    """The queries for both ranges, or the one for both if all webhooks are wanted, and where each begins.

    Of one webhook each range is read from its bound on. Over all webhooks storage looks at every row anyway.
    """
    records, waiting = _records(wanted), _waiting(wanted)
    if wanted.states and DeliveryState.WAITING not in wanted.states:
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


def _records(wanted: DeliveryFilter) -> Query:
    states = [Query().where("State eq", state.value) for state in wanted.states]
    return Query().where("RowKey lt", WAITING_PREFIX).of_times(wanted.since, wanted.until).either(*states)


def _waiting(wanted: DeliveryFilter) -> Query:
    begin = WAITING_PREFIX if wanted.since is None else waiting_bound(wanted.since)
    end = AFTER_WAITING if wanted.until is None else waiting_bound(wanted.until)
    return Query().where("RowKey ge", begin).where("RowKey lt", end).where("IsLogged eq", False)
