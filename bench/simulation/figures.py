"""Simulates a scenario, and counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from statistics import quantiles

from bench.simulation.instance import HostLimits, Instance
from bench.simulation.kernel import Clock, Process
from bench.simulation.receivers import Receiver
from bench.simulation.scenarios import SUBJECT, Scenario
from bench.simulation.storage import Event, Storage

_CLIENTS = 16
_IN_TIME_SECONDS = 2.0
_WINDOW_SECONDS = 5.0

HEADINGS = [
    "simulated",
    "accepted to delivered, p50 / p95",
    "within 2 s: of all / of the worst 5 s",
    "parked",
    "transactions an event",
    "all delivered, after the last was accepted",
    "requests in pauses",
]


@dataclass(frozen=True)
class Figures:
    """What came of a scenario for its subject; times in seconds, all others shares.

    `parked` counts each time that a delivery was parked. `done` is how long after the last event was accepted all had
    arrived that were not refused for ever, None if they had not. `during_pauses` counts the requests of all receivers
    that began during a pause that they had asked for.
    """

    p50: float
    p95: float
    in_time: float
    worst: float
    parked: float
    transactions: float
    done: float | None
    during_pauses: int

    def cells(self) -> list[str]:
        """As cells of a table, below the headings but the first."""
        return [
            f"{self.p50:.2f} / {self.p95:.2f} s",
            f"{100 * self.in_time:.0f} / {100 * self.worst:.0f} %",
            f"{100 * self.parked:.1f} %",
            f"{self.transactions:.0f}",
            "never" if self.done is None else f"{self.done:.0f} s",
            str(self.during_pauses),
        ]


def simulated(scenario: Scenario, host: HostLimits) -> Figures:
    """Simulate a scenario on instances whose hosts have these limits."""
    clock, random = Clock(), Random(scenario.seed)  # noqa: S311 - no secret
    storage, receivers = Storage(clock), scenario.receivers()
    instances = [Instance(clock, storage, receivers, random, host) for _ in range(scenario.instances)]
    accepted: dict[int, float] = {}

    def client(number: int, step: int) -> Process[None]:
        """Posts one event after the other."""
        while number < scenario.count:
            yield from instances[number % len(instances)].accept(Event(number, tuple(receivers)))
            accepted[number] = clock.now
            number += step

    if scenario.burst:
        for number in range(_CLIENTS):
            clock.start(client(number, _CLIENTS))
    else:
        for number in range(scenario.count):
            clock.after(number / scenario.rate, partial(clock.start, client(number, scenario.count)))
    got, wanted = receivers[SUBJECT].got, scenario.count - scenario.refused
    while len(accepted) < scenario.count or (
        len(got) < wanted and clock.now < max(accepted.values()) + scenario.settle
    ):
        clock.run(clock.now + 1.0)
    return _figures(scenario, [accepted[number] for number in range(scenario.count)], receivers, storage)


def _figures(
    scenario: Scenario, accepted: Sequence[float], receivers: dict[int, Receiver], storage: Storage
) -> Figures:
    subject = receivers[SUBJECT]
    delays = [subject.got[number] - at for number, at in enumerate(accepted) if number in subject.got]
    windows: dict[int, list[bool]] = {}
    for number, at in enumerate(accepted):
        is_in_time = number in subject.got and subject.got[number] - at <= _IN_TIME_SECONDS
        windows.setdefault(int(at / _WINDOW_SECONDS), []).append(is_in_time)
    shares = [sum(window) / len(window) for window in windows.values()]
    cuts = quantiles(delays, n=100)
    is_done = len(subject.got) >= scenario.count - scenario.refused
    return Figures(
        p50=cuts[49],
        p95=cuts[94],
        in_time=sum(map(sum, windows.values())) / len(accepted),
        worst=min(shares),
        parked=subject.parked / len(accepted),
        transactions=sum(storage.transactions.values()) / len(accepted),
        done=max(subject.got.values()) - max(accepted) if is_done else None,
        during_pauses=sum(one.during_pauses() for one in receivers.values()),
    )
