"""How receivers behave: what they answer to an attempt that begins at a moment, and after how long."""

from collections.abc import Callable
from dataclasses import dataclass, field

DEADLINE = 15.0
"""How long an attempt may last."""


@dataclass(frozen=True)
class Answer:
    """An answer, or none: `seconds` is when it begins; `status` is 0 where none comes before the deadline."""

    seconds: float
    status: int
    wait: float = 0.0


type Behaviour = Callable[[float, int], Answer]
"""From the moment at which an attempt begins, and the event's number, to the answer."""

HANGS = Answer(DEADLINE, 0)


@dataclass
class Receiver:
    """A receiver, and what it got.

    `requests` are the moments at which attempts began, `got` when each event came for the first time, `asked` from when
    to when it wanted no request, `parked` how often a delivery to it was parked.
    """

    behave: Behaviour
    requests: list[float] = field(default_factory=list)
    got: dict[int, float] = field(default_factory=dict)
    asked: list[tuple[float, float]] = field(default_factory=list)
    parked: int = 0

    def call(self, now: float, event: int) -> Answer:
        """Answer an attempt that begins now."""
        self.requests.append(now)
        answer = self.behave(now, event)
        if answer.wait:
            self.asked.append((now + answer.seconds, now + answer.seconds + answer.wait))
        return answer

    def during_pauses(self) -> int:
        """How many requests began during a pause that it had asked for."""
        return sum(any(since < moment < until for since, until in self.asked) for moment in self.requests)


def steady(seconds: float) -> Behaviour:
    """Answers 200 after this time."""
    return lambda _now, _event: Answer(seconds, 200) if seconds < DEADLINE else HANGS


def hangs_between(begin: float, end: float) -> Behaviour:
    """Answers at once, but what begins between two moments never."""
    return lambda now, _event: HANGS if begin <= now < end else Answer(0.02, 200)


def hangs_from(begin: float) -> Behaviour:
    """Answers at once, but what begins after a moment never."""
    return hangs_between(begin, float("inf"))


def restarts_between(begin: float, end: float) -> Behaviour:
    """Answers at once, but with 503 between two moments."""
    return lambda now, _event: Answer(0.01, 503 if begin <= now < end else 200)


def flaps(seconds: float) -> Behaviour:
    """Well and failing in turn, for so long each."""
    return lambda now, _event: Answer(0.02, 200 if int(now / seconds) % 2 == 0 else 500)


def refuses(event: int) -> Behaviour:
    """Answers one event with 500, always, and all others at once."""
    return lambda _now, one: Answer(0.02, 500 if one == event else 200)


def limits(per_second: int, wait: float) -> Behaviour:
    """Answers so many in a second, and the next one with 429 and a Retry-After."""
    seen: dict[int, int] = {}

    def behave(now: float, _event: int) -> Answer:
        second = int(now)
        seen[second] = seen.get(second, 0) + 1
        return Answer(0.02, 200) if seen[second] <= per_second else Answer(0.02, 429, wait)

    return behave


def asks_from(at: float, wait: float) -> Behaviour:
    """Answers at once, but from a moment on with 429 and a Retry-After until that is over."""
    return lambda now, _event: Answer(0.02, 429, at + wait - now) if at <= now < at + wait else Answer(0.02, 200)


def fails() -> Behaviour:
    """Answers everything with 500 at once."""
    return lambda _now, _event: Answer(0.01, 500)
