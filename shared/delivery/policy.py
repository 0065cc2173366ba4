"""What follows an attempt: nothing more, another attempt, or a disabled webhook (docs/delivery.md "Schedule"). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.delivery.attempt import Attempt, Verdict

MAX_DELAY = timedelta(days=7)
"""A queue message cannot be hidden for longer."""

_JITTER_SHARE = 0.1
_NO_JITTER_BELOW = timedelta(seconds=60)


@dataclass(frozen=True)
class RetryLimits:
    """How long the hub goes on.

    `delays` are the seconds before each retry, so there is one attempt more than delays. `disable_after` is how many
    consecutive failed attempts disable a webhook, whichever events they were for, once the first of them was
    `disable_after_seconds` ago.
    """

    delays: tuple[int, ...]
    disable_after: int
    disable_after_seconds: int


@dataclass(frozen=True)
class Delivered:
    """The event has arrived; nothing more is to be done."""


@dataclass(frozen=True)
class Retry:
    """Another attempt after `delay`. `counts` says whether the one that was made used up one of the schedule."""

    delay: timedelta
    counts: bool = True


@dataclass(frozen=True)
class Wait:
    """The delivery waits until its receiver can be called again.

    `due_at` is when its own schedule allows the next attempt, None for at once. `counts` says whether the attempt that
    was made used up one of the schedule.
    """

    due_at: datetime | None
    counts: bool


@dataclass(frozen=True)
class Exhausted:
    """The schedule has no further attempt: the delivery failed and waits for a replay."""


@dataclass(frozen=True)
class Disable:
    """Disable the webhook and hold the delivery for a replay.

    If somebody saved the webhook in the meantime and it is still active, it stays so and `otherwise` is done.
    """

    otherwise: Retry | Wait | Exhausted


type Decision = Delivered | Retry | Wait | Exhausted | Disable


@dataclass(frozen=True)
class Standing:
    """How a webhook stands after an attempt: how many failed in a row, since when, and whether its circuit is open."""

    consecutive_errors: int
    failing_for: timedelta
    is_open: bool = False


def decide(
    attempt: Attempt,
    *,
    attempts: int,
    standing: Standing,
    limits: RetryLimits,
    jitter: float,
    due_at: datetime | None = None,
) -> Decision:
    """What follows an attempt.

    `attempts` is how many attempts the delivery has had in its cycle, this one included. `jitter` is a random number
    from 0 to 1. `due_at` is when the schedule allowed this attempt, None if it was due: an earlier one, which a webhook
    that was tried out got, uses up nothing of the schedule.
    """
    if attempt.is_success:
        return Delivered()
    onward = _onward(attempt, attempts, standing, limits, jitter, due_at)
    has_failed_for_long = standing.consecutive_errors >= limits.disable_after and standing.failing_for >= timedelta(
        seconds=limits.disable_after_seconds
    )
    if attempt.verdict is Verdict.GONE or (has_failed_for_long and not attempt.asks_pause):
        return Disable(otherwise=onward)
    return onward


def _onward(
    attempt: Attempt,
    attempts: int,
    standing: Standing,
    limits: RetryLimits,
    jitter: float,
    due_at: datetime | None,
) -> Retry | Wait | Exhausted:
    ended_at = attempt.at + attempt.duration
    if attempt.asks_pause:
        return Wait(due_at, counts=False)
    if due_at is not None and attempt.at < due_at:
        return Wait(due_at, counts=False) if standing.is_open else Retry(due_at - ended_at, counts=False)
    delay = next_delay(limits.delays, attempts, attempt.wait, jitter)
    if delay is None:
        return Exhausted()
    # What the receiver asked for is kept by a message, which comes then and not earlier.
    return Wait(ended_at + delay, counts=True) if standing.is_open and not attempt.wait else Retry(delay)


def next_delay(delays: Sequence[int], attempts: int, wait: timedelta, jitter: float) -> timedelta | None:
    """How long to wait after this many failed attempts; None if there is no further one.

    `delays` are seconds. `wait` is what the receiver asked for: the next attempt is never earlier. `jitter`, from 0 to
    1, lengthens delays of a minute and more by up to a tenth, so that webhooks that failed together don't all come
    back at once.
    """
    if attempts > len(delays):
        return None
    planned = timedelta(seconds=delays[attempts - 1])
    added = planned * _JITTER_SHARE * jitter if planned >= _NO_JITTER_BELOW else timedelta(0)
    return min(max(planned + added, wait), MAX_DELAY)
