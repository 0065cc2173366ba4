"""One instance of the hub: its host takes messages from the queues, and hands them to what works on them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bench.simulation.kernel import Clock, Process, Sleep, Use
from bench.simulation.machine import Machine
from bench.simulation.receivers import Receiver
from bench.simulation.rows import Rows
from bench.simulation.storage import Delivery, Event, Queue, Storage
from bench.simulation.waker import Waker
from bench.simulation.worker import Worker
from devhost.install import ROOT
from shared.delivery.pace.blocked import GRACE
from shared.delivery.pace.circuit import PaceLimits
from shared.delivery.pace.waking import is_overdue

_ACCEPT, _DISPATCH = 0.0002, 0.0001
"""Seconds of processor besides those of storage transactions."""

_POLLS = (0.1, 0.2, 0.5)
"""Seconds until an idle queue is looked at again."""


@dataclass(frozen=True)
class HostLimits:
    """Of each queue, the host takes up to `batch_size` messages while `threshold` or fewer are worked on."""

    batch_size: int
    threshold: int


def host_limits() -> HostLimits:
    """Those of host.json."""
    queues = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["queues"]
    return HostLimits(queues["batchSize"], queues["newBatchThreshold"])


class Instance:
    """One process: its places, its lag, and what it knows of rows are its own."""

    def __init__(
        self, clock: Clock, storage: Storage, receivers: dict[int, Receiver], random: Random, host: HostLimits
    ) -> None:
        limits = PaceLimits()
        self._host = host
        self._machine = Machine(clock, storage, random)
        self._rows = Rows(self._machine)
        self._worker = Worker(self._machine, self._rows, receivers, limits)
        waker = Waker(self._machine, self._rows, self._worker.places, limits)
        self._clock, self._storage = clock, storage
        clock.start(self._poll(storage.events, self._dispatch))
        clock.start(self._poll(storage.deliveries, self._worker.deliver))
        clock.start(self._poll(storage.wake_ups, waker.wake))

    def accept(self, event: Event) -> Process[None]:
        """Take an event in."""
        yield Use(self._machine.core, _ACCEPT)
        yield from self._machine.call("receive", 2)
        self._storage.events.send(event)

    def _poll[T](self, queue: Queue[T], work: Callable[[T], Process[None]]) -> Process[None]:
        under_way, idle = [0], 0

        def one(message: T) -> Process[None]:
            yield from work(message)
            yield from self._machine.call("host")
            under_way[0] -= 1

        while True:
            taken = queue.take(self._host.batch_size) if under_way[0] <= self._host.threshold else []
            if taken:
                yield from self._machine.call("host")
                idle = 0
                under_way[0] += len(taken)
                for message in taken:
                    self._clock.start(one(message))
            if len(taken) < self._host.batch_size:
                # A full host looks whether it has room again; an idle one at its queue, ever more seldom.
                yield Sleep(0.01 if under_way[0] > self._host.threshold else _POLLS[min(idle, len(_POLLS) - 1)])
                idle += 1

    def _dispatch(self, event: Event) -> Process[None]:
        yield Use(self._machine.core, _DISPATCH)
        yield from self._machine.call("dispatch")
        listed = yield from self._rows.blocked()
        for webhook in event.webhooks:
            entry, now = listed.get(webhook), self._machine.now()
            delivery = Delivery(event, webhook)
            if entry is not None and now <= entry.until + GRACE:
                yield from self._worker.park(delivery, entry)
                continue
            yield from self._machine.call("dispatch")
            self._storage.deliveries.send(delivery)
            if entry is not None:
                pace = yield from self._rows.read(webhook)
                if pace.wake_due is None or is_overdue(pace, now):
                    yield from self._rows.ensure_wake_up(webhook, pace, now)
        yield from self._machine.call("dispatch")
