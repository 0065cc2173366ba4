"""One instance's processor, its clock, and its way to storage."""

from datetime import datetime
from random import Random

from bench.simulation.kernel import Await, Clock, Core, Process, Signal, Sleep, Use
from bench.simulation.storage import Storage

CALL = 0.0013
"""Seconds of processor that a storage transaction takes."""

LATENCY = 0.004
_MEASURED = 40


class Machine:
    """What an instance runs on. `lag` is how late the process is, `random` spreads what is spread."""

    def __init__(self, clock: Clock, storage: Storage, random: Random) -> None:
        self.clock, self.storage, self.random = clock, storage, random
        self.core = Core(clock)
        # The service's clock is known from the Date of its answers, which has whole seconds.
        self._skew = random.uniform(-0.5, 0.5)
        self._late = [0.0] * _MEASURED
        self._reads: dict[object, Signal] = {}
        clock.start(self._measure_lag())

    @property
    def lag(self) -> float:
        """The longest delay of the last two seconds."""
        return max(self._late)

    def now(self) -> datetime:
        """The time by the storage service's clock, as far as this instance knows it."""
        return self.storage.moment(self._skew)

    def call(self, kind: str, times: int = 1) -> Process[None]:
        """Call storage, a transaction each time."""
        for _ in range(times):
            self.storage.transactions[kind] += 1
            yield Use(self.core, CALL)
            yield Sleep(LATENCY)

    def read_once(self, key: object, kind: str) -> Process[None]:
        """Read something; those who ask while it is read share the answer."""
        if key in self._reads:
            yield Await(self._reads[key])
            return
        signal = self._reads[key] = Signal(self.clock)
        yield from self.call(kind)
        del self._reads[key]
        signal.fire()

    def _measure_lag(self) -> Process[None]:
        while True:
            began = self.clock.now
            yield Sleep(0.05)
            yield Use(self.core, 0.00005)
            self._late = [*self._late[1:], max(self.clock.now - began - 0.05, 0.0)]
