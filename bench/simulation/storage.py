"""Rows, queues and the list of blocked webhooks, as all instances see them, and how many transactions they took."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil

from bench.simulation.kernel import Clock
from shared.delivery.pace.circuit import Blocked
from shared.delivery.pace.state import Pace
from shared.delivery.waiting import WaitingDelivery

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Event:
    """Something that happened, to be told to these webhooks."""

    number: int
    webhooks: tuple[int, ...]


@dataclass(frozen=True)
class Delivery:
    """A message that asks for an attempt."""

    event: Event
    webhook: int
    attempt: int = 0
    probe: int | None = None
    due_at: datetime | None = None
    parked_at: datetime | None = None


@dataclass(frozen=True)
class Wake:
    """A wake-up."""

    webhook: int
    number: int


class Queue[T]:
    """A queue whose delays are whole seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._visible: list[T] = []
        self.hidden = 0

    def send(self, message: T, delay: timedelta = timedelta(0)) -> None:
        """Send a message that is visible after a delay."""
        seconds = max(ceil(delay.total_seconds()), 0)
        if not seconds:
            self._visible.append(message)
            return
        self.hidden += 1
        self._clock.after(seconds, lambda: self._show(message))

    def _show(self, message: T) -> None:
        self.hidden -= 1
        self._visible.append(message)

    def take(self, at_most: int) -> list[T]:
        """Take the oldest visible messages."""
        taken, self._visible = self._visible[:at_most], self._visible[at_most:]
        return taken

    def __len__(self) -> int:
        return len(self._visible) + self.hidden


@dataclass
class Storage:
    """What instances share."""

    clock: Clock
    paces: dict[int, tuple[Pace, int]] = field(default_factory=dict)
    blocked: dict[int, Blocked] = field(default_factory=dict)
    waiting: dict[int, dict[int, tuple[WaitingDelivery, Delivery]]] = field(default_factory=dict)
    transactions: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.events: Queue[Event] = Queue(self.clock)
        self.deliveries: Queue[Delivery] = Queue(self.clock)
        self.wake_ups: Queue[Wake] = Queue(self.clock)

    def pace(self, webhook: int) -> tuple[Pace, int]:
        """A webhook's row and its version."""
        return self.paces.get(webhook, (Pace(), 0))

    def write(self, webhook: int, pace: Pace, version: int) -> bool:
        """Write a row over this version; False if it is another one by now."""
        if self.pace(webhook)[1] != version:
            return False
        self.paces[webhook] = pace, version + 1
        return True

    def moment(self, skew: float = 0.0) -> datetime:
        """The time by the storage service's clock, as an instance knows it."""
        return EPOCH + timedelta(seconds=self.clock.now + skew)
