"""How many registrations there are: in all, and by each creator.

The counts stand in rows beside the registrations. They are written in one transaction with the registration that
changes them, so that all are written or none. Registrations of the first version, which did not count, are counted by
a walk over their keys: if nothing was counted yet, once a day, and before a save is refused.

Everyone who adds or removes a registration changes the row of all, on condition that it is as they saw it. So a
caller's count that was read after that row is valid for as long as the row is unchanged.
"""

import hashlib
import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched

from shared.errors import StorageDown
from shared.storage.query import Query
from shared.storage.tables import AlreadyStored, Changed, Row, Table, Write, retry_races
from shared.telemetry.lines import tell
from shared.timestamps import stored_time
from shared.webhooks.limits import WebhookLimits

AFTER_IDS = ":"
"""Sorts after every id, and before every count."""

_PARTITION = "webhook"
_ALL = "count"
_MAX_RECOUNTS = 3
_MAX_REMEMBERED = 1000
_BATCH = 99
_RECOUNT_AFTER = timedelta(days=1)
_RECOUNT_BEFORE_REFUSAL = timedelta(minutes=10)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _All:
    """The row of all. `counted_at` is when the registrations were last walked over, None if never."""

    count: int
    etag: str
    counted_at: datetime | None


class WebhookCounts:
    """Adds and removes rows of registrations, counts them, and keeps them to the limits. `now` is in UTC.

    A process remembers what it wrote last. As long as no other process counts, an insert costs one transaction.
    """

    def __init__(self, table: Table, limits: WebhookLimits, now: Callable[[], datetime]) -> None:
        self._table = table
        self._limits = limits
        self._now = now
        self._lock = threading.Lock()
        self._all: _All | None = None
        self._by_caller: dict[str, int] = {}

    def require_room(self, caller_id: str) -> None:
        """Raise Conflict if this caller may add no registration. It costs nothing while the counts are known."""
        with self._lock:
            self._require_room(caller_id)

    def recount(self) -> None:
        """Walk over the registrations and count them anew; raises StorageDown."""
        with self._lock:
            self._recounted(self._read())

    def insert(self, row: Row, caller_id: str) -> None:
        """Store the row of a new registration.

        Raises Conflict if there is no room, AlreadyStored, and StorageDown.
        """

        def insert() -> None:
            self._write(Write("insert", row), self._require_room(caller_id), caller_id, 1)

        with self._lock:
            retry_races(insert, "a webhook could not be counted")

    def delete(self, row_key: str, etag: str, caller_id: str) -> None:
        """Remove the row of a registration that this caller created, if it is there.

        Raises Changed if the row has another etag by now, and StorageDown.
        """

        def delete() -> bool:
            write = Write("delete", _keys(row_key), etag)
            try:
                self._write(write, self._all or self._read(), caller_id, -1)
            except Changed as changed:
                if changed.args[0] != row_key:
                    raise
                return self._table.get(_PARTITION, row_key) is None
            return True

        with self._lock:
            is_gone = retry_races(delete, "a webhook could not be removed")
        if not is_gone:
            raise Changed(row_key)

    def _require_room(self, caller_id: str) -> _All:
        """The row of all, if there is room. Nobody is refused by remembered counts: these are read again first."""
        known = self._all or self._read()
        if known.counted_at is None or self._now() - known.counted_at > _RECOUNT_AFTER:
            known = self._recounted(known)
        if self._limits.full(known.count, self._count_of(caller_id)):
            known = self._read()
            refusal = self._limits.full(known.count, self._count_of(caller_id))
            if refusal and known.counted_at and self._now() - known.counted_at > _RECOUNT_BEFORE_REFUSAL:
                known = self._recounted(known)
                refusal = self._limits.full(known.count, self._count_of(caller_id))
            if refusal:
                raise refusal
        return known

    def _write(self, write: Write, known: _All, caller_id: str, change: int) -> None:
        """Change a registration and both counts; raises AlreadyStored and Changed, with the key of the row."""
        change = change if known.counted_at else 0
        in_all = max(known.count + change, 0)
        by_caller = max(self._count_of(caller_id) + change, 0)
        counts = [Write("merge", {**_keys(_ALL), "Count": in_all}, known.etag)]
        if change:
            counts.append(Write("put", {**_keys(_key_of(caller_id)), "Count": by_caller}))
        self._all = None
        etags = self._table.transact([write, *counts])
        self._all = _All(in_all, etags[1], known.counted_at)
        self._by_caller[_key_of(caller_id)] = by_caller

    def _read(self) -> _All:
        """Read the row of all, and forget what was remembered of callers."""
        self._all, self._by_caller = None, {}
        row = self._table.get(_PARTITION, _ALL)
        if row is None:
            self._begin()
            row = self._table.get(_PARTITION, _ALL)
        if row is None:
            raise StorageDown("the count of webhooks is gone")
        counted_at = row.get("CountedAt")
        self._all = _All(
            int(row["Count"]), str(row.metadata["etag"]), datetime.fromisoformat(counted_at) if counted_at else None
        )
        return self._all

    def _begin(self) -> None:
        try:
            self._table.insert({**_keys(_ALL), "Count": 0})
        except AlreadyStored:
            # Another request was quicker.
            return

    def _count_of(self, caller_id: str) -> int:
        key = _key_of(caller_id)
        if key not in self._by_caller:
            if len(self._by_caller) >= _MAX_REMEMBERED:
                self._by_caller.clear()
            row = self._table.get(_PARTITION, key)
            self._by_caller[key] = 0 if row is None else int(row["Count"])
        return self._by_caller[key]

    def _recounted(self, known: _All) -> _All:
        """The row of all after a walk over the registrations.

        If others are quicker again and again, the counts from before stay.
        """
        for _ in range(_MAX_RECOUNTS):
            try:
                self._recount(self._read())
            except Changed:
                continue
            return self._read()
        if known.counted_at is None:
            raise StorageDown("the webhooks could not be counted: too many others change them at once")
        # Others changed them at the same time.
        tell(log, "webhooks.uncounted", {}, logging.WARNING)
        return self._read()

    def _recount(self, known: _All) -> None:
        """Raises Changed if a registration was added or removed meanwhile."""
        counted = Counter(self._creators())
        stored = self._stored()
        wrong = [
            Write("put", {**_keys(key), "Count": counted[key]})
            for key in sorted(counted.keys() | stored.keys())
            if counted[key] != stored.get(key)
        ]
        etag, row = known.etag, {**_keys(_ALL), "Count": counted.total()}
        for part in batched(wrong, _BATCH, strict=False):
            etag = self._table.transact([Write("merge", row, etag), *part])[0]
        self._table.merge({**row, "CountedAt": stored_time(self._now())}, etag=etag)

    def _creators(self) -> Iterator[str]:
        """The key of the creator's count, for each registration."""
        webhooks = Query().where("PartitionKey eq", _PARTITION).where("RowKey lt", AFTER_IDS)
        rows = self._table.query(webhooks, select=["RowKey", "RegisteredBy"])
        return (_key_of(str(json.loads(row["RegisteredBy"])["id"])) for row in rows)

    def _stored(self) -> dict[str, int]:
        by_caller = Query().where("PartitionKey eq", _PARTITION).where("RowKey ge", f"{_ALL}-")
        rows = self._table.query(by_caller.where("RowKey lt", f"{_ALL}."))
        return {str(row["RowKey"]): int(row["Count"]) for row in rows}


def _key_of(caller_id: str) -> str:
    # A digest turns an id of any length, with any characters, into one key.
    return f"{_ALL}-{hashlib.sha256(caller_id.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _keys(row_key: str) -> dict[str, str]:
    return {"PartitionKey": _PARTITION, "RowKey": row_key}
