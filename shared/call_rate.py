"""How often a caller may do something in a minute, counted in this process."""

import threading
import time
from collections.abc import Callable
from math import ceil

from shared.errors import TooManyRequests

_MINUTE_SECONDS = 60.0
_MAX_CALLERS = 10_000


class CallRate:
    """Lets each caller do `what` so many times in a minute, which begins with the first of them.

    `setting` is the name of the limit's setting. What was refused counts for nothing. Threads may share one. So many
    callers are known that no crowd of real ones pushes another out; if one does, the oldest minute is forgotten.
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
        self._refusal = f"{what}: at most {per_minute} a minute are taken from one caller ({setting})"
        self._clock = clock
        self._max_callers = max_callers
        self._lock = threading.Lock()
        # In the order in which their minutes began, so that what is over stands in front.
        self._minutes: dict[str, tuple[float, int]] = {}

    def __len__(self) -> int:
        """How many callers are remembered."""
        return len(self._minutes)

    def count(self, caller: str) -> None:
        """Count one; raises TooManyRequests where the caller's minute is full."""
        with self._lock:
            now = self._clock()
            self._forget_before(now - _MINUTE_SECONDS)
            began_at, counted = self._minutes.get(caller, (now, 0))
            if counted >= self._per_minute:
                raise TooManyRequests(self._refusal, retry_after_seconds=max(1, ceil(began_at + _MINUTE_SECONDS - now)))
            self._minutes[caller] = began_at, counted + 1
            if len(self._minutes) > self._max_callers:
                del self._minutes[next(iter(self._minutes))]

    def _forget_before(self, moment: float) -> None:
        while self._minutes:
            oldest = next(iter(self._minutes))
            if self._minutes[oldest][0] > moment:
                return
            del self._minutes[oldest]
