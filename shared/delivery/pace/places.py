"""How many attempts a process has under way, for each webhook and in all, and who may wait for a place. Pure.

Half of all places belongs to webhooks whose receivers answer: however many others hang, they find one there. What the
others leave unused of their own half is lent to those that answer. Times are seconds of a monotonic clock.
"""

from collections.abc import Hashable
from enum import Enum, auto

from shared.delivery.pace.receiver import FIRST_PLACES, KnownReceiver, UnderWay

PLACES = 64
"""Of one process. The host hands it more messages than that (host.json), so that some may wait for a place."""

_FIRST_ANSWER_SECONDS = 0.3
_SHORT_WAIT_SECONDS = 0.5
_MAX_WAIT_SECONDS = 2.0
_MAX_WAITING = 32
_KNOWN_SECONDS = 10.0
_MAX_REMEMBERED = 10_000


class Verdict(Enum):
    """What a delivery does that asks for a place."""

    ENTER = auto()
    WAIT = auto()
    PARK = auto()
    UNDER_WAY = auto()
    """The same delivery is under way in this process already."""


class Places:
    """The places of one process. It does not lock: bulkhead.py does."""

    def __init__(self) -> None:
        self._receivers: dict[int, KnownReceiver] = {}
        self._busy: dict[int, KnownReceiver] = {}
        self._waiting = 0
        self._answered_at = 0.0

    def note(self, webhook_id: int, *, is_proven: bool, mark: Hashable) -> None:
        """Note what the shared pace says of a webhook before an attempt.

        `mark` changes whenever its circuit turned or a pause was asked for: then it begins again with one place.
        """
        receiver = self._receivers.get(webhook_id)
        if receiver is not None:
            receiver.note(is_proven=is_proven, mark=mark)
            return
        self._forget_idle()
        self._receivers[webhook_id] = KnownReceiver(FIRST_PLACES if is_proven else 1.0, is_proven, mark=mark)

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
        receiver.under_way[event_id] = UnderWay(now, receiver.mark)

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
        attempt = receiver.under_way.pop(event_id)
        if not receiver.under_way:
            del self._busy[webhook_id]
        if succeeded is not None:
            receiver.learn(attempt, now, succeeded=succeeded, head_seconds=head_seconds)
            self._answered_at = max(self._answered_at, receiver.answered_at)

    def is_silent(self, webhook_id: int, now: float, lag: float = 0.0) -> bool:
        """Whether all places that the webhook has here have been without an answer for five seconds.

        It has as many as it bears, or fewer where those that do not answer have used up theirs.
        """
        receiver = self._receivers.get(webhook_id)
        if receiver is None or not receiver.is_silent(now, lag):
            return False
        return len(receiver.current) >= receiver.bears(now, lag) or not self._has_room(receiver, now, lag)

    def a_second(self, webhook_id: int) -> float | None:
        """How many attempts the receiver answers in a second, as far as this process knows; None if it does not.

        What it knew before anybody else's last answers, it does not know any more.
        """
        receiver = self._receivers.get(webhook_id)
        if receiver is None or self._answered_at - receiver.answered_at > _KNOWN_SECONDS:
            return None
        return receiver.a_second()

    def under_way(self, webhook_id: int) -> int:
        """How many attempts are under way."""
        receiver = self._receivers.get(webhook_id)
        return 0 if receiver is None else len(receiver.under_way)

    def is_answering(self, webhook_id: int, now: float, lag: float = 0.0) -> bool:
        """Whether it answers, be it slowly: its last attempt was a success, and none takes much longer than usual."""
        receiver = self._receivers.get(webhook_id)
        return receiver is not None and receiver.is_answering(now, lag)

    def _has_room(self, receiver: KnownReceiver, now: float, lag: float) -> bool:
        if sum(len(one.under_way) for one in self._busy.values()) >= PLACES:
            return False
        if receiver.is_quick(now, lag):
            return True
        return sum(_of_others(one, now, lag) for one in self._busy.values()) < PLACES // 2

    def _may_wait(self, receiver: KnownReceiver, now: float, lag: float) -> bool:
        if receiver.is_answering(now, lag):
            is_short = receiver.wait_to_expect(now, lag) < _SHORT_WAIT_SECONDS
            return is_short or (receiver.is_proven and self._waiting <= _MAX_WAITING)
        is_first = not receiver.is_failing and not receiver.seconds and bool(receiver.current)
        return is_first and receiver.headless_for(now, lag) < _FIRST_ANSWER_SECONDS

    def _forget_idle(self) -> None:
        if len(self._receivers) < _MAX_REMEMBERED:
            return
        for webhook_id in [id_ for id_, one in self._receivers.items() if not one.under_way and not one.waiting]:
            del self._receivers[webhook_id]


def _of_others(receiver: KnownReceiver, now: float, lag: float) -> int:
    """How many places a receiver occupies of the half of those that do not answer at once."""
    count = len(receiver.under_way)
    return count - len(receiver.current) if receiver.is_quick(now, lag) else count
