"""When a failed delivery is tried again (design.md 6). Pure."""

from collections.abc import Sequence
from datetime import timedelta

_LONGEST_DELAY = timedelta(days=7)
"""A queue message cannot be hidden for longer than 7 days."""
_JITTER_SHARE = 0.1
_NO_JITTER_BELOW = timedelta(seconds=60)


def next_delay(delays: Sequence[int], failed_attempts: int, wish: timedelta, jitter: float) -> timedelta | None:
    """How long to wait after so many failed attempts; None where the schedule is exhausted.

    `delays` are seconds; `wish` is what the receiver asked for and is never undercut; `jitter`, from 0 to 1, only ever
    adds, a tenth at most, so that webhooks that failed together do not all come back at one moment.
    """
    if failed_attempts > len(delays):
        return None
    planned = timedelta(seconds=delays[failed_attempts - 1])
    added = planned * _JITTER_SHARE * jitter if planned >= _NO_JITTER_BELOW else timedelta(0)
    return min(max(planned + added, wish), _LONGEST_DELAY)
