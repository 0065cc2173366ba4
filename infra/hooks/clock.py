"""The time that a hook spends waiting."""

from __future__ import annotations

import time
from collections.abc import Mapping

from infra.hooks.failure import HookFailed

SCALE = "HOOK_PAUSE_SCALE"


class Clock:
    """Tells the time in seconds and sleeps. A `scale` below 1 shortens pauses, yet they count in full.

    So with a scale of 0 a hook makes the same calls, and gives up after the same number of them, without any wait.
    """

    def __init__(self, scale: float = 1.0) -> None:
        self._scale = scale
        self._skipped = 0.0

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Clock:
        """The clock that HOOK_PAUSE_SCALE asks for, a number from 0 to 1; without it pauses are real."""
        text = environment.get(SCALE) or "1"
        try:
            scale = float(text)
        except ValueError:
            scale = -1
        if not 0 <= scale <= 1:
            raise HookFailed(f"{SCALE} is {text!r}: a number from 0 to 1 is needed")
        return cls(scale)

    def now(self) -> float:
        """Seconds since some moment, skipped ones included."""
        return time.monotonic() + self._skipped

    def sleep(self, seconds: float) -> None:
        """Wait; `now` is later by so many seconds afterwards."""
        time.sleep(seconds * self._scale)
        self._skipped += seconds * (1 - self._scale)


class Patience:
    """So many seconds of a clock, from now on."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._end = clock.now() + seconds

    @property
    def is_over(self) -> bool:
        """True once they have passed."""
        return self.left <= 0

    @property
    def left(self) -> float:
        """Seconds that are left; negative afterwards."""
        return self._end - self._clock.now()

    def pause(self, seconds: float) -> bool:
        """Sleep, if so many seconds are left, and return whether they were."""
        if seconds > self.left:
            return False
        self._clock.sleep(seconds)
        return True
