"""Waiting for things that happen in their own time; the limit only says when a test gives up."""

import threading
import time
from collections.abc import Callable


def eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether the condition comes true within so many seconds."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.1)
    return True


class Meeting:
    """A place where so many threads wait, once, until all of them are there; later ones go on at once.

    A barrier would hold back a thread that comes again, as a call that is tried again does, until the barrier breaks.
    """

    def __init__(self, parties: int, seconds: float = 60) -> None:
        self._missing = parties
        self._seconds = seconds
        self._lock = threading.Lock()
        self._all_there = threading.Event()

    def wait(self) -> None:
        """Come, and wait for the others; fails if they do not come."""
        with self._lock:
            self._missing -= 1
            if self._missing <= 0:
                self._all_there.set()
        assert self._all_there.wait(self._seconds), "the others did not come"
