"""Rows of paces as one instance reads and changes them: group commit, and the order of writes of the app's store."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bench.simulation.kernel import Await, Process, Signal
from bench.simulation.machine import Machine
from bench.simulation.storage import Wake
from shared.delivery.pace.circuit import Blocked
from shared.delivery.pace.state import Pace
from shared.delivery.pace.transition import is_news, list_entry, settled
from shared.delivery.pace.waking import needs_wake_up, with_wake_up

_LIST_SECONDS = 1.0

type Change = Callable[[Pace, datetime], Pace | None]


@dataclass(eq=False)
class _Pending:
    change: Change
    is_done: bool = False
    result: Pace | None = None


@dataclass
class _Line:
    changed: Signal
    pending: list[_Pending] = field(default_factory=list)
    is_writing: bool = False


class Rows:
    """What an instance knows of rows, and of the list of blocked webhooks."""

    def __init__(self, machine: Machine) -> None:
        self._machine, self._storage = machine, machine.storage
        self._known: dict[int, tuple[Pace, int]] = {}
        self._lines: dict[int, _Line] = {}
        self._list: dict[int, Blocked] = {}
        self._list_at = -9.0

    def latest(self, webhook: int) -> Pace:
        """A row as it was seen last."""
        return self._known[webhook][0]

    def blocked(self) -> Process[dict[int, Blocked]]:
        """The list, which may be a second old."""
        if self._machine.clock.now - self._list_at > _LIST_SECONDS:
            yield from self._machine.read_once("list", "dispatch")
            self._list, self._list_at = dict(self._storage.blocked), self._machine.clock.now
        return self._list

    def ensure_wake_up(self, webhook: int, pace: Pace, due: datetime) -> Process[None]:
        """Send a wake-up unless one comes by then."""
        if needs_wake_up(pace, self._machine.now(), due):
            yield from self.change(
                webhook, lambda row, now: with_wake_up(row, due) if needs_wake_up(row, now, due) else None
            )

    def read(self, webhook: int) -> Process[Pace]:
        """A row as it is now."""
        yield from self._machine.read_once(("pace", webhook), "delivery")
        self._known[webhook] = self._storage.pace(webhook)
        return self._known[webhook][0]

    def change(self, webhook: int, change: Change) -> Process[Pace | None]:
        """Change a row; changes that come while it is written go into the next write together."""
        line = self._lines.setdefault(webhook, _Line(Signal(self._machine.clock)))
        mine = _Pending(change)
        line.pending.append(mine)
        while line.is_writing and not mine.is_done:
            yield Await(line.changed)
        if mine.is_done:
            return mine.result
        line.is_writing, batch, line.pending = True, line.pending, []
        while not (yield from self._try_commit(webhook, batch)):
            yield from self.read(webhook)
        for one in batch:
            one.is_done = True
        line.is_writing = False
        line.changed.fire()
        return mine.result

    def _try_commit(self, webhook: int, batch: list[_Pending]) -> Process[bool]:
        seen, version = self._known.get(webhook) or self._storage.pace(webhook)
        now, pace, is_changed = self._machine.now(), seen, False
        for one in batch:
            one.result = one.change(pace, now)
            if one.result is not None:
                pace, is_changed = one.result, True
        if not is_changed:
            return True
        pace = settled(seen, pace, now)
        if pace.wake_number > seen.wake_number:
            yield from self._machine.call("wake")
            delay = (pace.wake_due or now) - now
            self._storage.wake_ups.send(Wake(webhook, pace.wake_number), delay)
        if seen.is_listed and not pace.is_listed:
            yield from self._machine.call("list")
            self._storage.blocked.pop(webhook, None)
            self._list_at = -9.0
        yield from self._machine.call("delivery")
        if not self._storage.write(webhook, pace, version):
            return False
        self._known[webhook] = pace, version + 1
        for one in batch:
            one.result = pace if one.result is not None else None
        entry = list_entry(pace, now)
        if entry is not None and is_news(list_entry(seen, now), entry):
            yield from self._machine.call("list")
            self._storage.blocked[webhook] = entry
            self._list_at = -9.0
        return True
