"""Places for attempts, for the threads of a process: who finds none waits for a moment, or gives up.

places.py decides; this module locks, waits, and measures what the process itself is late by.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.delivery.pace.lag import LagMeter
from shared.delivery.pace.places import Places, Verdict
from shared.delivery.pace.receiver import QUICK_SECONDS
from shared.delivery.pace.state import Pace

_LOOK_SECONDS = 0.1


@dataclass
class Place:
    """A place that an attempt occupies since `began`, in seconds of a monotonic clock.

    `has_waited`: it was not free at once.
    Whoever has one reports what the attempt showed with `head` and `ended`; without `ended` nothing is learnt.
    """

    bulkhead: "ReceiverBulkhead"
    webhook_id: int
    event_id: str
    began: float
    has_waited: bool = False
    head_seconds: float | None = None
    succeeded: bool | None = None

    def head(self) -> None:
        """The answer has begun."""
        self.head_seconds = self.bulkhead.note_head(self)

    def ended(self, *, succeeded: bool) -> None:
        """How the attempt ended, for what is learnt from it."""
        self.succeeded = succeeded

    @property
    def is_quick(self) -> bool:
        """Whether the answer began within a second."""
        return self.head_seconds is not None and self.head_seconds <= QUICK_SECONDS


class ReceiverBulkhead:
    """The attempts that this process has under way. Threads share it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._places = Places()
        self._lag = LagMeter()

    @contextmanager
    def acquire(
        self, webhook_id: int, event_id: str, pace: Pace, *, is_probe: bool = False
    ) -> Iterator[Place | Verdict]:
        """Occupy a place until the end of the block. Gives PARK if there is none, UNDER_WAY for a doubled message.

        `pace` is the webhook's, as it was just read. A probe needs none of the webhook's places, which may all be
        hanging, but one of all. A thread may wait for a place for two seconds at most.
        """
        entered = self._enter(webhook_id, event_id, pace, is_probe=is_probe)
        try:
            yield entered
        finally:
            if isinstance(entered, Place):
                self._leave(entered)

    def note_head(self, place: Place) -> float:
        """Note that the answer to an attempt has begun; returns how long that took, without the process's own lag."""
        with self._changed:
            self._places.head(place.webhook_id, place.event_id)
        return max(time.monotonic() - place.began - self._lag.seconds, 0.0)

    def is_silent(self, webhook_id: int) -> bool:
        """Whether all places that the webhook has here have been without an answer for five seconds."""
        with self._changed:
            return self._places.is_silent(webhook_id, time.monotonic(), self._lag.seconds)

    def is_answering(self, webhook_id: int) -> bool:
        """Whether the receiver is proven, does not fail, and is not slow at this moment."""
        with self._changed:
            return self._places.is_answering(webhook_id, time.monotonic(), self._lag.seconds)

    def a_second(self, webhook_id: int) -> float | None:
        """How many attempts the receiver answers in a second; None if this process does not know."""
        with self._changed:
            return self._places.a_second(webhook_id)

    def _enter(self, webhook_id: int, event_id: str, pace: Pace, *, is_probe: bool) -> Place | Verdict:
        came = time.monotonic()
        has_waited = False
        with self._changed:
            self._places.note(webhook_id, is_proven=pace.is_quick, mark=(pace.turned_at, pace.paused_until))
            self._places.begin_waiting(webhook_id)
            try:
                while True:
                    now = time.monotonic()
                    verdict = self._places.judge(
                        webhook_id, event_id, now - came, now, self._lag.seconds, is_probe=is_probe
                    )
                    if verdict is not Verdict.WAIT:
                        break
                    # A place may also become free for want of time alone: somebody counts as slow, or no longer.
                    has_waited = True
                    self._changed.wait(_LOOK_SECONDS)
            finally:
                self._places.end_waiting(webhook_id)
            if verdict is not Verdict.ENTER:
                return verdict
            self._places.enter(webhook_id, event_id, now)
        self._lag.begin()
        return Place(self, webhook_id, event_id, now, has_waited)

    def _leave(self, place: Place) -> None:
        self._lag.end()
        with self._changed:
            self._places.leave(
                place.webhook_id,
                place.event_id,
                time.monotonic(),
                succeeded=place.succeeded,
                head_seconds=place.head_seconds,
            )
            self._changed.notify_all()
