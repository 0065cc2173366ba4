"""Whatever waits is sent in the end: a model of one webhook, driven by the pure rules, with any receiver and any fault.

The model has a row, a list, two queues, and deliveries that wait, all with the order of writes of store.py, gate.py,
waker.py and progress.py. A step may be killed before any of its writes: then its message comes again, as the host sees
to it. Wake-ups are lost and doubled. Attempts take time, so their outcomes arrive late and in any order.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from math import ceil
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.delivery.pace.circuit import (
    Blocked,
    Kind,
    Outcome,
    after,
    blocked,
    claim_probe,
    may_probe,
    open_for_silence,
)
from shared.delivery.pace.state import Circuit, Pace
from shared.delivery.pace.transition import is_news, list_entry, settled, short_of_places
from shared.delivery.pace.waking import (
    OVERDUE,
    Probe,
    Release,
    Rest,
    is_overdue,
    needs_wake_up,
    next_step,
    place_delay,
    with_wake_up,
)
from shared.delivery.waiting import WaitingDelivery, WaitingReason
from tests.delivery.pace.paces import LIMITS, NOW, seconds, waiting

COMES_AGAIN = 30.0
"""Seconds until the host hands out a message again whose function died."""

TROUBLE = 400.0
"""Seconds in which receivers misbehave, steps are killed, and wake-ups get lost."""

PLACES = 4


class Killed(Exception):
    """The process died."""


@dataclass(frozen=True)
class Message:
    """Asks for an attempt."""

    event: int
    attempt: int = 0
    probe: int | None = None


@dataclass
class Hub:
    """The model. `answers` gives what the receiver does with an attempt: how long it takes, and a status."""

    random: Random
    answers: Callable[[float], tuple[float, str]]
    kills: float
    loses: float
    now: float = 0.0
    pace: Pace = field(default_factory=Pace)
    entries: list[tuple[float, Blocked | None]] = field(default_factory=list)
    rows: dict[int, tuple[WaitingDelivery, int]] = field(default_factory=dict)
    delivered: set[int] = field(default_factory=set)
    under_way: int = 0
    probing_until: float = -1.0
    paused_until: float = -1.0
    _todo: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _number: "count[int]" = field(default_factory=count)

    @property
    def moment(self) -> datetime:
        return NOW + seconds(self.now)

    @property
    def is_in_trouble(self) -> bool:
        return self.now < TROUBLE

    def at(self, delay: float, then: Callable[[], None]) -> None:
        heapq.heappush(self._todo, (self.now + delay, next(self._number), then))

    def run(self, until: float) -> None:
        while self._todo and self._todo[0][0] <= until:
            self.now, _, then = heapq.heappop(self._todo)
            then()
        self.now = until

    # What a host does

    def send(self, message: Message, delay: timedelta = timedelta(0)) -> None:
        self.at(ceil(delay.total_seconds()) + 0.1, lambda: self.hand_out(lambda: self.work(message)))

    def send_wake_up(self, number: int, due: datetime) -> None:
        delay = max(ceil((due - self.moment).total_seconds()), 0) + 0.1
        if self.is_in_trouble and self.random.random() < self.loses:
            return
        for _ in range(1 + (self.is_in_trouble and self.random.random() < self.loses)):
            self.at(delay, lambda: self.hand_out(lambda: self.wake(number)))

    def hand_out(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Killed:
            self.at(COMES_AGAIN, lambda: self.hand_out(work))

    def write(self) -> None:
        """Comes before each write."""
        if self.is_in_trouble and self.random.random() < self.kills:
            raise Killed

    # What the store does

    def change(self, to: Callable[[Pace], Pace | None], *, ends_probe: bool = False) -> Pace | None:
        before, changed = self.pace, to(self.pace)
        if changed is None:
            return None
        pace = settled(before, changed, self.moment)
        if pace.wake_number > before.wake_number:
            self.write()
            assert pace.wake_due is not None
            self.send_wake_up(pace.wake_number, pace.wake_due)
        if before.is_listed and not pace.is_listed:
            self.write()
            self.entries.append((self.now, None))
        self.write()
        self.pace = pace
        # Whoever is killed from here on has said it: the next probe may begin, and nobody may call in the pause.
        if ends_probe:
            self.probing_until = -1.0
        if pace.paused_until is not None:
            self.paused_until = max(self.paused_until, (pace.paused_until - NOW).total_seconds())
        entry = list_entry(pace, self.moment)
        if entry is not None and is_news(list_entry(before, self.moment), entry):
            self.write()
            self.entries.append((self.now, entry))
        return pace

    def ensure_wake_up(self, due: datetime) -> None:
        if needs_wake_up(self.pace, self.moment, due):
            self.change(lambda row: with_wake_up(row, due))

    def park(self, message: Message, stopped: Blocked) -> None:
        self.ensure_wake_up(stopped.until)
        self.at(self.random.uniform(0, 2), lambda: self.hand_out(lambda: self.insert(message)))

    def insert(self, message: Message) -> None:
        self.write()
        self.rows[message.event] = waiting(message.event, at=NOW + seconds(message.event / 1000)), message.attempt

    # What dispatch does

    def dispatch(self, event: int) -> None:
        # What a process knows of the list may be a second old.
        at = self.now - self.random.uniform(0, 1)
        entry = next((entry for moment, entry in reversed(self.entries) if moment <= at), None)
        if entry is not None and self.moment <= entry.until + OVERDUE:
            self.write()
            self.rows.setdefault(event, (waiting(event, at=NOW + seconds(event / 1000)), 0))
            return
        self.write()
        self.send(Message(event))
        if entry is not None and (self.pace.wake_due is None or is_overdue(self.pace, self.moment)):
            self.ensure_wake_up(self.moment)

    # What a worker does

    def work(self, message: Message) -> None:
        if message.event in self.delivered:
            return
        pace, now = self.pace, self.moment
        is_probe = pace.circuit is Circuit.HALF_OPEN and message.probe == pace.wake_number
        stopped = None if is_probe else blocked(pace, now)
        if stopped is not None and pace.is_idle and may_probe(pace, now):
            self.change(lambda row: claim_probe(row, now, LIMITS))
            is_probe, stopped = True, None
        if stopped is None and self.under_way >= PLACES and not is_probe:
            stopped = self.no_place()
        if stopped is not None:
            self.park(message, stopped)
            return
        self.begin(message, is_probe=is_probe)

    def no_place(self) -> Blocked:
        if self.random.random() < 0.1:
            self.change(lambda row: open_for_silence(row, self.moment, LIMITS, self.random.random()))
        stopped = blocked(self.pace, self.moment)
        if stopped is not None:
            return stopped
        due, answers = self.moment + place_delay(self.pace.place_waits + 1), self.random.random() < 0.5
        if needs_wake_up(self.pace, self.moment, due) or (not answers and not self.pace.is_listed):
            self.change(lambda row: short_of_places(row, self.moment, due, is_answering=answers))
        return Blocked(WaitingReason.PLACE, due)

    def begin(self, message: Message, *, is_probe: bool) -> None:
        assert self.now >= self.paused_until, "an attempt during a pause"
        if is_probe:
            assert self.now >= self.probing_until, "two probes at a time"
            self.probing_until = self.now + LIMITS.probe_seconds
        else:
            assert self.pace.circuit is Circuit.CLOSED, "an attempt while the circuit is open"
        self.under_way += 1
        took, status = self.answers(self.now)
        began = self.moment
        self.at(took, lambda: self.end(message, began, took, status, is_probe=is_probe))

    def end(self, message: Message, began: datetime, took: float, status: str, *, is_probe: bool) -> None:
        self.under_way -= 1
        try:
            self.learn(message, began, took, status, is_probe=is_probe)
        except Killed:
            # Its message is still in the queue, as a possible repeat.
            self.at(COMES_AGAIN, lambda: self.hand_out(lambda: self.work(replace(message, probe=None))))

    def learn(self, message: Message, began: datetime, took: float, status: str, *, is_probe: bool) -> None:
        kind = {"ok": Kind.SUCCESS, "bad": Kind.FAILURE}.get(status, Kind.PAUSE)
        wait = seconds(self.random.choice([0, 20])) if kind is Kind.PAUSE else timedelta(0)
        outcome = Outcome(kind, f"e{message.event}", began, is_quick=took < 1, wait=wait, is_probe=is_probe)
        spread = self.random.random()
        pace = self.change(lambda row: after(row, outcome, self.moment, LIMITS, spread), ends_probe=is_probe)
        assert pace is not None
        if kind is Kind.SUCCESS:
            self.delivered.add(message.event)
            return
        message = replace(message, attempt=message.attempt + 1, probe=None)
        stopped = blocked(pace, self.moment)
        if stopped is None:
            self.write()
            self.send(message, seconds(min(2**message.attempt, 30)))
        else:
            self.park(message, stopped)

    # What a waker does

    def wake(self, number: int) -> None:
        if number < self.pace.wake_number:
            return
        oldest = [row for row, _ in sorted(self.rows.values(), key=lambda one: one[0].event_at)][:96]
        step = next_step(self.pace, oldest, self.moment, LIMITS)
        pace = step.pace if isinstance(step, Rest) else with_wake_up(step.pace, step.due)
        written = self.change(lambda _: replace(pace, is_idle=step.pace.is_idle))
        assert written is not None
        match step:
            case Probe(delivery=one):
                self.put_back([one], written.wake_number)
            case Release(deliveries=several):
                self.put_back(several, None)

    def put_back(self, several: "tuple[WaitingDelivery, ...] | list[WaitingDelivery]", probe: int | None) -> None:
        numbers = [int(one.event_id[1:]) for one in several]
        for number in numbers:
            self.write()
            self.send(Message(number, self.rows[number][1], probe))
        self.write()
        for number in numbers:
            del self.rows[number]


def any_receiver(random: Random) -> Callable[[float], tuple[float, str]]:
    """One that changes its behaviour again and again, until the trouble is over."""
    changes = sorted(random.uniform(0, TROUBLE) for _ in range(6))
    kinds = [random.choice(["ok", "bad", "hangs", "slow", "429", "mixed"]) for _ in range(7)]
    times = {"ok": 0.02, "bad": 0.02, "hangs": 15.0, "slow": 2.0, "429": 0.02}

    def answers(now: float) -> tuple[float, str]:
        if now >= TROUBLE:
            return 0.02, "ok"
        kind = kinds[sum(moment <= now for moment in changes)]
        kind = random.choice(list(times)) if kind == "mixed" else kind
        return times[kind], {"hangs": "bad", "slow": "ok"}.get(kind, kind)

    return answers


@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.02, 0.2]), st.sampled_from([0.0, 0.1, 0.5]))
@settings(deadline=None, max_examples=300)
def test_whatever_waits_is_sent_in_the_end_and_never_early(seed: int, kills: float, loses: float) -> None:
    random = Random(seed)  # noqa: S311 - no secret
    hub = Hub(random, any_receiver(random), kills, loses)
    events = range(60)
    for event in events:
        moment = random.uniform(0, TROUBLE)
        hub.at(moment, lambda event=event: hub.hand_out(lambda: hub.dispatch(event)))  # type: ignore[misc]
    # A wake-up that was lost is made again by what comes later.
    later = range(1000, 1060)
    for number, event in enumerate(later):
        hub.at(TROUBLE + 70.0 * number, lambda event=event: hub.hand_out(lambda: hub.dispatch(event)))  # type: ignore[misc]
    hub.run(TROUBLE + 70.0 * 60 + 1)
    assert hub.delivered == {*events, *later}
    assert not hub.rows
    assert hub.pace.circuit is Circuit.CLOSED
    hub.run(hub.now + 400)
    assert hub.pace.wake_due is None, "a wake-up goes round for nothing"


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=50)
def test_without_faults_nothing_needs_a_later_event_to_be_sent(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - no secret
    hub = Hub(random, any_receiver(random), 0.0, 0.0)
    for event in range(30):
        hub.at(random.uniform(0, TROUBLE), lambda event=event: hub.hand_out(lambda: hub.dispatch(event)))  # type: ignore[misc]
    hub.run(TROUBLE + 1.1 * LIMITS.delays[-1] + 300)
    assert hub.delivered == set(range(30))
    assert not hub.rows
