"""A storage queue as a listener uses it: each call in a thread, pop receipts kept up to date."""

import asyncio
import base64
import binascii
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueMessage, QueueServiceClient

_POISON_SUFFIX = "-poison"
_MAX_NAME = 63
_NEVER_EXPIRES = -1


@dataclass
class Leased:
    """A message that is worked on. Each renewal changes the pop receipt, so only one call at a time may use it."""

    message: QueueMessage
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def dequeue_count(self) -> int:
        """How often it was fetched."""
        return int(self.message.dequeue_count or 1)

    def body(self, *, is_base64: bool) -> bytes | None:
        """Its decoded text, or None if it is not encoded as host.json says."""
        text = str(self.message.content)
        if not is_base64:
            return text.encode()
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return None


class MessageQueue:
    """One queue."""

    def __init__(
        self, service: QueueServiceClient, name: str, executor: ThreadPoolExecutor, *, is_base64: bool
    ) -> None:
        self.name = name
        self._is_base64 = is_base64
        self._service = service
        self._client = service.get_queue_client(name)
        self._executor = executor

    async def fetch(self, most: int, lease_seconds: int) -> list[Leased]:
        """Up to `most` messages, invisible to others for the lease; none if the queue does not exist."""

        def receive() -> list[QueueMessage]:
            pages = self._client.receive_messages(messages_per_page=most, visibility_timeout=lease_seconds).by_page()
            return list(next(pages, []))

        try:
            return [Leased(message) for message in await self._run(receive)]
        except ResourceNotFoundError:
            return []

    async def keep(self, leased: Leased, seconds: int) -> None:
        """Keep a message invisible for so long from now; 0 gives it back at once."""
        async with leased.lock:
            update = self._client.update_message
            leased.message = await self._run(lambda: update(leased.message, visibility_timeout=seconds))

    async def delete(self, leased: Leased) -> None:
        """Remove a message that is done. Does nothing if it is gone already."""
        async with leased.lock:
            try:
                await self._run(lambda: self._client.delete_message(leased.message))
            except ResourceNotFoundError:
                return

    async def poison(self, leased: Leased) -> bool:
        """Move a message to the poison queue. Returns False if this queue has none: the message stays, leased."""
        name = self.name + _POISON_SUFFIX
        if self.name.endswith(_POISON_SUFFIX) or len(name) > _MAX_NAME:
            return False
        await self._run(lambda: send_text(self._service.get_queue_client(name), str(leased.message.content)))
        await self.delete(leased)
        return True

    async def send(self, body: str) -> None:
        """Send a text as host.json encodes it, for an output binding."""
        text = base64.b64encode(body.encode()).decode() if self._is_base64 else body
        await self._run(lambda: send_text(self._client, text))

    async def _run[T](self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)


def send_text(client: QueueClient, text: str) -> None:
    """Send to a queue, which is made if it is missing."""
    try:
        client.send_message(text, time_to_live=_NEVER_EXPIRES)
    except ResourceNotFoundError:
        with contextlib.suppress(ResourceExistsError):
            client.create_queue()
        client.send_message(text, time_to_live=_NEVER_EXPIRES)
