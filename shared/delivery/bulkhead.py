"""How many attempts may be under way at once, so that one slow receiver can't occupy all threads of a process.

In the fast lane a webhook has a few attempts at once; a message that finds no place waits for one for a moment. It goes
to the slow lane if it waits in vain, or if its receiver is slow to answer or was slow to fail recently. The slow lane
is a queue whose messages get a few threads altogether.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

_MAX_FAST_PER_WEBHOOK = 4
_MAX_SLOW_PER_WEBHOOK = 1
_MAX_SLOW = 4
_SLOW_FAILURE_SECONDS = 2.0
"""An attempt that fails after this time or later makes its webhook a slow one."""
_REMEMBER_SECONDS = 120.0
"""How long a slow failure counts."""
_WAIT_SECONDS = 0.5
"""How long a message may wait for a place, and how long an attempt may last before nothing more is sent beside it."""
_MAX_PAUSE_SECONDS = 60.0
_SPREAD_SECONDS = 10.0


class ReceiverBulkhead:
    """The attempts that this process has under way, in the fast and in the slow lane. Threads share it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # When each delivery under way began, by webhook and event, in seconds of time.monotonic() as all times here.
        self._in_flight: dict[tuple[int, str], float] = {}
        self._fast: Counter[int] = Counter()
        self._slow: Counter[int] = Counter()
        self._slow_until: dict[int, float] = {}
        self._latencies: dict[int, float] = {}
        self._next_turns: dict[int, float] = {}

    @contextmanager
    def acquire(self, webhook_id: int, event_id: str, *, is_slow_lane: bool) -> Iterator[bool]:
        """Occupy a place in a lane until the end of the block; gives False if there is none for this delivery.

        There is none for a delivery that is already under way: a message that was doubled finds it done when it comes
        again.
        """
        lane = self._slow if is_slow_lane else self._fast
        acquired = self._wait_for_place(lane, webhook_id, event_id)
        try:
            yield acquired
        finally:
            if acquired:
                self._release(lane, webhook_id, event_id)

    def record_latency(self, webhook_id: int, *, succeeded: bool, seconds: float) -> None:
        """Note how long an attempt lasted. A slow failure keeps the webhook in the slow lane until it succeeds."""
        with self._changed:
            self._latencies[webhook_id] = seconds
            if succeeded:
                self._slow_until.pop(webhook_id, None)
            elif seconds >= _SLOW_FAILURE_SECONDS:
                self._slow_until[webhook_id] = time.monotonic() + _REMEMBER_SECONDS

    def pause_seconds(self, webhook_id: int) -> int:
        """How long a message that found no place in the slow lane should wait: until its turn, as attempts last now.

        At most about a minute, because a receiver may recover. Each call gives out the next turn, so that hundreds of
        waiting messages don't all come back every few seconds.
        """
        with self._changed:
            now = time.monotonic()
            turn = max(self._next_turns.get(webhook_id, now), now) + self._latencies.get(webhook_id, 0.0)
            if turn > now + _MAX_PAUSE_SECONDS:
                turn = now + _MAX_PAUSE_SECONDS + random.uniform(0, _SPREAD_SECONDS)  # noqa: S311 - spreads the load
            else:
                self._next_turns[webhook_id] = turn
            return 1 + int(turn - now)

    def _wait_for_place(self, lane: "Counter[int]", webhook_id: int, event_id: str) -> bool:
        give_up_at = time.monotonic() + _WAIT_SECONDS
        with self._changed:
            while (webhook_id, event_id) not in self._in_flight:
                is_slow = self._is_slow(webhook_id)
                if self._has_room(lane, webhook_id, is_slow=is_slow):
                    lane[webhook_id] += 1
                    self._in_flight[webhook_id, event_id] = time.monotonic()
                    return True
                left = give_up_at - time.monotonic()
                if is_slow or left <= 0:
                    return False
                self._changed.wait(left)
            return False

    def _has_room(self, lane: "Counter[int]", webhook_id: int, *, is_slow: bool) -> bool:
        if lane is self._slow:
            return lane.total() < _MAX_SLOW and (lane[webhook_id] < _MAX_SLOW_PER_WEBHOOK or not is_slow)
        return lane[webhook_id] < _MAX_FAST_PER_WEBHOOK and not is_slow

    def _release(self, lane: "Counter[int]", webhook_id: int, event_id: str) -> None:
        with self._changed:
            del self._in_flight[webhook_id, event_id]
            lane[webhook_id] -= 1
            if not lane[webhook_id]:
                del lane[webhook_id]
            self._changed.notify_all()

    def _is_slow(self, webhook_id: int) -> bool:
        """Whether an attempt failed slowly in the last two minutes, or has been under way for over half a second."""
        now = time.monotonic()
        return self._slow_until.get(webhook_id, 0.0) > now or any(
            now - began_at > _WAIT_SECONDS for (id_, _), began_at in self._in_flight.items() if id_ == webhook_id
        )
