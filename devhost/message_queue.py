"""A storage queue as a listener uses it: each call in a thread, pop receipts kept up to date."""

import asyncio
import base64
import binascii
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from devhost.queue_service import NoSuchThing, QueueMessage, QueueService

_POISON_SUFFIX = "-poison"
_MAX_NAME = 63


@dataclass
class Leased:
    """A message that is worked on. Each renewal changes the pop receipt, so only one call at a time may use it."""

    message: QueueMessage
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def dequeue_count(self) -> int:
        """How often it was fetched."""
        return self.message.dequeue_count

    def body(self, *, is_base64: bool) -> bytes | None:
        """Its decoded text, or None if it is not encoded as host.json says."""
        if not is_base64:
            return self.message.content.encode()
        try:
            return base64.b64decode(self.message.content, validate=True)
        except (binascii.Error, ValueError):
            return None


class MessageQueue:
    """One queue."""

    def __init__(self, service: QueueService, name: str, executor: ThreadPoolExecutor, *, is_base64: bool) -> None:
        self.name = name
        self._is_base64 = is_base64
        self._service = service
        self._executor = executor

    async def fetch(self, most: int, lease_seconds: int) -> list[Leased]:
        """Up to `most` messages, invisible to others for the lease; none if the queue does not exist."""
        try:
            fetched = await self._run(lambda: self._service.fetch(self.name, most, lease_seconds))
        except NoSuchThing:
            return []
        return [Leased(message) for message in fetched]

    async def keep(self, leased: Leased, seconds: int) -> None:
        """Keep a message invisible for so long from now; 0 gives it back at once."""
        async with leased.lock:
            leased.message = await self._run(lambda: self._service.hide(self.name, leased.message, seconds))

    async def delete(self, leased: Leased) -> None:
        """Remove a message that is done. Does nothing if it is gone already."""
        async with leased.lock:
            try:
                await self._run(lambda: self._service.delete(self.name, leased.message))
            except NoSuchThing:
                return

    async def poison(self, leased: Leased) -> bool:
        """Copy a message to the poison queue, where it expires after a week as in Azure; then remove it.

        Returns False if this queue has no poison queue: the message stays, leased.
        """
        name = self.name + _POISON_SUFFIX
        if self.name.endswith(_POISON_SUFFIX) or len(name) > _MAX_NAME:
            return False
        await self._run(lambda: self._service.send(name, leased.message.content))
        await self.delete(leased)
        return True

    async def send(self, body: str) -> None:
        """Send a text as host.json encodes it, for an output binding; it expires after a week as in Azure."""
        text = base64.b64encode(body.encode()).decode() if self._is_base64 else body
        await self._run(lambda: self._service.send(self.name, text))

    async def _run[T](self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)
