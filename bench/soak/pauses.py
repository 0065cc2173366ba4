"""Whether the pauses that a receiver asks for are kept. `judge` is pure."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

GRACE_SECONDS = 2.5
"""What was under way when a pause was asked for is not called back, and the other instance learns of it by a row."""

_ROUNDING_SECONDS = 0.1
"""Between the moment at which the answer was sent and the one at which this program noted it."""


@dataclass(frozen=True)
class Judged:
    """How many pauses could be judged, and a sentence for each request that came within one of them."""

    pauses: int
    broken: tuple[str, ...]


def judge(
    requests: Sequence[float], asked: Sequence[tuple[float, float]], faults: Sequence[tuple[float, float]]
) -> Judged:
    """`requests` are the moments of requests, `asked` those of pauses and their seconds, `faults` spans of faults.

    Of a pause that a fault of the hub falls into nothing is asked: its process may have died before it told anybody.
    """
    judged = [
        (at, seconds)
        for at, seconds in asked
        if not any(began < at + seconds and ended > at - GRACE_SECONDS for began, ended in faults)
    ]
    broken = [
        f"a request came {request - at:.1f} s after a pause of {seconds:g} s was asked for"
        for at, seconds in judged
        for request in requests
        if at + GRACE_SECONDS < request < at + seconds - _ROUNDING_SECONDS
    ]
    return Judged(len(judged), tuple(broken))


class Pauses:
    """What a receiver saw and asked for, in monotonic seconds; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[float] = []
        self._asked: list[tuple[float, float]] = []

    def request(self, at: float) -> None:
        """A request came."""
        with self._lock:
            self._requests.append(at)

    def asked(self, at: float, seconds: float) -> None:
        """A pause of so many seconds was asked for."""
        with self._lock:
            self._asked.append((at, seconds))

    def judged(self, faults: Sequence[tuple[float, float]]) -> Judged:
        """What there is to say so far."""
        with self._lock:
            return judge(self._requests, self._asked, faults)
