"""A part of the hub that is imported and made when it is first needed."""

from collections.abc import Callable
from threading import RLock


class Lazy[T]:
    """Calls `make` when it is called first, and returns that same part every time.

    Threads that call at once get one part. If `make` raises, so does the call, and the next call tries again.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: list[T] = []
        self._lock = RLock()

    def __call__(self) -> T:
        """The part."""
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]
