"""Lists webhooks with their usage, filtered, within a few megabytes of memory however many there are."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched, chain, islice, pairwise
from typing import Any

from azure.data.tables import TableEntity

from shared.storage.keys import row_key
from shared.storage.query import Query
from shared.storage.tables import Table
from shared.webhooks.counts import AFTER_IDS
from shared.webhooks.fields import EVENT_NAME
from shared.webhooks.registration import Registration, Usage
from shared.webhooks.rows import PARTITION, SIZE_COLUMN, USAGE_COLUMNS, parse_registration, parse_usage, usage_keys
from shared.webhooks.subscriptions import Subscriptions
from shared.webhooks.webhook import WebhookState

_CLOSE = 20
"""A page of 1,000 rows takes about as long as 50 single reads, so one query over 20 rows is as good as one read."""
_PAGE = 1000
_MAX_PART_BYTES = 2_000_000
_USAGE_COLUMNS = ("PartitionKey", *USAGE_COLUMNS)
_USAGE_BYTES = 1000
"""About the size of a webhook's usage, which is read beside it."""
_UNKNOWN_BYTES = 80_000
"""The size assumed for rows of the first version, which noted none: a few have half as much again, most have less."""


@dataclass(frozen=True)
class WebhookFilter:
    """Which webhooks a listing shows: with this name (in any case), event and state; None does not filter."""

    name: str | None = None
    event: str | None = None
    state: WebhookState | None = None

    def query(self, first: int | None = None, last: int | None = None) -> Query:
        """What storage can filter by: ids from `first` to `last`, name and state, but not the event."""
        return (
            Query()
            .where("PartitionKey eq", PARTITION)
            .where("RowKey ge", None if first is None else row_key(first))
            .where("RowKey le", None if last is None else row_key(last))
            .where("RowKey lt", AFTER_IDS if last is None else None)
            .where("NameKey eq", self.name.casefold() if self.name else None)
            .where("State eq", self.state.value if self.state else None)
        )

    def accepts(self, registration: Registration) -> bool:
        """True if the registration meets the filter, the event included."""
        webhook = registration.webhook
        return (
            (not self.event or self.event.lower() in webhook.events)
            and (not self.name or webhook.name.casefold() == self.name.casefold())
            and (self.state is None or webhook.state is self.state)
        )


class WebhookListing:
    """Reads webhooks, their usage, and the index of subscriptions."""

    def __init__(self, webhooks: Table, usage: Table, subscriptions: Subscriptions) -> None:
        self._webhooks = webhooks
        self._usage = usage
        self._subscriptions = subscriptions

    def list(self, wanted: WebhookFilter, *, skip: int, top: int | None) -> Iterator[tuple[Registration, Usage]]:
        """Webhooks with their usage in the order of their ids, without the first `skip`, and at most `top` of them.

        Ids and sizes are read first, then the webhooks in parts of a few megabytes.
        """
        end = None if top is None else skip + top
        if wanted.event:
            yield from islice(self._of_event(wanted, wanted.event.lower()), skip, end)
            return
        for part in in_parts(islice(self._ids_and_sizes(wanted.query()), skip, end)):
            rows = self._rows(wanted.query(part[0], part[-1]))
            yield from self._with_usage(islice(map(registration_of, rows), len(part)))

    def ids(self, *, after: int = 0, at_most: int | None = None) -> Sequence[int]:
        """All ids above `after`, ascending, or the first of them: up to 1,000 in one transaction."""
        rows = self._webhooks.query(
            WebhookFilter().query(first=after + 1), page_size=min(at_most or _PAGE, _PAGE), select=["RowKey"]
        )
        return [int(row["RowKey"]) for row in islice(rows, at_most)]

    def _of_event(self, wanted: WebhookFilter, event: str) -> Iterator[tuple[Registration, Usage]]:
        if not EVENT_NAME.fullmatch(event):
            # Nobody can have subscribed to it.
            return
        windows = batched(self._subscriptions.webhook_ids(event), _PAGE, strict=False)
        for part in in_parts(chain.from_iterable(self._ids_and_sizes_of(ids, wanted) for ids in windows)):
            rows = batch_get(part, self._row, lambda *bounds: self._rows(wanted.query(*bounds)), "RowKey")
            # The index may list too much, and rows that were read one by one passed no filter.
            yield from self._with_usage(filter(wanted.accepts, map(registration_of, rows)))

    def _with_usage(self, found: Iterator[Registration]) -> Iterator[tuple[Registration, Usage]]:
        part = [*found]
        usages = self._usages([registration.id for registration in part])
        yield from ((registration, usages.get(registration.id, Usage())) for registration in part)

    def _row(self, webhook_id: int) -> TableEntity | None:
        return self._webhooks.get(PARTITION, row_key(webhook_id))

    def _rows(self, query: Query) -> Iterator[TableEntity]:
        return self._webhooks.query(query, page_size=_PAGE)

    def _ids_and_sizes(self, query: Query) -> Iterator[TableEntity]:
        return self._webhooks.query(query, page_size=_PAGE, select=["RowKey", SIZE_COLUMN])

    def _ids_and_sizes_of(self, ids: Sequence[int], wanted: WebhookFilter) -> Iterator[TableEntity]:
        return batch_get(ids, self._row, lambda *bounds: self._ids_and_sizes(wanted.query(*bounds)), "RowKey")

    def _usages(self, ids: Sequence[int]) -> dict[int, Usage]:
        rows = batch_get(ids, self._usage_of, self._usages_between, "PartitionKey")
        return {int(row["PartitionKey"]): parse_usage(row) for row in rows}

    def _usage_of(self, webhook_id: int) -> TableEntity | None:
        return self._usage.get(*usage_keys(webhook_id), select=_USAGE_COLUMNS)

    def _usages_between(self, first: int, last: int) -> Iterator[TableEntity]:
        between = Query().where("PartitionKey ge", row_key(first)).where("PartitionKey le", row_key(last))
        return self._usage.query(between, select=_USAGE_COLUMNS)


def registration_of(row: TableEntity) -> Registration:
    """The registration in a row that was read, with the etag of that row."""
    return parse_registration(row, str(row.metadata["etag"]))


def in_parts(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[int]]:
    """The ids in these rows of keys and sizes, in parts whose webhooks fit into memory together."""
    part: list[int] = []
    size = 0
    for row in rows:
        bytes_ = int(row.get(SIZE_COLUMN) or _UNKNOWN_BYTES) + _USAGE_BYTES
        if part and (size + bytes_ > _MAX_PART_BYTES or len(part) == _PAGE):
            yield part
            part, size = [], 0
        part.append(int(row["RowKey"]))
        size += bytes_
    if part:
        yield part


def batch_get[R: Mapping[str, Any]](
    ids: Sequence[int],
    get_one: Callable[[int], R | None],
    get_range: Callable[[int, int], Iterator[R]],
    column: str,
) -> Iterator[R]:
    """The rows of these ids, which must ascend; ids without a row are left out.

    `get_one` reads the row of an id, `get_range` those from the first id to the last; `column` holds the id.
    """
    for cluster in _clusters(ids):
        if len(cluster) > 1:
            wanted = frozenset(cluster)
            yield from (row for row in get_range(cluster[0], cluster[-1]) if int(row[column]) in wanted)
        elif (row := get_one(cluster[0])) is not None:
            yield row


def _clusters(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The ids in parts, cut wherever two neighbours are more than _CLOSE apart."""
    cuts = [place for place in range(1, len(ids)) if ids[place] - ids[place - 1] > _CLOSE]
    return (ids[begin:end] for begin, end in pairwise([0, *cuts, len(ids)]) if begin < end)
