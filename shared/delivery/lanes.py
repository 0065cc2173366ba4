"""Who may be called at the same time: one slow receiver must not take all threads of a process.

The fast lane lets a webhook have a few attempts at once. What is over that, and whatever is for a receiver that was
slow to fail a moment ago, goes to a lane of its own: a queue whose messages get a few threads in all.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

_FAST_PER_WEBHOOK = 2
_SLOW_PER_WEBHOOK = 1
_SLOW_IN_ALL = 4
_SLOW_SECONDS = 2.0
_REMEMBER_SECONDS = 120.0


class Lanes:
    """What this process is calling; threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: set[tuple[int, str]] = set()
        self._fast: Counter[int] = Counter()
        self._slow: Counter[int] = Counter()
        self._slow_until: dict[int, float] = {}

    @contextmanager
    def enter(self, webhook_id: int, event_id: str, *, is_slow_lane: bool) -> Iterator[bool]:
        """Whether this delivery may be attempted now, in this lane; its place is given back at the end.

        One that is under way already may not: a message that came twice finds it done when it comes again.
        """
        lane = self._slow if is_slow_lane else self._fast
        entered = self._take(lane, webhook_id, event_id)
        try:
            yield entered
        finally:
            if entered:
                self._give_back(lane, webhook_id, event_id)

    def report(self, webhook_id: int, *, succeeded: bool, seconds: float) -> None:
        """What an attempt was like. After a slow failure the webhook keeps to the slow lane until it succeeds."""
        with self._lock:
            if succeeded:
                self._slow_until.pop(webhook_id, None)
            elif seconds >= _SLOW_SECONDS:
                self._slow_until[webhook_id] = time.monotonic() + _REMEMBER_SECONDS

    def _take(self, lane: "Counter[int]", webhook_id: int, event_id: str) -> bool:
        with self._lock:
            if (webhook_id, event_id) in self._under_way:
                return False
            if lane is self._slow:
                may = lane[webhook_id] < _SLOW_PER_WEBHOOK and lane.total() < _SLOW_IN_ALL
            else:
                may = lane[webhook_id] < _FAST_PER_WEBHOOK and not self._was_slow(webhook_id)
            if may:
                lane[webhook_id] += 1
                self._under_way.add((webhook_id, event_id))
            return may

    def _give_back(self, lane: "Counter[int]", webhook_id: int, event_id: str) -> None:
        with self._lock:
            self._under_way.discard((webhook_id, event_id))
            lane[webhook_id] -= 1
            if not lane[webhook_id]:
                del lane[webhook_id]

    def _was_slow(self, webhook_id: int) -> bool:
        return self._slow_until.get(webhook_id, 0.0) > time.monotonic()
