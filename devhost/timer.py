"""Runs one function at the times of its schedule."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from devhost.invocation import Invocations
from devhost.messages import TypedData
from devhost.metadata import Function
from devhost.schedules import Schedule

TIMER_DATA = '{"IsPastDue": false, "ScheduleStatus": {}, "Schedule": {}}'
"""What the function is given. This host notes no earlier runs, so none is ever overdue."""

_LOOK_SECONDS = 30.0
"""The clock of a machine that sleeps, or is set, is looked at so often."""

log = logging.getLogger("devhost")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Timer:
    """Waits for the next time, runs the function, and begins anew, until it is told to stop.

    As on the platform a run that outlasts the next time leaves that one out.
    """

    def __init__(
        self,
        function: Function,
        schedule: Schedule,
        invocations: Invocations,
        *,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._function = function
        self._schedule = schedule
        self._invocations = invocations
        self._now = now
        self._stopped = asyncio.Event()

    async def listen(self) -> None:
        """Run the function whenever it is due."""
        while (due := self._schedule.next_after(self._now())) is not None:
            await self._wait_until(due)
            if self._stopped.is_set():
                return
            log.info("%s is due", self._function.name)
            await self._invocations.run(self._function, TypedData(json=TIMER_DATA), {})

    def stop(self) -> None:
        """Start it no more; what runs goes on to its end."""
        self._stopped.set()

    async def _wait_until(self, due: datetime) -> None:
        while not self._stopped.is_set() and (left := (due - self._now()).total_seconds()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), min(left, _LOOK_SECONDS))
