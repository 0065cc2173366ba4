"""Who may be called at the same time: one slow receiver must not take all threads of a process.

The fast lane lets a webhook have a few attempts at once, and has more wait a moment while those come to an end quickly.
What waits in vain, and whatever is for a receiver that is slow to answer or was slow to fail a moment ago, goes to a
lane of its own: a queue whose messages get a few threads in all.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

_FAST_PER_WEBHOOK = 4
_SLOW_PER_WEBHOOK = 1
_SLOW_IN_ALL = 4
_SLOW_SECONDS = 2.0
_REMEMBER_SECONDS = 120.0
_PATIENCE_SECONDS = 0.5
"""How long a message may wait for a place, and how long an attempt may take that others wait for."""
_MAX_PAUSE_SECONDS = 60.0
_SPREAD_SECONDS = 10.0


class ReceiverBulkhead:
    """What this process is calling; threads share it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._began_at: dict[tuple[int, str], float] = {}
        self._fast: Counter[int] = Counter()
        self._slow: Counter[int] = Counter()
        self._slow_until: dict[int, float] = {}
        self._lasted: dict[int, float] = {}
        self._turns: dict[int, float] = {}

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
        with self._changed:
            self._lasted[webhook_id] = seconds
            if succeeded:
                self._slow_until.pop(webhook_id, None)
            elif seconds >= _SLOW_SECONDS:
                self._slow_until[webhook_id] = time.monotonic() + _REMEMBER_SECONDS

    def pause_seconds(self, webhook_id: int) -> int:
        """How long a message of the slow lane that found no place should wait: until its turn, as attempts last now.

        About a minute at most, because a receiver may recover; but hundreds that wait must not ask every few seconds.
        """
        with self._changed:
            now = time.monotonic()
            turn = max(self._turns.get(webhook_id, now), now) + self._lasted.get(webhook_id, 0.0)
            if turn > now + _MAX_PAUSE_SECONDS:
                turn = now + _MAX_PAUSE_SECONDS + random.uniform(0, _SPREAD_SECONDS)  # noqa: S311 - spreads the load
            else:
                self._turns[webhook_id] = turn
            return 1 + int(turn - now)

    def _take(self, lane: "Counter[int]", webhook_id: int, event_id: str) -> bool:
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        with self._changed:
            while (webhook_id, event_id) not in self._began_at:
                is_slow = self._is_slow(webhook_id)
                if self._has_room(lane, webhook_id, is_slow=is_slow):
                    lane[webhook_id] += 1
                    self._began_at[webhook_id, event_id] = time.monotonic()
                    return True
                left = give_up_at - time.monotonic()
                if is_slow or left <= 0:
                    return False
                self._changed.wait(left)
            return False

    def _has_room(self, lane: "Counter[int]", webhook_id: int, *, is_slow: bool) -> bool:
        if lane is self._slow:
            return lane.total() < _SLOW_IN_ALL and (lane[webhook_id] < _SLOW_PER_WEBHOOK or not is_slow)
        return lane[webhook_id] < _FAST_PER_WEBHOOK and not is_slow

    def _give_back(self, lane: "Counter[int]", webhook_id: int, event_id: str) -> None:
        with self._changed:
            del self._began_at[webhook_id, event_id]
            lane[webhook_id] -= 1
            if not lane[webhook_id]:
                del lane[webhook_id]
            self._changed.notify_all()

    def _is_slow(self, webhook_id: int) -> bool:
        """Whether a receiver failed slowly not long ago, or has not answered for a while what is under way."""
        now = time.monotonic()
        return self._slow_until.get(webhook_id, 0.0) > now or any(
            now - began_at > _PATIENCE_SECONDS for (id_, _), began_at in self._began_at.items() if id_ == webhook_id
        )
