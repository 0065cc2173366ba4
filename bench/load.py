"""Posts events to an app and measures. `percentile` and `Run` are pure."""

import math
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

THREADS = 8
"""Clients that post at the same time."""

type Post = Callable[[str], bool]
"""Posts the event with this mark. Returns whether it was accepted."""


@dataclass(frozen=True)
class Accepted:
    """When a post was begun and when it was accepted, in monotonic seconds."""

    begun: float
    at: float


@dataclass(frozen=True)
class Run:
    """What was accepted, and when each of it first came to the receiver, both by mark; `receipts` counts what came."""

    offered: int
    accepted: Mapping[str, Accepted]
    arrived: Mapping[str, float]
    receipts: Mapping[str, int]

    @property
    def missing(self) -> int:
        """The marks that were accepted but had not arrived when the run was over."""
        return len(self.accepted.keys() - self.arrived.keys())

    @property
    def duplicates(self) -> int:
        """How many arrived again."""
        return sum(count - 1 for count in self.receipts.values())

    @property
    def delays(self) -> list[float]:
        """Seconds from acceptance to arrival, of all that arrived; what arrives before its answer counts as 0."""
        arrived = self.arrived.keys() & self.accepted.keys()
        return sorted(max(0.0, self.arrived[mark] - self.accepted[mark].at) for mark in arrived)

    @property
    def answers(self) -> list[float]:
        """Seconds from a post to its acceptance."""
        return sorted(one.at - one.begun for one in self.accepted.values())

    @property
    def accepted_a_second(self) -> float:
        """From the first post to the last acceptance."""
        times = self.accepted.values()
        return len(times) / (max(one.at for one in times) - min(one.begun for one in times))

    @property
    def delivered_a_second(self) -> float:
        """From the first post to the last arrival."""
        return len(self.arrivals) / self.arrivals[-1] if self.arrivals else 0.0

    @property
    def arrivals(self) -> list[float]:
        """Seconds from the first post to each arrival, in order."""
        begun = min(one.begun for one in self.accepted.values())
        return sorted(at - begun for at in self.arrived.values())


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that is not below so many percent of all (nearest rank); `values` are in order."""
    return values[max(0, math.ceil(len(values) * percent / 100) - 1)]


def offer(post: Post, events: int, *, a_second: float = math.inf) -> dict[str, Accepted]:
    """Post so many events, evenly over time or as fast as `THREADS` clients can: what was accepted, by mark."""
    started = time.monotonic()

    def one(number: int) -> tuple[str, Accepted | None]:
        time.sleep(max(0.0, started + number / a_second - time.monotonic()))
        mark, begun = str(uuid.uuid4()), time.monotonic()
        return mark, Accepted(begun, time.monotonic()) if post(mark) else None

    with ThreadPoolExecutor(THREADS) as pool:
        return {mark: accepted for mark, accepted in pool.map(one, range(events)) if accepted}


def counted(marks: Sequence[tuple[str, float]]) -> tuple[dict[str, float], "Counter[str]"]:
    """Of marks with their times: the first time of each, and how often each came."""
    first: dict[str, float] = {}
    for mark, at in marks:
        first[mark] = min(at, first.get(mark, math.inf))
    return first, Counter(mark for mark, _ in marks)
