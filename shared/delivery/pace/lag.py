"""How late this process itself is: what a busy processor adds to every time that is measured on it."""

import threading
import time

_INTERVAL_SECONDS = 0.05
_REMEMBERED = 40
"""Two seconds of measurements."""


class LagMeter:
    """Measures how late a short sleep ends, while anything is under way. Threads share one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy = 0
        self._is_running = False
        self._late: list[float] = []

    @property
    def seconds(self) -> float:
        """The longest delay of the last two seconds; 0 while nothing is under way."""
        return max(self._late, default=0.0)

    def begin(self) -> None:
        """Something begins whose time is measured."""
        with self._lock:
            self._busy += 1
            if self._is_running:
                return
            self._is_running = True
        try:
            threading.Thread(target=self._measure, name="lag", daemon=True).start()
        except RuntimeError:
            # No more threads can be made. What begins is more than its measurement; the next one tries again.
            with self._lock:
                self._is_running = False

    def end(self) -> None:
        """It has ended."""
        with self._lock:
            self._busy -= 1

    def _measure(self) -> None:
        idle = 0
        while True:
            began = time.monotonic()
            time.sleep(_INTERVAL_SECONDS)
            late = max(time.monotonic() - began - _INTERVAL_SECONDS, 0.0)
            with self._lock:
                self._late = [*self._late[-_REMEMBERED + 1 :], late]
                idle = 0 if self._busy else idle + 1
                if idle > _REMEMBERED:
                    self._is_running, self._late = False, []
                    return
