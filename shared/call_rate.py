"""How often a caller may do something in a minute, counted in this process alone."""

import threading
import time
from collections.abc import Callable
from math import ceil

from shared.errors import TooManyRequests

_MINUTE_SECONDS = 60.0
_MAX_CALLERS = 10_000


class CallRate:
    """Lets each caller do something `per_minute` times in a minute, which begins with the first of them.

    `what` and `setting` say in a refusal what is limited, and by which setting. Refused calls are not counted. Threads
    may share one. With more than `max_callers` in one minute, the minute that began first is forgotten: the number is
    so high that no crowd of real callers reaches it.
    """

    def __init__(
        self,
        per_minute: int,
        what: str,
        setting: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        max_callers: int = _MAX_CALLERS,
    ) -> None:
        self._per_minute = per_minute
        self._refusal = f"{what} must be at most {per_minute} a minute from one caller ({setting})"
        self._clock = clock
        self._max_callers = max_callers
        self._lock = threading.Lock()
        # In the order in which their minutes began, so that those that are over come first.
        self._minutes: dict[str, tuple[float, int]] = {}

    def __len__(self) -> int:
        """How many callers are remembered."""
        return len(self._minutes)

    def count(self, caller: str) -> None:
        """Count one call; raises TooManyRequests if the caller's minute is full."""
        if wait := self.try_count(caller):
            raise TooManyRequests(self._refusal, retry_after_seconds=wait)

    def try_count(self, caller: str) -> int:
        """Count one call and return 0. If the caller's minute is full, return the seconds until it is over instead."""
        with self._lock:
            now = self._clock()
            self._forget_before(now - _MINUTE_SECONDS)
            began_at, counted = self._minutes.get(caller, (now, 0))
            if counted >= self._per_minute:
                return max(1, ceil(began_at + _MINUTE_SECONDS - now))
            self._minutes[caller] = began_at, counted + 1
            if len(self._minutes) > self._max_callers:
                del self._minutes[next(iter(self._minutes))]
            return 0

    def _forget_before(self, moment: float) -> None:
        while self._minutes:
            oldest = next(iter(self._minutes))
            if self._minutes[oldest][0] > moment:
                return
            del self._minutes[oldest]
