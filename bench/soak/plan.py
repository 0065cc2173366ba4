"""What a soak will do, drawn from a seed before it begins. Pure.

The same seed gives the same events, receivers and faults at the same moments; what they meet depends on the machine.
"""

import random
import uuid
from dataclasses import dataclass
from enum import StrEnum

HOSTS = 2
CALM_EVENTS = 15

_RESTART_SECONDS = 3.0
"""What a host or a storage needs to come up: no fault of the same kind begins earlier."""


class Source(StrEnum):
    """Where an event comes from."""

    CONNECTION = "connection"
    SIGNAL = "signal"


class Fault(StrEnum):
    """What happens to the hub."""

    KILL_HOST = "host killed"
    KILL_ALL_HOSTS = "all hosts killed"
    PAUSE_STORAGE = "storage paused"
    RESTART_STORAGE = "storage restarted"


@dataclass(frozen=True)
class PlannedEvent:
    """An event to be posted `at` seconds after the start; by `mark`, its record's id, it is found again."""

    at: float
    source: Source
    mark: str


@dataclass(frozen=True)
class PlannedFault:
    """A fault `at` seconds after the start, which lasts for `seconds`; `host` is the one that is killed."""

    at: float
    fault: Fault
    seconds: float
    host: int


@dataclass(frozen=True)
class Plan:
    """Events in order of time; faults of the hosts and of the storage, which may fall together.

    `calm` are events that come one after the other when all faults are over: what only holds without faults is judged
    by them.
    """

    seed: int
    events: tuple[PlannedEvent, ...]
    calm: tuple[PlannedEvent, ...]
    host_faults: tuple[PlannedFault, ...]
    storage_faults: tuple[PlannedFault, ...]


def make_plan(seed: int, *, events: int, seconds: float) -> Plan:
    """So many events within so many seconds, and as many faults as fit."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    moments = sorted(chance.uniform(0, seconds) for _ in range(events))
    return Plan(
        seed,
        tuple(_event(chance, number, at) for number, at in enumerate(moments, 1)),
        tuple(_event(chance, events + number, 0.0) for number in range(1, CALM_EVENTS + 1)),
        tuple(_faults(chance, seconds, (Fault.KILL_HOST, Fault.KILL_ALL_HOSTS))),
        tuple(_faults(chance, seconds, (Fault.PAUSE_STORAGE, Fault.RESTART_STORAGE))),
    )


def _event(chance: random.Random, number: int, at: float) -> PlannedEvent:
    if chance.random() < 0.5:
        return PlannedEvent(at, Source.SIGNAL, str(number))
    return PlannedEvent(at, Source.CONNECTION, str(uuid.UUID(int=chance.getrandbits(128), version=4)))


def _faults(chance: random.Random, seconds: float, kinds: tuple[Fault, ...]) -> list[PlannedFault]:
    """In turn, so that a short soak meets each kind; between two of them there is time to work."""
    found: list[PlannedFault] = []
    at = chance.uniform(1, 3)
    while at < seconds:
        fault = kinds[len(found) % len(kinds)]
        # Now and then longer than a storage call is given, mostly shorter.
        lasts = chance.choice((0.5, 1.0, 2.0, 6.0)) if fault is Fault.PAUSE_STORAGE else 0.0
        found.append(PlannedFault(at, fault, lasts, chance.randrange(HOSTS)))
        at += lasts + _RESTART_SECONDS + chance.uniform(1, 6)
    return found
