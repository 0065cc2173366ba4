"""What is simulated."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.simulation.receivers import (
    Behaviour,
    Receiver,
    asks_from,
    fails,
    flaps,
    hangs_between,
    hangs_from,
    limits,
    refuses,
    restarts_between,
    steady,
)

SUBJECT = 1
"""The webhook whose figures are shown."""

type Receivers = Callable[[], dict[int, Receiver]]


@dataclass(frozen=True)
class Scenario:
    """Events for all webhooks: `rate` a second for `seconds`, or a `burst` of them, posted by 16 clients at once.

    `receivers` makes them anew. `settle` is how many seconds are waited for the rest. `refused` is how many events the
    receiver never takes.
    """

    name: str
    receivers: Receivers
    rate: float = 0.0
    seconds: float = 0.0
    burst: int = 0
    instances: int = 1
    settle: float = 300.0
    refused: int = 0
    seed: int = 1

    @property
    def count(self) -> int:
        """How many events."""
        return self.burst or int(self.rate * self.seconds)


def _one(make: Callable[[], Behaviour]) -> Receivers:
    """One webhook."""
    return lambda: {SUBJECT: Receiver(make())}


def _beside(number: int, make: Callable[[], Behaviour]) -> Receivers:
    """A healthy one, and so many others beside it."""
    return lambda: {
        SUBJECT: Receiver(steady(0.02)),
        **{SUBJECT + one: Receiver(make()) for one in range(1, number + 1)},
    }


_HANGING: Callable[[], Behaviour] = lambda: steady(99)  # noqa: E731 - each receiver gets one of its own

SCENARIOS = [
    Scenario("5 a second to one, healthy", _one(lambda: steady(0.02)), rate=5, seconds=40),
    Scenario("burst of 1,000 to a new one, healthy", _one(lambda: steady(0.02)), burst=1000),
    Scenario("needs 700 ms, 20 a second", _one(lambda: steady(0.7)), rate=20, seconds=60),
    Scenario("needs 1.5 s, 2 a second", _one(lambda: steady(1.5)), rate=2, seconds=60),
    Scenario("needs 1.5 s, burst of 100", _one(lambda: steady(1.5)), burst=100),
    Scenario("healthy beside 1 that hangs, 5 a second", _beside(1, _HANGING), rate=5, seconds=60),
    Scenario("healthy beside 20 that hang, 5 a second", _beside(20, _HANGING), rate=5, seconds=60),
    Scenario("healthy beside 100 that hang, 1 a second", _beside(100, _HANGING), rate=1, seconds=120),
    Scenario("healthy beside 20 that fail at once, 5 a second", _beside(20, fails), rate=5, seconds=60),
    Scenario(
        "healthy beside 20 that begin to hang after 20 s, 3 a second",
        _beside(20, lambda: hangs_from(20)),
        rate=3,
        seconds=80,
    ),
    Scenario(
        "healthy beside 1 that hangs from 10 to 20 s, 20 a second",
        _beside(1, lambda: hangs_between(10, 20)),
        rate=20,
        seconds=40,
    ),
    Scenario("hangs from 10 to 20 s, 20 a second", _one(lambda: hangs_between(10, 20)), rate=20, seconds=40),
    Scenario("restarts from 4 to 7 s, burst of 1,000", _one(lambda: restarts_between(4, 7)), burst=1000),
    Scenario("429 with Retry-After: 20 at first, burst of 12", _one(lambda: asks_from(0, 20)), burst=12),
    Scenario("429 with Retry-After: 20 after 5 s, 10 a second", _one(lambda: asks_from(5, 20)), rate=10, seconds=40),
    Scenario("429 with Retry-After: 2 above 10 a second, burst of 200", _one(lambda: limits(10, 2)), burst=200),
    Scenario("well and failing in turn for 7 s, 5 a second", _one(lambda: flaps(7)), rate=5, seconds=70, settle=900),
    Scenario("one event always gets a 500, 5 a second", _one(lambda: refuses(20)), rate=5, seconds=60, refused=1),
    Scenario(
        "ten instances, healthy beside 20 that hang, 20 a second",
        _beside(20, _HANGING),
        rate=20,
        seconds=40,
        instances=10,
    ),
    Scenario(
        "ten instances, hangs from 10 to 20 s, 50 a second",
        _one(lambda: hangs_between(10, 20)),
        rate=50,
        seconds=40,
        instances=10,
    ),
    Scenario(
        "ten instances, restarts in the first 3 s, burst of 2,000",
        _one(lambda: restarts_between(0, 3)),
        burst=2000,
        instances=10,
    ),
]
