"""Where registrations are kept: the truth in `webhooks`, the index in `subscriptions`, the counters in `usage`."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import batched, chain, islice, pairwise
from typing import Any

from azure.data.tables import TableEntity

from shared.errors import Conflict, StorageDown
from shared.storage.account import StorageAccount
from shared.storage.keys import row_key
from shared.storage.tables import AlreadyStored, Changed, Table
from shared.webhooks.counts import AFTER_IDS, WebhookCounts
from shared.webhooks.fields import EVENT_NAME
from shared.webhooks.limits import WebhookLimits
from shared.webhooks.registration import OldSecret, Registration, Usage
from shared.webhooks.rows import (
    PARTITION,
    SIZE_COLUMN,
    USAGE_TABLE,
    WEBHOOKS_TABLE,
    in_parts,
    parse_registration,
    parse_usage,
    registration_row,
    usage_keys,
)
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE, Subscriptions
from shared.webhooks.webhook import WebhookState

type Row = Mapping[str, Any]

_CLOSE = 20
"""A page of 1,000 rows takes about as long as 50 single reads, so a query over 20 rows is as good as one of them."""


def batch_get[R: Row](
    ids: Sequence[int], one: Callable[[int], R | None], between: Callable[[int, int], Iterator[R]], column: str
) -> Iterator[R]:
    """The rows of these ids, which ascend; those that are gone are left out.

    `one` reads the row of an id, `between` those from the first id to the last; `column` holds the id.
    """
    for cluster in _clusters(ids):
        if len(cluster) > 1:
            wanted = frozenset(cluster)
            yield from (row for row in between(cluster[0], cluster[-1]) if int(row[column]) in wanted)
        elif (row := one(cluster[0])) is not None:
            yield row


def _clusters(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The ids in parts, cut wherever more than a few ids that nobody wants lie between two."""
    cuts = [place for place in range(1, len(ids)) if ids[place] - ids[place - 1] > _CLOSE]
    return (ids[begin:end] for begin, end in pairwise([0, *cuts, len(ids)]) if begin < end)


_KEYS = {"PartitionKey": "counter", "RowKey": "webhook"}
_MAX_TRIES = 20


class IdCounter:
    """A row that counts, changed only by whoever saw its last value.

    The value that this process wrote last is remembered: as long as nobody else counts, an id costs one transaction.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._last: tuple[int, str] | None = None

    def next_id(self) -> int:
        """The next id; raises StorageDown, also where others are quicker again and again."""
        with self._lock:
            for _ in range(_MAX_TRIES):
                last, etag = self._last or self._read()
                try:
                    self._last = last + 1, self._table.merge({**_KEYS, "Last": last + 1}, etag=etag)
                except Changed:
                    self._last = None
                else:
                    return last + 1
        raise StorageDown("no id for a webhook could be had: too many others ask at once")

    def _read(self) -> tuple[int, str]:
        row = self._table.get(**_KEYS_AS_ARGUMENTS)
        if row is None:
            self._begin()
            row = self._table.get(**_KEYS_AS_ARGUMENTS)
        if row is None:
            raise StorageDown("the counter of webhooks is gone")
        return int(row["Last"]), str(row.metadata["etag"])

    def _begin(self) -> None:
        try:
            self._table.insert({**_KEYS, "Last": 0})
        except AlreadyStored:
            # Another request was quicker.
            return


_KEYS_AS_ARGUMENTS = {"partition_key": _KEYS["PartitionKey"], "row_key": _KEYS["RowKey"]}


_PAGE = 1000
_CREATE_LASTS = timedelta(minutes=10)
"""Much longer than any request may take."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class WebhookFilter:
    """Which webhooks a listing shows: of this name (in any case), event and state; None is no filter."""

    name: str | None = None
    event: str | None = None
    state: WebhookState | None = None


