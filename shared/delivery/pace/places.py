"""How many attempts a process has under way, for each webhook and in all, and who may wait for a place. Pure.

Half of all places belongs to webhooks whose receivers answer: however many others hang, they find one there. What the
others leave unused of their own half is lent to those that answer. Times are seconds of a monotonic clock.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import Enum, auto
from math import log2

PLACES = 64
"""Of one process. The host hands it more messages than that (host.json), so that some may wait for a place."""

MAX_PLACES = 32
"""Of one webhook."""

FIRST_PLACES = 4
"""Of a webhook whose receiver has answered."""

QUICK_SECONDS = 1.0
"""An answer that begins within this time is quick; without one for longer, a receiver counts as slow."""

SILENT_SECONDS = 5.0
"""When all places of a webhook have been without an answer for this long, nobody waits for the deadline."""

_FIRST_ANSWER_SECONDS = 0.3
_SHORT_WAIT_SECONDS = 0.5
_BODY_SECONDS = 2.0
"""For what follows once an answer has begun: its body, and writing it all down."""

_MAX_WAIT_SECONDS = 2.0
_MAX_WAITING = 32
_RISEN = 2.0
_RISEN_BY_SECONDS = 0.25
_KNOWN_SECONDS = 10.0
_MAX_REMEMBERED = 10_000


class Verdict(Enum):
    """What a delivery does that asks for a place."""

    ENTER = auto()
    WAIT = auto()
    PARK = auto()
    UNDER_WAY = auto()
    """The same delivery is under way in this process already."""


@dataclass
class _UnderWay:
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
class _Receiver:
    """What a process knows of one receiver. `limit` is how many attempts it bears at once, as far as was seen."""

    limit: float = 1.0
    is_proven: bool = False
    is_failing: bool = False
    seconds: float = 0.0
    least_seconds: float | None = None
    answered_at: float = 0.0
    mark: Hashable = None
    under_way: dict[str, _UnderWay] = field(default_factory=dict)
    waiting: int = 0

    @property
    def current(self) -> list[_UnderWay]:
        """The attempts under way, without those that began before the circuit turned or a pause was asked for."""
        return [one for one in self.under_way.values() if one.mark == self.mark]

    def slow(self, now: float, lag: float, seconds: float = QUICK_SECONDS) -> int:
        """How many of them take longer than this."""
        return sum(one.is_slow(now, lag, seconds) for one in self.current)

    @property
    def usual_seconds(self) -> float:
        """How long an answer of this receiver usually takes, at most: a second, or less of one that is quicker."""
        return QUICK_SECONDS if self.least_seconds is None else min(_risen(self.least_seconds), QUICK_SECONDS)

    def rounds(self) -> float:
        """How many attempts, one after the other, those that wait have to wait for."""
        ahead = self.waiting / max(self.limit, 1.0)
        # Each round of quick answers doubles the places of one that has not earned all yet.
        return log2(1 + ahead) if self.is_proven and self.limit < MAX_PLACES else ahead

    def bears(self, now: float, lag: float) -> int:
        """How many attempts at once it bears now: while several are slow, the places it has earned do not count."""
        limit = max(1, int(self.limit))
        return limit if self.slow(now, lag) < FIRST_PLACES else min(limit, FIRST_PLACES)


class Places:
    """The places of one process. It does not lock: bulkhead.py does."""

    def __init__(self) -> None:
        self._receivers: dict[int, _Receiver] = {}
        self._busy: dict[int, _Receiver] = {}
        self._waiting = 0
        self._answered_at = 0.0

    def note(self, webhook_id: int, *, is_proven: bool, mark: Hashable) -> None:
        """Note what the shared pace says of a webhook before an attempt.

        `mark` changes whenever its circuit turned or a pause was asked for: then it begins again with one place.
        """
        receiver = self._receivers.get(webhook_id)
        if receiver is None:
            self._forget_idle()
            receiver = _Receiver(FIRST_PLACES if is_proven else 1.0, is_proven, mark=mark)
            self._receivers[webhook_id] = receiver
        elif receiver.mark != mark:
            # It may be another receiver by now, for all that is known.
            receiver.mark, receiver.limit, receiver.is_proven, receiver.is_failing = mark, 1.0, is_proven, False
            receiver.seconds, receiver.least_seconds = 0.0, None
        elif is_proven and not receiver.is_proven and not receiver.is_failing:
            # Another process proved it.
            receiver.is_proven, receiver.limit = True, max(receiver.limit, FIRST_PLACES)

    def judge(
        self, webhook_id: int, event_id: str, waited: float, now: float, lag: float = 0.0, *, is_probe: bool = False
    ) -> Verdict:
        """What a delivery does that has waited for a place for so long; `lag` is what the process itself is late by.

        A probe may begin beside attempts that fill the webhook's places, for these may all be hanging.
        """
        receiver = self._receivers[webhook_id]
        if event_id in receiver.under_way:
            return Verdict.UNDER_WAY
        is_full = len(receiver.current) >= receiver.bears(now, lag) and not is_probe
        if not is_full and self._has_room(receiver, now, lag):
            return Verdict.ENTER
        if is_probe:
            return Verdict.WAIT if waited < _MAX_WAIT_SECONDS else Verdict.PARK
        if waited < _MAX_WAIT_SECONDS and self._may_wait(receiver, now, lag):
            return Verdict.WAIT
        return Verdict.PARK

    def enter(self, webhook_id: int, event_id: str, now: float) -> None:
        """Occupy a place."""
        receiver = self._busy[webhook_id] = self._receivers[webhook_id]
        receiver.under_way[event_id] = _UnderWay(now, receiver.mark)

    def begin_waiting(self, webhook_id: int) -> None:
        """Count one more delivery that waits for a place."""
        self._receivers[webhook_id].waiting += 1
        self._waiting += 1

    def end_waiting(self, webhook_id: int) -> None:
        """The wait is over."""
        self._receivers[webhook_id].waiting -= 1
        self._waiting -= 1

    def head(self, webhook_id: int, event_id: str) -> None:
        """The answer to this attempt has begun."""
        self._receivers[webhook_id].under_way[event_id].has_head = True

    def leave(
        self, webhook_id: int, event_id: str, now: float, *, succeeded: bool | None, head_seconds: float | None
    ) -> None:
        """Give a place back, and learn from the attempt.

        `succeeded` is None for an attempt that was not made, or that says nothing of the receiver. `head_seconds` is
        how long it took until the answer began, without the process's own lag; None if none began.
        """
        receiver = self._receivers[webhook_id]
        attempt, used = receiver.under_way.pop(event_id), len(receiver.current)
        if not receiver.under_way:
            del self._busy[webhook_id]
        if succeeded is None or attempt.mark != receiver.mark:
            return
        if succeeded:
            seconds = now - attempt.began
            receiver.seconds = seconds if not receiver.seconds else 0.8 * receiver.seconds + 0.2 * seconds
            receiver.answered_at = self._answered_at = now
        is_quick = succeeded and head_seconds is not None and head_seconds <= QUICK_SECONDS
        receiver.is_failing, receiver.is_proven = not succeeded, is_quick
        if is_quick:
            self._learn_quick(receiver, head_seconds or 0.0, used + 1)
        elif succeeded:
            receiver.limit = max(receiver.limit / 2, FIRST_PLACES)
        else:
            receiver.limit = max(receiver.limit / 2, 1.0)

    def is_silent(self, webhook_id: int, now: float, lag: float = 0.0) -> bool:
        """Whether all places that the webhook has here have been without an answer for five seconds.

        It has as many as it bears, or fewer where those that do not answer have used up theirs.
        """
        receiver = self._receivers.get(webhook_id)
        if receiver is None or not receiver.current:
            return False
        if len(receiver.current) < receiver.bears(now, lag) and self._has_room(receiver, now, lag):
            return False
        return all(one.is_headless(now, lag, SILENT_SECONDS) for one in receiver.current)

    def a_second(self, webhook_id: int) -> float | None:
        """How many attempts the receiver answers in a second, as far as this process knows; None if it does not.

        What it knew before anybody else's last answers, it does not know any more.
        """
        receiver = self._receivers.get(webhook_id)
        if receiver is None or not receiver.seconds or self._answered_at - receiver.answered_at > _KNOWN_SECONDS:
            return None
        return max(receiver.limit, FIRST_PLACES if receiver.is_proven else 1.0) / max(receiver.seconds, 0.01)

    def under_way(self, webhook_id: int) -> int:
        """How many attempts are under way."""
        receiver = self._receivers.get(webhook_id)
        return 0 if receiver is None else len(receiver.under_way)

    def is_answering(self, webhook_id: int, now: float, lag: float = 0.0) -> bool:
        """Whether it answers, be it slowly: its last attempt was a success, and none takes much longer than usual."""
        receiver = self._receivers.get(webhook_id)
        return receiver is not None and self._is_answering(receiver, now, lag)

    @staticmethod
    def _is_answering(receiver: _Receiver, now: float, lag: float) -> bool:
        if receiver.is_failing or not (receiver.is_proven or receiver.seconds):
            return False
        return not receiver.slow(now, lag, max(QUICK_SECONDS, _RISEN * receiver.seconds))

    @staticmethod
    def _is_quick(receiver: _Receiver, now: float, lag: float) -> bool:
        if not receiver.is_proven or receiver.is_failing or receiver.seconds > QUICK_SECONDS + _BODY_SECONDS:
            return False
        return not receiver.slow(now, lag, receiver.usual_seconds)

    def _has_room(self, receiver: _Receiver, now: float, lag: float) -> bool:
        if sum(len(one.under_way) for one in self._busy.values()) >= PLACES:
            return False
        if self._is_quick(receiver, now, lag):
            return True
        return sum(self._of_others(one, now, lag) for one in self._busy.values()) < PLACES // 2

    def _of_others(self, receiver: _Receiver, now: float, lag: float) -> int:
        """How many places a receiver occupies of the half of those that do not answer at once."""
        if not self._is_quick(receiver, now, lag):
            return len(receiver.under_way)
        return len(receiver.under_way) - len(receiver.current)

    def _may_wait(self, receiver: _Receiver, now: float, lag: float) -> bool:
        oldest = max((now - lag - one.began for one in receiver.current if not one.has_head), default=0.0)
        if self._is_answering(receiver, now, lag):
            # An attempt that takes longer than others did says more of what is to be expected than they do.
            is_short = max(receiver.seconds, oldest) * receiver.rounds() < _SHORT_WAIT_SECONDS
            return is_short or (receiver.is_proven and self._waiting <= _MAX_WAITING)
        is_first = not receiver.is_failing and not receiver.seconds and bool(receiver.current)
        return is_first and oldest < _FIRST_ANSWER_SECONDS

    @staticmethod
    def _learn_quick(receiver: _Receiver, head_seconds: float, used: int) -> None:
        least = head_seconds if receiver.least_seconds is None else min(receiver.least_seconds * 1.01, head_seconds)
        receiver.least_seconds = least
        if receiver.limit < FIRST_PLACES:
            receiver.limit = FIRST_PLACES
        elif head_seconds <= _risen(least):
            # Places that nobody used are not earned: a receiver that hangs would fill them all.
            receiver.limit = min(receiver.limit + (2 * used >= receiver.limit), MAX_PLACES)
        else:
            receiver.limit = max(receiver.limit - 1, FIRST_PLACES)

    def _forget_idle(self) -> None:
        if len(self._receivers) < _MAX_REMEMBERED:
            return
        for webhook_id in [id_ for id_, one in self._receivers.items() if not one.under_way and not one.waiting]:
            del self._receivers[webhook_id]


def _risen(least_seconds: float) -> float:
    return least_seconds * _RISEN + _RISEN_BY_SECONDS
