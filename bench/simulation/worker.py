"""Works on one message that asks for an attempt, as the app's worker, gate and progress do."""

from dataclasses import replace
from datetime import datetime, timedelta

from bench.simulation.kernel import Await, Process, Signal, Sleep, Use
from bench.simulation.machine import Machine
from bench.simulation.receivers import Receiver
from bench.simulation.rows import Rows
from bench.simulation.storage import Delivery
from shared.delivery.pace.circuit import (
    Blocked,
    Kind,
    Outcome,
    PaceLimits,
    after,
    blocked,
    claim_probe,
    may_probe,
    open_for_silence,
)
from shared.delivery.pace.places import Places, Verdict
from shared.delivery.pace.receiver import QUICK_SECONDS
from shared.delivery.pace.state import Circuit, Pace
from shared.delivery.pace.transition import short_of_places
from shared.delivery.pace.waking import needs_wake_up, place_delay
from shared.delivery.policy import next_delay
from shared.delivery.waiting import WaitingDelivery, WaitingReason
from shared.events.event import EventId

RETRY_DELAYS = (1, 4, 300, 1800, 7200, 18000, 36000)
_ATTEMPT = 0.0009
"""Seconds of processor before an attempt, and after it."""


class Worker:
    """Its places are its instance's own."""

    def __init__(self, machine: Machine, rows: Rows, receivers: dict[int, Receiver], limits: PaceLimits) -> None:
        self.places = Places()
        self._machine, self._rows, self._receivers, self._limits = machine, rows, receivers, limits
        self._clock, self._storage, self._random = machine.clock, machine.storage, machine.random
        self._changed = Signal(machine.clock)

    def deliver(self, message: Delivery) -> Process[None]:
        """At most one attempt."""
        webhook = message.webhook
        yield from self._machine.read_once(("registration", webhook), "delivery")
        pace = yield from self._rows.read(webhook)
        admitted = yield from self._admit(webhook, pace, message.probe)
        if isinstance(admitted, Blocked):
            yield from self._park(message, admitted)
            return
        is_probe = admitted
        verdict = yield from self._enter(message, pace, is_probe=is_probe)
        if verdict is not Verdict.ENTER:
            stopped = yield from self._no_place(webhook)
            yield from self._park(message, stopped)
            return
        key = str(message.event.number)
        latest = self._rows.latest(webhook)
        stopped_now = None if is_probe else blocked(latest, self._machine.now())
        if stopped_now is None:
            yield from self._attempt(message, key, is_probe=is_probe)
        else:
            self.places.leave(webhook, key, self._clock.now, succeeded=None, head_seconds=None)
            self._changed.fire()
            yield from self._park(message, stopped_now)

    def _admit(self, webhook: int, pace: Pace, probe: int | None) -> Process[bool | Blocked]:
        now = self._machine.now()
        if pace.circuit is Circuit.HALF_OPEN and probe is not None and probe == pace.wake_number:
            return True
        stopped = blocked(pace, now)
        if stopped is None:
            return False
        if pace.is_idle and may_probe(pace, now):
            claimed = yield from self._rows.change(
                webhook,
                lambda row, now: claim_probe(row, now, self._limits) if row.is_idle and may_probe(row, now) else None,
            )
            if claimed is not None:
                return True
        return stopped

    def _enter(self, message: Delivery, pace: Pace, *, is_probe: bool) -> Process[Verdict]:
        webhook, key, came = message.webhook, str(message.event.number), self._clock.now
        self.places.note(webhook, is_proven=pace.is_quick, mark=(pace.turned_at, pace.paused_until))
        self.places.begin_waiting(webhook)
        while True:
            now = self._clock.now
            verdict = self.places.judge(webhook, key, now - came, now, self._machine.lag, is_probe=is_probe)
            if verdict is not Verdict.WAIT:
                break
            yield Await(self._changed, 0.1)
        self.places.end_waiting(webhook)
        if verdict is Verdict.ENTER:
            self.places.enter(webhook, key, self._clock.now)
        return verdict

    def _attempt(self, message: Delivery, key: str, *, is_probe: bool) -> Process[None]:
        webhook, receiver = message.webhook, self._receivers[message.webhook]
        began, began_at = self._clock.now, self._machine.now()
        yield Use(self._machine.core, _ATTEMPT)
        answer = receiver.call(self._clock.now, message.event.number)
        yield Sleep(answer.seconds)
        yield Use(self._machine.core, _ATTEMPT)
        head = None
        if answer.status:
            self.places.head(webhook, key)
            head = max(self._clock.now - began - self._machine.lag, 0.0)
        is_success = answer.status == 200
        if is_success:
            receiver.got.setdefault(message.event.number, self._clock.now)
        kind = Kind.SUCCESS if is_success else Kind.PAUSE if answer.wait else Kind.FAILURE
        is_quick = head is not None and head <= QUICK_SECONDS
        wait = timedelta(seconds=answer.wait)
        outcome = Outcome(kind, key, began_at, is_quick=is_quick, wait=wait, is_probe=is_probe)
        spread = self._random.random()
        pace = yield from self._rows.change(webhook, lambda row, now: after(row, outcome, now, self._limits, spread))
        if not is_success:
            yield from self._go_on(message, kind, pace or self._rows.latest(webhook))
        yield from self._machine.call("delivery")
        self.places.leave(webhook, key, self._clock.now, succeeded=is_success, head_seconds=head)
        self._changed.fire()

    def _go_on(self, message: Delivery, kind: Kind, pace: Pace) -> Process[None]:
        """What follows a failed attempt."""
        now = self._machine.now()
        is_early = message.due_at is not None and now < message.due_at
        if kind is Kind.FAILURE and not is_early:
            delay = next_delay(RETRY_DELAYS, message.attempt + 1, timedelta(0), self._random.random())
            if delay is None:
                return
            message = replace(message, attempt=message.attempt + 1, due_at=now + delay)
        message = replace(message, probe=None)
        stopped = blocked(pace, now)
        if stopped is not None:
            yield from self._park(message, stopped)
            return
        yield from self._machine.call("delivery")
        delay = max((message.due_at or now) - now, timedelta(0))
        self._storage.deliveries.send(replace(message, due_at=None), delay)

    def _no_place(self, webhook: int) -> Process[Blocked]:
        if self.places.is_silent(webhook, self._clock.now, self._machine.lag):
            spread = self._random.random()

            def silent(row: Pace, now: datetime) -> Pace | None:
                opened = open_for_silence(row, now, self._limits, spread)
                return None if opened == row else opened

            yield from self._rows.change(webhook, silent)
        pace, now = self._rows.latest(webhook), self._machine.now()
        stopped = blocked(pace, now)
        if stopped is not None:
            return stopped
        due = now + place_delay(pace.place_waits + 1)
        is_answering = self.places.is_answering(webhook, self._clock.now, self._machine.lag)
        if needs_wake_up(pace, now, due) or (not is_answering and not pace.is_listed):
            yield from self._rows.change(
                webhook, lambda row, now: short_of_places(row, now, due, is_answering=is_answering)
            )
        return Blocked(WaitingReason.PLACE, due)

    def _park(self, message: Delivery, stopped: Blocked) -> Process[None]:
        yield from self._rows.ensure_wake_up(message.webhook, self._rows.latest(message.webhook), stopped.until)
        yield from self.park(message, stopped)

    def park(self, message: Delivery, stopped: Blocked) -> Process[None]:
        """Write down that a delivery waits."""
        yield from self._machine.call("park")
        number, webhook = message.event.number, message.webhook
        parked_at = message.parked_at or self._machine.now()
        row = WaitingDelivery(
            webhook_id=webhook,
            event_id=EventId(str(number)),
            event_type="thing",
            event_at=parked_at,
            reason=stopped.reason,
            parked_at=parked_at,
            until=stopped.until,
            attempt=message.attempt,
        )
        self._storage.waiting.setdefault(webhook, {})[number] = row, replace(message, parked_at=parked_at, probe=None)
        self._receivers[webhook].parked += 1
