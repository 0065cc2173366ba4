"""The time that a request may take in all, known to everything that it calls.

Dataverse gives up on a webhook after 60 s, and the SDKs' own default retries run for minutes. So each trigger sets one
deadline, and each call to a neighbour asks here how much time is left.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MESSAGE_SECONDS = 120.0
"""How long the work on one queue message may take. The platform renews its lease, but the work occupies a thread."""


class _RetryBudget:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


_retry_budget: ContextVar[_RetryBudget | None] = ContextVar("retry_budget", default=None)
_ends_at: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """What runs inside has this many seconds in all; an earlier deadline that is already set stays."""
    outer = _ends_at.get()
    ends_at = time.monotonic() + seconds
    token = _ends_at.set(ends_at if outer is None else min(outer, ends_at))
    try:
        yield
    finally:
        _ends_at.reset(token)


@contextmanager
def grace(seconds: float) -> Iterator[None]:
    """What runs inside has this many seconds, whatever the deadline: for undoing what is half done."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def remaining_seconds(*, at_most: float) -> float:
    """The seconds left until the deadline, capped at `at_most`; 0 or less if it has passed.

    Without a deadline, `at_most`.
    """
    ends_at = _ends_at.get()
    return at_most if ends_at is None else min(at_most, ends_at - time.monotonic())


@contextmanager
def retry_budget(seconds: float) -> Iterator[None]:
    """What runs inside may spend this many seconds in all on pauses before retries; an outer budget stays."""
    token = _retry_budget.set(_retry_budget.get() or _RetryBudget(seconds))
    try:
        yield
    finally:
        _retry_budget.reset(token)


def try_spend(seconds: float, *, at_most: float) -> bool:
    """Spend `seconds` of the retry budget. False, and nothing spent, if the deadline or the budget is too short.

    Without a deadline, `at_most` stands for it; without a budget, only the deadline counts.
    """
    left = _retry_budget.get()
    if seconds >= remaining_seconds(at_most=at_most) or (left is not None and seconds > left.seconds):
        return False
    if left is not None:
        left.seconds -= seconds
    return True
