"""Listens to the queue of one function, as the real host does: docs/sources/functions.md 1.5 and 8.5."""

import asyncio
import contextlib
import logging
import random
import time
from datetime import UTC, datetime

from devhost.hostjson import QueueOptions
from devhost.invocation import Invocations
from devhost.message_queue import Leased, MessageQueue
from devhost.messages import TypedData
from devhost.metadata import Function
from devhost.polling import Backoff, Fate, fate, is_past_its_attempts, may_poll
from devhost.queue_service import QueueFailed, QueueMessage
from devhost.renewal import Renewal
from devhost.worker import Result

log = logging.getLogger("devhost")


class Listener:
    """Polls one queue and handles its messages, until it is told to stop."""

    def __init__(
        self,
        function: Function,
        queue: MessageQueue,
        options: QueueOptions,
        invocations: Invocations,
        *,
        lease_seconds: int,
    ) -> None:
        self._function = function
        self._queue = queue
        self._options = options
        self._invocations = invocations
        self._lease_seconds = lease_seconds
        self._running: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._one_ended = asyncio.Event()
        self._stopping = False
        self._storage_is_down = False

    @property
    def queue_name(self) -> str:
        """The queue it listens to."""
        return self._queue.name

    def wake(self) -> None:
        """Poll now: an output of this host sent something."""
        self._wake.set()

    async def listen(self) -> None:
        """Poll until `stop`, then finish what runs. An outage of storage is logged once, and waited out."""
        backoff = Backoff(self._options.max_polling_seconds)
        while not self._stopping:
            # What is sent from here on is not sure to be found by this poll.
            self._wake.clear()
            if await self._poll():
                backoff.found()
                await self._has_place()
            else:
                await self._pause(backoff.next_seconds(random.uniform(0.8, 1.2)))  # noqa: S311 - jitter
        await asyncio.gather(*self._running)

    def stop(self) -> None:
        """Stop polling."""
        self._stopping = True
        self._wake.set()
        self._one_ended.set()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)

    async def _has_place(self) -> None:
        """Wait, where so many messages run that the next batch must, until enough of them have ended."""
        while not (self._stopping or may_poll(self._options, len(self._running))):
            self._one_ended.clear()
            await self._one_ended.wait()

    async def _poll(self) -> bool:
        try:
            fetched = await self._queue.fetch(self._options.batch_size, self._lease_seconds)
        except Exception as error:
            # Whatever it is: a listener that ended would leave its queue alone until the next start, and say nothing.
            if not self._storage_is_down:
                log.warning("queue %s cannot be read (%s); trying again", self.queue_name, _reason(error))
            self._storage_is_down = True
            return False
        if self._storage_is_down:
            log.info("queue %s can be read again", self.queue_name)
            self._storage_is_down = False
        for leased in fetched:
            task = asyncio.create_task(self._handle(leased))
            self._running.add(task)
            task.add_done_callback(self._done)
        return bool(fetched)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        # It ends the wait for a place, and not the pause after an empty poll: the real host does not look again then.
        self._one_ended.set()

    async def _handle(self, leased: Leased) -> None:
        try:
            await self._settle(leased, await self._attempt(leased))
        except Exception as error:
            # It becomes visible again when its lease ends, and is worked on once more.
            log.warning("a message of queue %s could not be settled (%s)", self.queue_name, _reason(error))

    async def _settle(self, leased: Leased, decided: Fate) -> None:
        if decided is Fate.DELETE:
            await self._queue.delete(leased)
        elif decided is Fate.RETRY:
            await self._queue.keep(leased, int(self._options.visibility_timeout_seconds))
        elif await self._queue.poison(leased):
            log.error("a message of queue %s went to poison", self.queue_name)
        else:
            log.error("a message of queue %s failed, and no poison queue can be named after it", self.queue_name)

    async def _attempt(self, leased: Leased) -> Fate:
        body = leased.body(is_base64=self._options.is_base64)
        if body is None or is_past_its_attempts(self._options, leased.dequeue_count):
            return Fate.POISON
        renewal = Renewal(self._lease_seconds / 2, lambda: self._renew(leased))
        try:
            succeeded = await self._run(leased, body)
        finally:
            renewal.end()
        return fate(self._options, leased.dequeue_count, succeeded=succeeded)

    async def _run(self, leased: Leased, body: bytes) -> bool:
        started = time.perf_counter()
        result = await self._invocations.run(self._function, _data(body), _metadata(leased.message, body))
        succeeded = isinstance(result, Result)
        outcome = "done" if succeeded else "failed"
        milliseconds = (time.perf_counter() - started) * 1000
        log.info("%s %s in %.0f ms, attempt %d", self._function.name, outcome, milliseconds, leased.dequeue_count)
        return succeeded

    async def _renew(self, leased: Leased) -> None:
        try:
            await self._queue.keep(leased, self._lease_seconds)
        except Exception as error:
            # Whatever it is (an identity may give no token): the next renewal may do better.
            log.warning("the lease of a message of queue %s was not renewed (%s)", self.queue_name, _reason(error))


def _reason(error: Exception) -> str:
    # Whatever else it is, its text may hold what nobody should read.
    return str(error) if isinstance(error, QueueFailed) else type(error).__name__


def _data(body: bytes) -> TypedData:
    try:
        return TypedData(string=body.decode("utf-8"))
    except UnicodeDecodeError:
        return TypedData(bytes=body)


def _metadata(message: QueueMessage, body: bytes) -> dict[str, TypedData]:
    texts = {
        "Id": message.id,
        "DequeueCount": str(message.dequeue_count),
        "PopReceipt": message.pop_receipt,
        "InsertionTime": _time(message.inserted_on),
        "ExpirationTime": _time(message.expires_on),
        "NextVisibleTime": _time(message.next_visible_on),
        "QueueTrigger": body.decode("utf-8", "replace"),
    }
    return {name: TypedData(string=str(text)) for name, text in texts.items()}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
