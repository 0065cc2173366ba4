"""One measurement for every sender: the same client, receiver and cores, one after the other in one run."""

import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bench.load import Run
from bench.receiver import RunningReceiver
from bench.runs import run_events, warm_up
from bench.senders import Sender

STEADY = (100, 5.0)
"""Events, and how many a second."""
BURST = 200
BURSTS = 3
PATIENCE_SECONDS = 45.0
_SETTLE_SECONDS = 1.0

type Start = Callable[..., AbstractContextManager[Sender]]


@dataclass(frozen=True)
class Compared:
    """What one sender did: at a steady rate, in bursts one after the other, and in one with a hanging receiver beside.

    `cpu` has the processor seconds of an event in each burst.
    """

    name: str
    settings: str
    steady: Run
    bursts: tuple[Run, ...]
    cpu: tuple[float, ...]
    beside_hanging: Run

    @property
    def burst(self) -> Run:
        """The burst with the median rate of deliveries."""
        return sorted(self.bursts, key=lambda run: run.delivered_a_second)[len(self.bursts) // 2]

    @property
    def cpu_an_event(self) -> float:
        """The median, in seconds."""
        return statistics.median(self.cpu)


def compare(start: Start, receiver: RunningReceiver, folder: Path) -> Compared:
    """Start the sender twice, each time afresh, and measure; raises NotAvailable."""
    healthy, hanging = f"{receiver.url}/healthy", f"{receiver.url}/hanging"
    with start(folder / "healthy", healthy) as sender:
        warm_up(sender, receiver)
        steady = run_events(sender, receiver, *STEADY)
        bursts, cpu = zip(*(_burst(sender, receiver) for _ in range(BURSTS)), strict=True)
    with start(folder / "hanging", healthy, hanging) as sender:
        # Not warmed up: the first event already meets the receiver that hangs.
        beside = run_events(sender, receiver, BURST, patience_seconds=PATIENCE_SECONDS)
        return Compared(sender.name, sender.settings, steady, bursts, cpu, beside)


def _burst(sender: Sender, receiver: RunningReceiver) -> tuple[Run, float]:
    before = sender.cpu_seconds()
    run = run_events(sender, receiver, BURST, patience_seconds=PATIENCE_SECONDS)
    # What is written down after the receiver has answered belongs to the event as well.
    time.sleep(_SETTLE_SECONDS)
    return run, (sender.cpu_seconds() - before) / BURST
