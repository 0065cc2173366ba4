"""What follows an attempt: nothing more, another attempt, or a disabled webhook (docs/delivery.md "Schedule"). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.delivery.attempt import Attempt, Verdict

MAX_DELAY = timedelta(days=7)
"""A queue message cannot be hidden for longer."""

_JITTER_SHARE = 0.1
_NO_JITTER_BELOW = timedelta(seconds=60)


@dataclass(frozen=True)
class RetryLimits:
    """How long the hub goes on.

    `delays` are the seconds before each retry, so there is one attempt more than delays. `disable_after` is how many
    consecutive failed attempts disable a webhook, whichever events they were for.
    """

    delays: tuple[int, ...]
    disable_after: int


@dataclass(frozen=True)
class Delivered:
    """The event has arrived; nothing more is to be done."""


@dataclass(frozen=True)
class Retry:
    """Another attempt after `delay`."""

    delay: timedelta


@dataclass(frozen=True)
class Exhausted:
    """The schedule has no further attempt: the delivery failed and waits for a replay."""


@dataclass(frozen=True)
class Disable:
    """Disable the webhook and hold the delivery for a replay.

    If somebody saved the webhook in the meantime and it is still active, it stays so and `otherwise` is done.
    """

    otherwise: Retry | Exhausted


type Decision = Delivered | Retry | Exhausted | Disable


def decide(attempt: Attempt, *, attempts: int, consecutive_errors: int, limits: RetryLimits, jitter: float) -> Decision:
    """What follows an attempt.

    `attempts` is how many attempts the delivery has had in its cycle, this one included. `consecutive_errors` is how
    many attempts of the webhook failed in a row, this one included. `jitter` is a random number from 0 to 1.
    """
    if attempt.is_success:
        return Delivered()
    delay = next_delay(limits.delays, attempts, attempt.wait, jitter)
    onward = Exhausted() if delay is None else Retry(delay)
    if attempt.verdict is Verdict.GONE or consecutive_errors >= limits.disable_after:
        return Disable(otherwise=onward)
    return onward


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
