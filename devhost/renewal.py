"""Something that is done again and again beside a longer piece of work."""

import asyncio
from collections.abc import Awaitable, Callable


class Renewal:
    """Calls `renew` every so many seconds until `end`; the seconds count from the return of the call before.

    Most work ends before the first call: until then it is a timer of the loop, which costs less than a task.
    """

    def __init__(self, seconds: float, renew: Callable[[], Awaitable[None]]) -> None:
        self._seconds = seconds
        self._renew = renew
        self._has_ended = False
        self._task: asyncio.Task[None] | None = None
        self._timer = self._set_timer()

    def end(self) -> None:
        """Begin no further call. One that is under way is finished, for what it changed must be known."""
        self._has_ended = True
        self._timer.cancel()

    def _set_timer(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._seconds, self._begin)

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._call())

    async def _call(self) -> None:
        if self._has_ended:
            return
        await self._renew()
        if not self._has_ended:
            self._timer = self._set_timer()
