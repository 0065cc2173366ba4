"""What a process knows of one receiver: how many attempts it bears at once, and whether it answers. Pure.

Times are seconds of a monotonic clock; `lag` is what the process itself is late by.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from math import log2

MAX_PLACES = 32
"""Of one webhook."""

FIRST_PLACES = 4
"""Of a webhook whose receiver has answered."""

QUICK_SECONDS = 1.0
"""An answer that begins within this time is quick; without one for longer, a receiver counts as slow."""

SILENT_SECONDS = 5.0
"""When all places of a webhook have been without an answer for this long, nobody waits for the deadline."""

_BODY_SECONDS = 2.0
"""For what follows once an answer has begun: its body, and writing it all down."""

_LEAST_SECONDS = 0.01
_RISEN = 2.0
_RISEN_BY_SECONDS = 0.25


@dataclass
class UnderWay:
    """One attempt. `mark` is the webhook's when it began: where that is another by now, the attempt says nothing."""

    began: float
    mark: Hashable
    has_head: bool = False

    def is_headless(self, now: float, lag: float, seconds: float) -> bool:
        """Whether it has been without an answer for longer than this."""
        return not self.has_head and now - self.began - lag > seconds

    def is_slow(self, now: float, lag: float, seconds: float) -> bool:
        """Whether it has been without an answer for longer than this, or without the end of one for much longer."""
        return now - self.began - lag > seconds + (_BODY_SECONDS if self.has_head else 0.0)


@dataclass
class KnownReceiver:
    """A receiver as one process has seen it.

    limit: how many attempts it bears at once, as far as was seen.
    is_proven: whether its last attempt was a quick success; is_failing: whether it failed.
    seconds: how long a success takes lately, 0 before the first; least_seconds: until the head, at best.
    answered_at: when the last success was.
    mark: changes whenever its circuit turned or a pause was asked for; it comes with the webhook's pace.
    waiting: how many deliveries wait for a place.
    """

    limit: float = 1.0
    is_proven: bool = False
    is_failing: bool = False
    seconds: float = 0.0
    least_seconds: float | None = None
    answered_at: float = 0.0
    mark: Hashable = None
    under_way: dict[str, UnderWay] = field(default_factory=dict)
    waiting: int = 0

    @property
    def current(self) -> list[UnderWay]:
        """The attempts under way, without those that began before the circuit turned or a pause was asked for."""
        return [one for one in self.under_way.values() if one.mark == self.mark]

    def note(self, *, is_proven: bool, mark: Hashable) -> None:
        """Note what the shared pace says."""
        if self.mark != mark:
            # It may be another receiver by now, for all that is known.
            self.mark, self.limit, self.is_proven, self.is_failing = mark, 1.0, is_proven, False
            self.seconds, self.least_seconds = 0.0, None
        elif is_proven and not self.is_proven and not self.is_failing:
            # Another process proved it.
            self.is_proven, self.limit = True, max(self.limit, FIRST_PLACES)

    def learn(self, attempt: UnderWay, now: float, *, succeeded: bool, head_seconds: float | None) -> None:
        """Learn from an attempt that has ended and is not under way any more."""
        if attempt.mark != self.mark:
            return
        if succeeded:
            seconds = max(now - attempt.began, _LEAST_SECONDS)
            self.seconds = seconds if not self.seconds else 0.8 * self.seconds + 0.2 * seconds
            self.answered_at = now
        self.is_failing = not succeeded
        self.is_proven = succeeded and head_seconds is not None and head_seconds <= QUICK_SECONDS
        if self.is_proven:
            self._learn_quick(head_seconds or 0.0)
        else:
            self.limit = max(self.limit / 2, FIRST_PLACES if succeeded else 1.0)

    def bears(self, now: float, lag: float) -> int:
        """How many attempts at once it bears now: while several are slow, the places it has earned do not count."""
        limit = max(1, int(self.limit))
        return limit if self._slow(now, lag, QUICK_SECONDS) < FIRST_PLACES else min(limit, FIRST_PLACES)

    def is_answering(self, now: float, lag: float) -> bool:
        """Whether it answers, be it slowly: its last attempt was a success, and none takes much longer than usual."""
        if self.is_failing or not (self.is_proven or self.seconds):
            return False
        return not self._slow(now, lag, max(QUICK_SECONDS, _RISEN * self.seconds))

    def is_quick(self, now: float, lag: float) -> bool:
        """Whether it answers at once: within a second, and as quickly as it usually does."""
        if not self.is_proven or self.is_failing or self.seconds > QUICK_SECONDS + _BODY_SECONDS:
            return False
        usual = QUICK_SECONDS if self.least_seconds is None else min(_risen(self.least_seconds), QUICK_SECONDS)
        return not self._slow(now, lag, usual)

    def is_silent(self, now: float, lag: float) -> bool:
        """Whether all attempts, and one at least, have been without an answer for five seconds."""
        current = self.current
        return bool(current) and all(one.is_headless(now, lag, SILENT_SECONDS) for one in current)

    def headless_for(self, now: float, lag: float) -> float:
        """For how long the oldest attempt without an answer has been without one."""
        return max((now - lag - one.began for one in self.current if not one.has_head), default=0.0)

    def wait_to_expect(self, now: float, lag: float) -> float:
        """How long those that wait for a place will have to wait."""
        rounds = self.waiting / max(self.limit, 1.0)
        if self.is_proven and self.limit < MAX_PLACES:
            # Each round of quick answers doubles the places.
            rounds = log2(1 + rounds)
        # An attempt that takes longer than others did says more of what is to be expected than they do.
        return max(self.seconds, self.headless_for(now, lag)) * rounds

    def a_second(self) -> float | None:
        """How many attempts it answers in a second; None before the first success."""
        if not self.seconds:
            return None
        return max(self.limit, FIRST_PLACES if self.is_proven else 1.0) / self.seconds

    def _slow(self, now: float, lag: float, seconds: float) -> int:
        return sum(one.is_slow(now, lag, seconds) for one in self.current)

    def _learn_quick(self, head_seconds: float) -> None:
        least = head_seconds if self.least_seconds is None else min(self.least_seconds * 1.01, head_seconds)
        self.least_seconds = least
        used = len(self.current) + 1
        if self.limit < FIRST_PLACES:
            self.limit = FIRST_PLACES
        elif head_seconds <= _risen(least):
            # Places that nobody used are not earned: a receiver that hangs would fill them all.
            self.limit = min(self.limit + (2 * used >= self.limit), MAX_PLACES)
        else:
            self.limit = max(self.limit - 1, FIRST_PLACES)


def _risen(least_seconds: float) -> float:
    return least_seconds * _RISEN + _RISEN_BY_SECONDS
