"""The time a request may take in all, known to everything that it calls.

Dataverse gives up on a webhook after 60 s, and the SDKs' own default retries would run to minutes. So a trigger sets
one deadline, and each call to a neighbour asks here how much of it is left.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MESSAGE_SECONDS = 120.0
"""What working on one queue message may take; the platform's lease on it is renewed, but a thread is not free."""


class _RetryBudget:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


_retry_budget: ContextVar[_RetryBudget | None] = ContextVar("retry_budget", default=None)
_ends_at: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """What runs inside has this many seconds in all; a deadline that is already set and earlier stays."""
    outer = _ends_at.get()
    ends_at = time.monotonic() + seconds
    token = _ends_at.set(ends_at if outer is None else min(outer, ends_at))
    try:
        yield
    finally:
        _ends_at.reset(token)


@contextmanager
def grace(seconds: float) -> Iterator[None]:
    """What runs inside has this many seconds, whatever the deadline says: for taking back what is half done."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def remaining_seconds(*, at_most: float) -> float:
    """What is left of the deadline, but `at_most`; that where no deadline is set; 0 or less when it has passed."""
    ends_at = _ends_at.get()
    return at_most if ends_at is None else min(at_most, ends_at - time.monotonic())


@contextmanager
def retry_budget(seconds: float) -> Iterator[None]:
    """What runs inside may spend this many seconds in all on pauses that neighbours ask for; an outer one stays."""
    token = _retry_budget.set(_retry_budget.get() or _RetryBudget(seconds))
    try:
        yield
    finally:
        _retry_budget.reset(token)


def try_spend(seconds: float, *, at_most: float) -> bool:
    """Whether a pause fits into the deadline, or `at_most`, and into the patience, of which it is then spent."""
    left = _retry_budget.get()
    if seconds >= remaining_seconds(at_most=at_most) or (left is not None and seconds > left.seconds):
        return False
    if left is not None:
        left.seconds -= seconds
    return True
