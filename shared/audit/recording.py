"""What is known so far about the request that is being answered, for its audit entry. Pure.

The edge begins a recording from method and path. The code that identifies the caller, and the operation that knows
better what it does, add to it with the functions here. Outside a recording these do nothing.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from shared.audit.entry import MAX_TEXT, AuditEntry, Keeper, Outcome, outcome_of


class Kind(Enum):
    """Which trace a request leaves."""

    READ = "read"
    """A line, if its caller is refused."""
    CHANGE = "change"
    """A line, and a row if the caller is known."""
    EVENT = "event"
    """A line: what a client signals is stored as an event."""


@dataclass
class Recording:
    """The entry in the making. `keeper` is set once the caller is known, so that strangers fill no table.

    `is_bulk` is that of the operation; `is_storage_down` says that it ended because storage did not answer.
    """

    action: str
    kind: Kind
    target: str = ""
    who: str | None = None
    keeper: Keeper | None = None
    outcome: Outcome | None = None
    changed: tuple[str, ...] = ()
    is_bulk: bool = False
    is_storage_down: bool = False

    @property
    def may_be_kept(self) -> bool:
        """True unless storage was down before anything can have been changed: then a row would only cost time."""
        return not self.is_storage_down or self.is_bulk or bool(self.changed)

    def entry(self, at: datetime, status: int | None) -> AuditEntry:
        """The entry of a request that ended now, with this status; None stands for success without HTTP."""
        by_status = outcome_of(status)
        return AuditEntry(
            at=at,
            who=self.who and self.who[:MAX_TEXT],
            action=self.action,
            target=self.target[:MAX_TEXT],
            outcome=self.outcome if self.outcome and by_status is Outcome.DONE else by_status,
            status=status,
            changed=self.changed,
        )


_current: ContextVar[Recording | None] = ContextVar("recording", default=None)


@contextmanager
def recording(begun: Recording) -> Iterator[Recording]:
    """Code that runs inside adds to this recording."""
    token = _current.set(begun)
    try:
        yield begun
    finally:
        _current.reset(token)


def identified(who: str, keeper: Keeper) -> None:
    """Note who the caller is, and where entries about them are stored."""
    if (current := _current.get()) is not None:
        current.who, current.keeper = who, keeper


def note(
    *,
    action: str | None = None,
    target: str | None = None,
    outcome: Outcome | None = None,
    changed: Iterable[str] | None = None,
) -> None:
    """Note what is known better than from method and path; what is None stays as it is."""
    if (current := _current.get()) is None:
        return
    current.action = action or current.action
    current.target = target or current.target
    current.outcome = outcome or current.outcome
    current.changed = current.changed if changed is None else tuple(changed)
