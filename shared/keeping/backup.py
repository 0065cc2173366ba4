"""What the hub was told to do, written to a file and back: a backup, and the way from one storage account to another.

That is who may do what, ArcGIS connections with their consents, and webhooks with the counter of their ids. What
happened (events, deliveries, usage, the audit) is not in it. What is sealed stays sealed.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.errors import BadRequest, Misconfigured
from shared.keeping.export_file import ExportedRow, exported_rows
from shared.keeping.exported_kinds import COUNTER, KINDS, WEBHOOKS, Kind, NotOfItsKind, checked_row, registration_in
from shared.storage.account import StorageAccount
from shared.storage.sealed import Sealer
from shared.storage.tables import Row, Table, retry_races
from shared.webhooks.limits import WebhookLimits
from shared.webhooks.pace import WebhookPace
from shared.webhooks.registration import Author, Registration
from shared.webhooks.registry import LAST_ID_COLUMN, WebhookRegistry
from shared.webhooks.sensitive import masked_webhook
from shared.webhooks.signals import with_state_event

_PAGE = 100
_BATCH = 64
_PARALLEL = 8
# What was stored once is put back, whatever the limits are now.
_UNLIMITED = WebhookLimits(sys.maxsize, sys.maxsize, sys.maxsize, sys.maxsize)


class Change(StrEnum):
    """What an import does to a row."""

    ADDED = "added"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Restored:
    """A row of the file, by its kind and a name for people, and what became of it."""

    kind: str
    label: str
    change: Change


@dataclass(frozen=True)
class Contents:
    """What a file holds: how many rows of each kind, and the last id that a webhook has or had."""

    rows: Counter[str]
    last_id: int


def rows_to_export(storage: StorageAccount) -> Iterator[ExportedRow]:
    """All rows of an export, in the order of the file; raises StorageDown.

    Changes that are made meanwhile may be in it or not. Raises BadRequest for a row that the hub itself cannot read.
    """
    for kind in KINDS.values():
        for row in storage.table(kind.table).query(kind.wanted, page_size=_PAGE):
            try:
                yield ExportedRow(kind.name, checked_row(kind, row))
            except NotOfItsKind as reason:
                keys = f"{row['PartitionKey']} / {row['RowKey']}"
                raise BadRequest(f"table {kind.table} has a row that cannot be exported, {keys}: {reason}") from None


def has_secrets_in_clear(row: ExportedRow) -> bool:
    """Whether it is a webhook with secret values that the first version stored in clear (`webhooks reseal`)."""
    if row.kind != WEBHOOKS.name:
        return False
    webhook = registration_in(row.row).webhook
    return masked_webhook(webhook) != webhook


def check(lines: Iterable[bytes], sealer: Sealer, now: datetime) -> Contents:
    """Read a whole file before anything of it is written.

    Raises BadRequest if it is not an export, or not whole, and if no key opens something that is sealed in it.
    """
    rows, last_id = Counter[str](), 0
    for kind, row, line in _rows(lines):
        rows[kind.name] += 1
        if kind is COUNTER:
            last_id = max(last_id, int(row[LAST_ID_COLUMN]))
        elif kind is WEBHOOKS:
            last_id = max(last_id, int(row["RowKey"]))
        for name, sealed in kind.sealed(row, now):
            if not _opens(sealer, sealed):
                whose = f"the {name} of {kind.label(row)} (line {line})"
                raise BadRequest(f"SECRETS_KEY does not hold the key that sealed {whose}; nothing was changed")
    return Contents(rows, last_id)


class Import:
    """Puts the rows of a file into their tables. `author` is whom the events about changed states name.

    Rows with the same keys are replaced, others stay. Doing it twice changes nothing the second time, and what was
    interrupted is completed by doing it again. The app may run meanwhile.
    """

    def __init__(self, storage: StorageAccount, pace: WebhookPace, author: Author, now: Callable[[], datetime]) -> None:
        self._tables = {kind.name: storage.table(kind.table) for kind in KINDS.values()}
        self._registry = WebhookRegistry(storage, _UNLIMITED, now)
        self._pace = pace
        self._author = author
        self._now = now

    def restore(self, lines: Iterable[bytes], contents: Contents, *, dry_run: bool = False) -> Iterator[Restored]:
        """Restore a file that was checked, and tell of each row; with `dry_run` only tell. Raises StorageDown."""
        if contents.last_id:
            yield self._counter(contents.last_id, dry_run=dry_run)

        def one(item: tuple[Kind, Row, int]) -> Restored:
            kind, row, _ = item
            if kind is WEBHOOKS:
                change = self._webhook(registration_in(row), dry_run=dry_run)
            else:
                change = _put(self._tables[kind.name], row, dry_run=dry_run)
            return Restored(kind.name, kind.label(row), change)

        with ThreadPoolExecutor(_PARALLEL) as pool:
            for part in _batches(row for row in _rows(lines) if row[0] is not COUNTER):
                yield from pool.map(one, part)
        if not dry_run:
            # A webhook that was replaced may have another creator now.
            self._registry.recount()

    def _counter(self, last: int, *, dry_run: bool) -> Restored:
        before = self._registry.id_counter.last_id()
        if not dry_run:
            self._registry.id_counter.raise_to(last)
        change = Change.UNCHANGED if before >= last else Change.REPLACED if before else Change.ADDED
        return Restored(COUNTER.name, COUNTER.label({}), change)

    def _webhook(self, wanted: Registration, *, dry_run: bool) -> Change:
        def restore() -> Change:
            found = self._registry.get(wanted.id)
            if found is None:
                if not dry_run:
                    self._registry.create(wanted)
                return Change.ADDED
            if _without_version(found) == _without_version(wanted):
                if not dry_run:
                    self._registry.relist(found)
                return Change.UNCHANGED
            if not dry_run:
                # What could not be signalled yet, in an outage, is not lost.
                self._replace(found, replace(wanted, etag=found.etag, signals=found.signals))
            return Change.REPLACED

        return retry_races(restore, f"webhook {wanted.id} could not be restored")

    def _replace(self, found: Registration, after: Registration) -> None:
        """Put one registration in the place of another as a save does, so that a new state is told."""
        if found.webhook.state is not after.webhook.state:
            self._pace.watch(after.id)
            # The event is of now, and of whoever imports; what is stored is of then.
            told = replace(after, updated=self._now(), updated_by=self._author)
            total_calls = self._registry.usage(after.id).total_calls
            after = replace(after, signals=with_state_event(found, told, total_calls=total_calls, hops=0).signals)
        self._registry.update(found, after)
        if not after.is_active:
            self._pace.ended(after.id)


def _rows(lines: Iterable[bytes]) -> Iterator[tuple[Kind, dict[str, Any], int]]:
    """The rows of a file with their kinds and the numbers of their lines; raises BadRequest."""
    order, reached, seen = [*KINDS], 0, set[tuple[str, str, str]]()
    for one in exported_rows(lines):
        kind = KINDS.get(one.kind)
        if kind is None or order.index(kind.name) < reached:
            raise BadRequest(f"line {one.line} is of a kind that is not expected there")
        try:
            row = checked_row(kind, one.row)
        except NotOfItsKind as reason:
            raise BadRequest(f"line {one.line} is not a row of {kind.name}: {reason}") from None
        keys = (kind.name, row["PartitionKey"], row["RowKey"])
        if keys in seen:
            raise BadRequest(f"line {one.line} has the same keys as an earlier one")
        seen.add(keys)
        reached = order.index(kind.name)
        yield kind, row, one.line


def _batches(rows: Iterable[tuple[Kind, Row, int]]) -> Iterator[list[tuple[Kind, Row, int]]]:
    """Rows that may be written side by side: all of one kind."""
    batch: list[tuple[Kind, Row, int]] = []
    for row in rows:
        if batch and (len(batch) == _BATCH or row[0] is not batch[0][0]):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _put(table: Table, row: Row, *, dry_run: bool) -> Change:
    keys, wanted, seen = (row["PartitionKey"], row["RowKey"]), dict(row), list[Change]()

    def compared(stored: Row | None) -> Row | None:
        seen.append(Change.ADDED if stored is None else Change.UNCHANGED if dict(stored) == wanted else Change.REPLACED)
        return None if seen[-1] is Change.UNCHANGED else row

    if dry_run:
        compared(table.get(*keys))
    else:
        table.modify(*keys, compared, replaces=True)
    return seen[-1]


def _without_version(registration: Registration) -> Registration:
    """The registration without what says which write of it this is."""
    return replace(registration, revision=0, etag="", signals=())


def _opens(sealer: Sealer, sealed: str) -> bool:
    try:
        sealer.open(sealed)
    except (Misconfigured, ValueError):
        # Also one with characters that no sealed value has.
        return False
    return True
