"""Works on one wake-up, as the app's waker does."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bench.simulation.kernel import Process
from bench.simulation.machine import Machine
from bench.simulation.rows import Rows
from bench.simulation.storage import Wake
from shared.delivery.pace.circuit import PaceLimits
from shared.delivery.pace.places import Places
from shared.delivery.pace.state import Pace
from shared.delivery.pace.waking import MAX_RELEASED, Probe, Release, Rest, Step, next_step, with_wake_up
from shared.delivery.waiting import WaitingDelivery


class Waker:
    """It asks the places of its instance how many attempts a receiver bears."""

    def __init__(self, machine: Machine, rows: Rows, places: Places, limits: PaceLimits) -> None:
        self._machine, self._rows, self._places, self._limits = machine, rows, places, limits
        self._storage = machine.storage

    def wake(self, wake: Wake) -> Process[None]:
        """Look after what waits, oldest first."""
        webhook = wake.webhook
        yield from self._machine.read_once(("registration", webhook), "wake")
        pace = yield from self._rows.read(webhook)
        if wake.number < pace.wake_number:
            return
        yield from self._machine.call("wake")
        rows = sorted(self._storage.waiting.get(webhook, {}).items())[:MAX_RELEASED]
        waiting = [row for _, (row, _) in rows]
        messages = {row.event_id: message for _, (row, message) in rows}
        steps: list[Step] = []

        def taken(row: Pace, now: datetime) -> Pace | None:
            if wake.number < row.wake_number:
                return None
            step = next_step(row, waiting, now, self._limits, a_second=self._places.a_second(webhook))
            steps[:] = [step]
            if isinstance(step, Rest):
                return step.pace
            return replace(with_wake_up(step.pace, step.due), is_idle=step.pace.is_idle)

        written = yield from self._rows.change(webhook, taken)
        if written is None:
            return
        match steps[0]:
            case Probe(delivery=one):
                yield from self._machine.call("wake")
                self._storage.deliveries.send(replace(messages[one.event_id], probe=written.wake_number))
                yield from self._remove(webhook, [one])
            case Release(deliveries=several):
                for one in several:
                    yield from self._machine.call("wake")
                    self._storage.deliveries.send(messages[one.event_id])
                yield from self._remove(webhook, several)

    def _remove(self, webhook: int, rows: Iterable[WaitingDelivery]) -> Process[None]:
        yield from self._machine.call("wake")
        for row in rows:
            if self._storage.waiting[webhook].get(int(row.event_id), (None,))[0] is row:
                del self._storage.waiting[webhook][int(row.event_id)]
