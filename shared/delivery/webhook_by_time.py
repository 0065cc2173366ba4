"""Deliveries to one webhook, newest event first, read from its partition alone.

Records are kept in this order. What waits without a record is kept the other way round, and may be much; so of that
the newest span of time is read that is short enough for one transaction, and then the next one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from azure.data.tables import TableEntity

from shared.delivery.filter import DeliveryFilter, matching_waiting, records_between
from shared.delivery.record import SUMMARY
from shared.delivery.waiting import WAITING_PREFIX, waiting_bound
from shared.delivery.windows import AFTER_ID, order_key
from shared.storage.keys import FIRST_MOMENT, KEY_COLUMNS, moment_of, row_key, time_key
from shared.storage.paging import Place, Position
from shared.storage.query import Query
from shared.storage.scan import WorkBudget
from shared.storage.tables import Table, TablePage

_PAGE = 1000
_MICROSECOND = timedelta(microseconds=1)
_AHEAD = timedelta(days=1)
"""How far the clock of an instance that received an event may be ahead of this one's."""


@dataclass(frozen=True)
class _Span:
    """Events from `oldest`, and from `newest` back; with the keys of waiting rows that bound them."""

    oldest: datetime
    newest: datetime
    begin: str
    end: str


class WebhookByTime:
    """Rows of deliveries with their keys, as far as a budget reaches; as `DeliveriesByTime`.

    `enough` is how many rows the caller takes, `now` gives the time in UTC.
    """

    def __init__(
        self,
        table: Table,
        wanted: DeliveryFilter,
        budget: WorkBudget,
        now: Callable[[], datetime],
        *,
        place: Place,
        enough: int,
    ) -> None:
        self.place = place
        self.is_complete = False
        self._table = table
        self._wanted = wanted
        self._budget = budget
        self._now = now
        self._enough = enough
        self._partition = row_key(wanted.webhook_id or 0)

    def __iter__(self) -> Iterator[tuple[Position, TableEntity]]:
        """The rows; raises StorageDown."""
        while records := self._page(self._records(), self._enough, self.place.continuation):
            after = self.place.after
            if records.continuation and not records.rows:
                self.place = Place(after, records.continuation)
                continue
            last = str(records.rows[-1]["RowKey"]) if records.continuation else None
            found = self._waiting(after, last)
            if found is None:
                return
            waiting, last = found
            for row in sorted([*records.rows, *waiting], key=order_key):
                key = order_key(row)
                if (after is None or key > after.key) and (last is None or key <= last):
                    self.place = Place(Position(self._partition, key))
                    yield Position(self._partition, row["RowKey"]), row
            if last is None:
                self.is_complete = True
                return
            self.place = Place(Position(self._partition, last))

    def _waiting(self, after: Position | None, last: str | None) -> tuple[list[TableEntity], str | None] | None:
        """What waits between the two keys, or in the newest part of it, and where that ends.

        None if the budget is at its end. A part is halved until it is read in one transaction; where its newer half
        holds nothing, the older one is.
        """
        span = self._span(after, last)
        oldest = span.oldest
        while page := self._page(self._waiting_in(span), _PAGE):
            if page.continuation is None and (page.rows or span.oldest == oldest):
                return [*page.rows], last
            if page.continuation is None:
                span = replace(span, newest=span.oldest, end=span.begin)
            elif page.rows:
                oldest = datetime.fromisoformat(page.rows[0]["EventAt"])
            if page.continuation and span.newest - span.oldest <= _MICROSECOND:
                return self._rest(span, page, last)
            middle = oldest + (span.newest - oldest) / 2
            span = replace(span, oldest=middle, begin=waiting_bound(middle))
            last = time_key(middle) + AFTER_ID
        return None

    def _rest(self, span: _Span, page: TablePage, last: str | None) -> tuple[list[TableEntity], str | None] | None:
        """All of a span that cannot be shorter."""
        rows = [*page.rows]
        while page.continuation:
            following = self._page(self._waiting_in(span), _PAGE, page.continuation)
            if following is None:
                return None
            page = following
            rows += page.rows
        return rows, last

    def _span(self, after: Position | None, last: str | None) -> _Span:
        since, until = self._wanted.since, self._wanted.until
        oldest = moment_of(last) if last else since
        newest = moment_of(after.key) if after else until
        end = waiting_bound(newest or datetime.max.replace(tzinfo=UTC))
        return _Span(
            oldest=oldest or FIRST_MOMENT,
            newest=newest or self._now() + _AHEAD,
            begin=waiting_bound(oldest) if oldest else WAITING_PREFIX,
            # Behind a row, others of its microsecond may follow.
            end=end + AFTER_ID if after else end,
        )

    def _records(self) -> Query:
        after = self.place.after.key if self.place.after else None
        return self._rows().where("RowKey gt", after).either(records_between(self._wanted))

    def _waiting_in(self, span: _Span) -> Query:
        bounded = self._rows().where("RowKey ge", span.begin).where("RowKey lt", span.end)
        return bounded.either(matching_waiting(self._wanted))

    def _rows(self) -> Query:
        return Query().where("PartitionKey eq", self._partition)

    def _page(self, query: Query, size: int, continuation: tuple[str, str] | None = None) -> TablePage | None:
        if not self._budget.left():
            return None
        self._budget.spend()
        return self._table.page(query, page_size=size, select=[*KEY_COLUMNS, *SUMMARY], continuation=continuation)
