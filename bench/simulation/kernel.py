"""A clock that jumps from one thing that happens to the next, processes, and a processor that they share."""

import heapq
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from itertools import count

QUANTUM = 0.005
"""How long a thread of Python runs until another one has its turn."""


@dataclass(frozen=True)
class Sleep:
    """Let so many seconds pass."""

    seconds: float


@dataclass(frozen=True)
class Use:
    """Need so many seconds of a processor."""

    core: "Core"
    seconds: float


@dataclass(frozen=True)
class Await:
    """Wait until a signal is set off, or so many seconds have passed."""

    signal: "Signal"
    seconds: float = 1e9


type Process[T] = Generator[Sleep | Use | Await, None, T]


class Signal:
    """What processes wait for; all of them go on together."""

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self._waiting: list[Callable[[], None]] = []

    def add(self, go_on: Callable[[], None]) -> None:
        """Go on when the signal is set off the next time."""
        self._waiting.append(go_on)

    def fire(self) -> None:
        """Let all go on that wait now."""
        waiting, self._waiting = self._waiting, []
        for go_on in waiting:
            self._clock.after(0.0, go_on)


@dataclass
class Clock:
    """The time, and what is going to happen."""

    now: float = 0.0
    _todo: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _number: "count[int]" = field(default_factory=count)

    def after(self, seconds: float, then: Callable[[], None]) -> None:
        """Let something happen so many seconds from now."""
        heapq.heappush(self._todo, (self.now + seconds, next(self._number), then))

    def start(self, process: Process[None]) -> None:
        """Begin a process."""
        self.after(0.0, lambda: self._step(process))

    def run(self, until: float) -> None:
        """Let everything happen up to a moment."""
        while self._todo and self._todo[0][0] <= until:
            self.now, _, then = heapq.heappop(self._todo)
            then()
        self.now = until

    def _step(self, process: Process[None]) -> None:
        try:
            wanted = next(process)
        except StopIteration:
            return
        match wanted:
            case Sleep(seconds):
                self.after(seconds, lambda: self._step(process))
            case Use(core, seconds):
                core.use(seconds, lambda: self._step(process))
            case Await(signal, seconds):
                once = _Once(lambda: self._step(process))
                signal.add(once)
                if seconds < 1e9:
                    self.after(seconds, once)


class _Once:
    """Something that is done once, however often it is called."""

    def __init__(self, then: Callable[[], None]) -> None:
        self._then: Callable[[], None] | None = then

    def __call__(self) -> None:
        then, self._then = self._then, None
        if then is not None:
            then()


class Core:
    """A processor: those that need it take turns."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._line: deque[tuple[float, Callable[[], None]]] = deque()
        self._is_busy = False
        self.used = 0.0

    def use(self, seconds: float, then: Callable[[], None]) -> None:
        """Use it for so long, and go on."""
        self._line.append((seconds, then))
        if not self._is_busy:
            self._turn()

    def _turn(self) -> None:
        if not self._line:
            self._is_busy = False
            return
        self._is_busy = True
        seconds, then = self._line.popleft()
        # Alone, nobody else has to have a turn.
        taken = min(seconds, QUANTUM) if self._line else seconds
        self.used += taken
        self._clock.after(taken, lambda: self._ran(seconds - taken, then))

    def _ran(self, left: float, then: Callable[[], None]) -> None:
        if left > 1e-9:
            self._line.append((left, then))
        else:
            then()
        self._turn()