class WebhookRegistry:
    """Stores, changes, finds and removes registrations."""

    def __init__(self, storage: StorageAccount, limits: WebhookLimits, now: Callable[[], datetime] = _now) -> None:
        self._webhooks = storage.table(WEBHOOKS_TABLE)
        self._usage = storage.table(USAGE_TABLE)
        self._subscriptions = Subscriptions(storage.table(SUBSCRIPTIONS_TABLE))
        self._now = now
        self._counter = IdCounter(self._webhooks)
        self._counts = WebhookCounts(self._webhooks, limits, now)

    def require_room(self, caller_id: str) -> None:
        """Raise Conflict where the hub, or this caller, has as many registrations as are taken."""
        self._counts.require_room(caller_id)

    def next_id(self) -> int:
        """An id that no webhook has or had."""
        return self._counter.next_id()

    def create(self, registration: Registration) -> None:
        """Store a new registration; its id comes from `next_id`. Raises Conflict where there is no room for it."""
        index = (registration.id, registration.webhook.events)
        self._subscriptions.add(*index, revision=registration.revision)
        try:
            self._counts.insert(registration_row(registration), registration.registered_by.id)
        except AlreadyStored:
            # It was sent again after an answer that was lost: it is our own row, for the id is nobody else's.
            pass
        except Conflict:
            # Nobody has the id, nor ever will, so nothing needs these rows.
            self._subscriptions.remove(*index, revision=registration.revision)
            raise
        # An event that came meanwhile found no registration, and its worker may have taken the rows for left over.
        self._subscriptions.extend(*index, revision=registration.revision)

    def update(self, before: Registration, after: Registration) -> Registration:
        """Put `after` in the place of `before`; raises Changed where somebody else saved or removed it meanwhile."""
        registration = replace(after, revision=before.revision + 1)
        self._subscriptions.extend(registration.id, registration.webhook.events, revision=registration.revision)
        etag = self._replaced(registration_row(registration), before.etag)
        unwanted = set(before.webhook.events) - set(registration.webhook.events)
        self._subscriptions.remove(registration.id, sorted(unwanted), revision=registration.revision)
        return replace(registration, etag=etag)

    def keep_old_secrets(self, registration: Registration, kept: tuple[OldSecret, ...]) -> Registration:
        """Remove all but these of the old secrets, in one transaction; nothing else of the registration changes."""
        try:
            return self.rewrite(replace(registration, old_secrets=kept))
        except Changed:
            # Somebody saves it at this moment, or has done this just now.
            return self.get(registration.id) or registration

    def rewrite(self, registration: Registration) -> Registration:
        """Write a registration again, in one transaction, where nothing changed that anybody sees; raises Changed."""
        return replace(registration, etag=self._replaced(registration_row(registration), registration.etag))

    def _replaced(self, row: dict[str, Any], etag: str) -> str:
        """The new etag of the row; raises Changed."""
        try:
            return self._webhooks.replace(row, etag=etag)
        except Changed:
            # The SDK tried again after an answer that was lost, and found our own row.
            stored = self._row(int(row["RowKey"]))
            if stored is None or any(stored.get(name) != value for name, value in row.items()):
                raise
            return str(stored.metadata["etag"])

    def delete(self, registration: Registration) -> None:
        """Remove a registration, then what else was kept of it; raises Changed as `update` does."""
        self._counts.delete(row_key(registration.id), registration.etag, registration.registered_by.id)
        self._subscriptions.remove(registration.id, registration.webhook.events, revision=registration.revision)
        self._usage.delete(*usage_keys(registration.id))

    def get(self, webhook_id: int) -> Registration | None:
        """The registration with this id."""
        row = self._row(webhook_id)
        return None if row is None else _parse(row)

    def subscribed_to(self, event: str, *, after: int = 0, at_most: int | None = None) -> list[int]:
        """The ids of webhooks that may want this event, ascending; some may not any more.

        All of them, or as many as `at_most` whose ids are above `after`.
        """
        return self._subscriptions.webhook_ids(event, after=after, at_most=at_most)

    def prune(self, event: str, webhook_id: int) -> None:
        """Take a webhook off the list of an event, where it turned out that it is gone or does not want the event.

        What a save needs that is under way is left, or put back. The rows of a create are left for a while: were it
        killed when its registration is stored and its rows are gone, nobody would write them again.
        """
        row = self._subscriptions.row(event, webhook_id)
        if row is None:
            return
        found = self.get(webhook_id)
        if found is None and row.created and self._now() - row.created < _CREATE_LASTS:
            return
        if found and (event in found.webhook.events or found.revision < row.revision):
            return
        if not self._subscriptions.drop(event, webhook_id, row):
            return
        again = self.get(webhook_id)
        if again and event in again.webhook.events:
            self._subscriptions.extend(webhook_id, [event], revision=again.revision)

    def usage(self, webhook_id: int) -> Usage:
        """What became of this webhook's attempts."""
        return parse_usage(self._usage.get(*usage_keys(webhook_id)))

    def reset_errors(self, webhook_id: int) -> None:
        """Begin to count consecutive errors anew."""
        partition, key = usage_keys(webhook_id)
        try:
            self._usage.merge({"PartitionKey": partition, "RowKey": key, "ConsecutiveErrors": 0})
        except Changed:
            # It was never called, so there is nothing to reset.
            return

    def list(
        self, wanted: WebhookFilter, *, skip: int = 0, top: int | None = None
    ) -> Iterator[tuple[Registration, Usage]]:
        """Webhooks with their usage, by id, without the first `skip` and `top` of them at most.

        A few megabytes are held at a time; storage filters by name and state.
        """
        end = None if top is None else skip + top
        if wanted.event:
            yield from islice(self._of_event(wanted), skip, end)
            return
        keys = self._keys(_conditions(wanted))
        for part in in_parts(islice(keys, skip, end)):
            conditions = _conditions(wanted, part[0], part[-1])
            yield from self._with_usage(islice(map(_parse, self._rows(conditions)), len(part)))

    def _of_event(self, wanted: WebhookFilter) -> Iterator[tuple[Registration, Usage]]:
        event = (wanted.event or "").lower()
        if not EVENT_NAME.fullmatch(event):
            # Nobody can have subscribed to it.
            return
        windows = batched(self._subscriptions.webhook_ids(event), _PAGE, strict=False)
        for part in in_parts(chain.from_iterable(self._keys_of(ids, wanted) for ids in windows)):
            rows = batch_get(part, self._row, lambda *bounds: self._rows(_conditions(wanted, *bounds)), "RowKey")
            # The index may list too much, and rows that were read one by one passed no filter.
            yield from self._with_usage(one for one in map(_parse, rows) if _fits(one, wanted, event))

    def _keys_of(self, ids: Sequence[int], wanted: WebhookFilter) -> Iterator[TableEntity]:
        return batch_get(ids, self._row, lambda *bounds: self._keys(_conditions(wanted, *bounds)), "RowKey")

    def _with_usage(self, found: Iterator[Registration]) -> Iterator[tuple[Registration, Usage]]:
        part = [*found]
        usages = self._usages([registration.id for registration in part])
        yield from ((registration, usages.get(registration.id, Usage())) for registration in part)

    def _row(self, webhook_id: int) -> TableEntity | None:
        return self._webhooks.get(PARTITION, row_key(webhook_id))

    def _rows(self, conditions: dict[str, str], *, select: tuple[str, ...] = ()) -> Iterator[TableEntity]:
        parameters = {f"value{number}": value for number, value in enumerate(conditions.values())}
        filter_ = " and ".join(f"{condition} @value{number}" for number, condition in enumerate(conditions))
        return self._webhooks.query(filter_, parameters, page_size=_PAGE, select=[*select] or None)

    def _keys(self, conditions: dict[str, str]) -> Iterator[TableEntity]:
        """Ids and sizes alone."""
        return self._rows(conditions, select=("RowKey", SIZE_COLUMN))

    def _usages(self, ids: Sequence[int]) -> dict[int, Usage]:
        rows = batch_get(ids, lambda id_: self._usage.get(*usage_keys(id_)), self._usages_between, "PartitionKey")
        return {int(row["PartitionKey"]): parse_usage(row) for row in rows}

    def _usages_between(self, first: int, last: int) -> Iterator[TableEntity]:
        bounds = {"first": row_key(first), "last": row_key(last)}
        return self._usage.query("PartitionKey ge @first and PartitionKey le @last", bounds)


def _parse(row: TableEntity) -> Registration:
    return parse_registration(row, str(row.metadata["etag"]))


def _conditions(wanted: WebhookFilter, first: int | None = None, last: int | None = None) -> dict[str, str]:
    """What storage filters by: a column and how it is compared, and with what."""
    conditions = {
        "PartitionKey eq": PARTITION,
        "RowKey ge": None if first is None else row_key(first),
        "RowKey le": None if last is None else row_key(last),
        "RowKey lt": AFTER_IDS if last is None else None,
        "NameKey eq": wanted.name.casefold() if wanted.name else None,
        "State eq": wanted.state.value if wanted.state else None,
    }
    return {condition: value for condition, value in conditions.items() if value is not None}


def _fits(registration: Registration, wanted: WebhookFilter, event: str) -> bool:
    webhook = registration.webhook
    return (
        event in webhook.events
        and (not wanted.name or webhook.name.casefold() == wanted.name.casefold())
        and (wanted.state is None or webhook.state is wanted.state)
    )
