"""Wake-ups: one message a webhook, in a queue of its own, that looks after the deliveries that wait."""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events.announcement import parse_message
from shared.storage.account import StorageAccount

WAKEUPS_QUEUE = "wakeups"


class WakeUp(BaseModel):
    """Asks to look after what waits for a webhook.

    `number` is counted in the webhook's pace: one that is lower than there is out of date, and ends. Without a number
    it only asks to put away what waits for a webhook that is gone or not active any more.
    """

    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid", strict=True)

    version: Literal[1] = 1
    webhook_id: Annotated[int, Field(ge=1, lt=2**31)]
    number: Annotated[int, Field(ge=1)] | None = None

    def as_text(self) -> str:
        """The text of the message."""
        return self.model_dump_json(exclude_none=True)


def parse_wake_up(body: bytes) -> WakeUp:
    """The wake-up in a message; raises UnrecognizedMessage for anything else."""
    return parse_message(WakeUp, body, f"the message in queue {WAKEUPS_QUEUE} does not come from the hub")


class WakeUpQueue:
    """Sends wake-ups. `now` returns the current time by the storage service's clock."""

    def __init__(self, storage: StorageAccount, now: Callable[[], datetime]) -> None:
        self._queue = storage.queue(WAKEUPS_QUEUE)
        self._now = now

    def send(self, wake_up: WakeUp, due: datetime | None = None) -> None:
        """Send a wake-up that comes at `due`, not earlier, or at once; raises StorageDown."""
        delay = timedelta(0) if due is None else due - self._now()
        self._queue.send(wake_up.as_text(), delay_seconds=max(ceil(delay.total_seconds()), 0))
