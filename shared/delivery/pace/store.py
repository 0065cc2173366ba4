"""The pace of webhooks in storage: read before an attempt, and changed by it afterwards.

The order of writes closes every way to strand a delivery. Whoever blocks a webhook sends the wake-up first, then writes
the row, then puts the webhook on the list: a process that dies in between leaves a wake-up that finds nothing to do.
Whoever ends the block takes it off the list first, then writes the row.

Changes of one webhook that come while a write of its row is under way go into the next write together (group commit).
No change counts as made before it is written, so none is lost.
"""

import logging
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.deadline import MESSAGE_SECONDS, remaining_seconds
from shared.delivery.pace.blocked import BlockedWebhooks
from shared.delivery.pace.circuit import Blocked, PaceLimits
from shared.delivery.pace.state import (
    FORGOTTEN_COLUMN,
    PACED_USAGE_COLUMNS,
    Pace,
    PacedUsage,
    paced_usage_columns,
    parse_paced_usage,
)
from shared.delivery.pace.transition import is_news, is_same_wake_up, list_entry, settled
from shared.delivery.pace.wakeups import WakeUp, WakeUpQueue
from shared.delivery.pace.waking import OVERDUE
from shared.errors import StorageDown
from shared.single_flight import SingleFlight
from shared.storage.query import Query
from shared.storage.tables import AlreadyStored, Changed, Row, Table, retry_races
from shared.telemetry.lines import tell
from shared.timestamps import stored_time
from shared.webhooks.rows import usage_keys
from shared.webhooks.stats import AN_HOUR, slot_column

_COLUMNS = (*PACED_USAGE_COLUMNS, "Writes")
_MAX_KNOWN = 10_000
_MAX_WRITES = 16
"""So many of the last writes of a row are named in it, so that who wrote it can tell, though others wrote since."""

log = logging.getLogger(__name__)

type Change = Callable[[PacedUsage, datetime], PacedUsage | None]
"""From a row, and the time, to the row after the change; None leaves it as it is."""


@dataclass(frozen=True)
class _Version:
    """A row as it was read or written, and the ids of its last writes; `etag` is None if there is none."""

    row: PacedUsage
    etag: str | None
    writes: tuple[str, ...] = ()


@dataclass(eq=False)
class _Pending:
    """A change that waits for its write. `tried` are the ids of the writes with it, perhaps in vain."""

    change: Change
    result: PacedUsage | None = None
    is_done: bool = False
    tried: set[str] = field(default_factory=set)


class _Line:
    """The changes of one webhook that wait, and whether a thread writes."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.pending: list[_Pending] = []
        self.is_writing = False


class PaceStore:
    """Rows of table `usage`. Threads share it. `now` returns the time by the storage service's clock."""

    def __init__(
        self,
        table: Table,
        blocked: BlockedWebhooks,
        wake_ups: WakeUpQueue,
        limits: PaceLimits,
        now: Callable[[], datetime],
    ) -> None:
        self._table = table
        self._blocked = blocked
        self._wake_ups = wake_ups
        self.limits = limits
        self.now = now
        self._lock = threading.Lock()
        self._lines: dict[int, _Line] = {}
        self._known: OrderedDict[int, _Version] = OrderedDict()
        # What this process noted itself. Not in the versions: a read or a write under way would put an older one there.
        self._marked: OrderedDict[int, datetime] = OrderedDict()
        self._reads: SingleFlight[int, _Version] = SingleFlight()

    def read(self, webhook_id: int) -> PacedUsage:
        """The row as it is now: one read, shared by those who ask while it is under way. Raises StorageDown."""
        return self._reads.run(webhook_id, lambda: self._read(webhook_id, self.now())).row

    def latest(self, webhook_id: int) -> PacedUsage:
        """The row as this process saw it last, which costs nothing; read only if it never did."""
        return (self._known_version(webhook_id) or self._read(webhook_id, self.now())).row

    def change(self, webhook_id: int, change: Change, *, tried: set[str] | None = None) -> PacedUsage | None:
        """Make a change, and return the row after it; None if it left the row as it was.

        What follows from the change (transition.py) is written with it, but shown by `latest` alone.
        Costs a write, shared with the changes that come meanwhile, and a read where others wrote the row. `change` runs
        again whenever others were quicker. Raises StorageDown. Who tries again after that gives the same set as `tried`
        each time: it notes the writes, so that one that arrived is not made once more.
        """
        line = self._line(webhook_id)
        mine = _Pending(change, tried=set() if tried is None else tried)
        with line.changed:
            line.pending.append(mine)
            while line.is_writing and not mine.is_done:
                self._wait(line, mine)
            if mine.is_done:
                return mine.result
            line.is_writing, batch, line.pending = True, line.pending, []
        try:
            self._commit(webhook_id, batch)
        except BaseException:
            with line.changed:
                # The others try for themselves: it may be this thread's time alone that was over.
                left = [one for one in batch if one is not mine and not one.is_done]
                line.pending = [*left, *line.pending]
            raise
        finally:
            with line.changed:
                line.is_writing = False
                line.changed.notify_all()
        return mine.result

    def overdue(self) -> list[int]:
        """The webhooks whose wake-up is taken for lost: a look at the whole table. Raises StorageDown."""
        # A time as text begins with its date, so texts compare as times do; one without a wake-up is empty.
        late = Query().where("WakeDue gt", "0").where("WakeDue lt", stored_time(self.now() - OVERDUE))
        rows = self._table.query(late, select=["PartitionKey"])
        return [int(row["PartitionKey"]) for row in rows]

    def mark_forgotten(self, webhook_id: int, until: datetime) -> None:
        """Note that messages for this webhook may carry forgotten events received until then. Raises StorageDown."""
        moment = stored_time(until)

        def marked(row: Row | None) -> Row | None:
            # Both are texts of one form, so the later one is the greater one.
            return (
                None if row is not None and (row.get(FORGOTTEN_COLUMN) or "") >= moment else {FORGOTTEN_COLUMN: moment}
            )

        self._table.modify(*usage_keys(webhook_id), marked, select=[FORGOTTEN_COLUMN])
        with self._lock:
            self._marked[webhook_id] = max(until, self._marked.get(webhook_id, until))
            self._marked.move_to_end(webhook_id)
            if len(self._marked) > _MAX_KNOWN:
                self._marked.popitem(last=False)

    def forgotten_until(self, webhook_id: int, *, reads: bool = False) -> datetime | None:
        """Until which receipt messages for this webhook may carry forgotten events; None if none does.

        As this process knows it, which costs nothing, or as it is now, with `reads`. Raises StorageDown.
        """
        stored = (self.read if reads else self.latest)(webhook_id).forgotten_until
        with self._lock:
            marked = self._marked.get(webhook_id)
        return max((one for one in (stored, marked) if one is not None), default=None)

    def remove(self, webhook_id: int) -> None:
        """Remove the entry of the list and the row of a webhook that is gone. Raises StorageDown."""
        self._blocked.remove(webhook_id)
        self._table.delete(*usage_keys(webhook_id))
        with self._lock:
            self._known.pop(webhook_id, None)
            self._marked.pop(webhook_id, None)

    @staticmethod
    def _wait(line: _Line, mine: _Pending) -> None:
        left = remaining_seconds(at_most=MESSAGE_SECONDS)
        if left <= 0:
            line.pending = [one for one in line.pending if one is not mine]
            raise StorageDown("the usage of a webhook could not be written in time")
        line.changed.wait(left)

    def _commit(self, webhook_id: int, batch: Sequence[_Pending]) -> None:
        """Write the changes of a batch, in one write."""
        sent: Pace | None = None

        def attempt() -> None:
            nonlocal sent
            now = self.now()
            seen = self._known_version(webhook_id)
            if seen is None or slot_column(now) not in seen.row.slots:
                # The hour may have changed since the row was read, and others may have counted in the new one.
                seen = self._read(webhook_id, now)
            after = _changed(seen.row, _unwritten(batch, seen.writes), now)
            if after is None:
                _end(batch)
                return
            after = replace(after, pace=settled(seen.row.pace, after.pace, now))
            if after.pace.wake_number > seen.row.pace.wake_number and not (sent and is_same_wake_up(sent, after.pace)):
                self._wake_ups.send(WakeUp(webhook_id=webhook_id, number=after.pace.wake_number), after.pace.wake_due)
                sent = after.pace
            if seen.row.pace.is_listed and not after.pace.is_listed:
                self._blocked.remove(webhook_id)
            write_id = uuid.uuid4().hex[:12]
            for one in batch:
                one.tried.add(write_id)
            self._write(webhook_id, seen, after, (write_id, *seen.writes[: _MAX_WRITES - 1]))
            # Whatever fails from here on, these must not be made a second time.
            _end(batch)
            entry = list_entry(after.pace, now)
            if entry is not None and is_news(list_entry(seen.row.pace, now), entry):
                self._list(webhook_id, entry)

        retry_races(attempt, "the usage of a webhook could not be changed")

    def _list(self, webhook_id: int, entry: Blocked) -> None:
        """Put a webhook on the list; without its entry dispatch sends messages, which are parked when they come."""
        try:
            self._blocked.put(webhook_id, entry)
        except StorageDown as error:
            tell(log, "webhook.unlisted", {"webhook": webhook_id, "detail": error.detail}, logging.WARNING)

    def _write(self, webhook_id: int, seen: _Version, after: PacedUsage, writes: tuple[str, ...]) -> None:
        """Write a row over the version that was seen; raises Changed if it is another one by now."""
        partition, key = usage_keys(webhook_id)
        row = {"PartitionKey": partition, "RowKey": key, "Writes": " ".join(writes), **paced_usage_columns(after)}
        try:
            etag = self._table.insert(row) if seen.etag is None else self._table.merge(row, etag=seen.etag)
        except (AlreadyStored, Changed) as exc:
            with self._lock:
                self._known.pop(webhook_id, None)
            raise Changed(key) from exc
        with self._lock:
            self._remember(webhook_id, _Version(after, etag, writes))

    def _read(self, webhook_id: int, now: datetime) -> _Version:
        before = self._known_version(webhook_id)
        # What is read before an attempt is written after it, and that may be in the next hour.
        slots = [slot_column(now), slot_column(now + AN_HOUR)]
        row = self._table.get(*usage_keys(webhook_id), select=[*_COLUMNS, *slots])
        etag, writes = (None, "") if row is None else (str(row.metadata["etag"]), row.get("Writes") or "")
        version = _Version(parse_paced_usage(row, slots), etag, tuple(writes.split()))
        with self._lock:
            # What this process wrote of it meanwhile may be newer than what was read.
            if self._known.get(webhook_id) is before:
                self._remember(webhook_id, version)
        return version

    def _known_version(self, webhook_id: int) -> _Version | None:
        with self._lock:
            return self._known.get(webhook_id)

    def _remember(self, webhook_id: int, version: _Version) -> None:
        self._known[webhook_id] = version
        self._known.move_to_end(webhook_id)
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)

    def _line(self, webhook_id: int) -> _Line:
        with self._lock:
            if len(self._lines) > _MAX_KNOWN:
                self._lines = {id_: line for id_, line in self._lines.items() if line.is_writing or line.pending}
            return self._lines.setdefault(webhook_id, _Line())


def _unwritten(batch: Sequence[_Pending], writes: tuple[str, ...]) -> list[_Pending]:
    """The changes of a batch that are still to be written, where these were the last writes of the row.

    Those that were in one of them are there: only the answer to the write was lost.
    """
    for one in batch:
        one.is_done = one.is_done or not one.tried.isdisjoint(writes)
    return [one for one in batch if not one.is_done]


def _changed(row: PacedUsage, batch: Sequence[_Pending], now: datetime) -> PacedUsage | None:
    """The row after all changes of a batch; None if none of them changes it."""
    after, is_changed = row, False
    for one in batch:
        one.result = one.change(after, now)
        if one.result is not None:
            after, is_changed = one.result, True
    return after if is_changed else None


def _end(batch: Sequence[_Pending]) -> None:
    for one in batch:
        one.is_done = True
