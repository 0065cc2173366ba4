"""The edge of a queue function: the time of its message, and what becomes of it while storage is down.

The host tries a failed message again after `visibilityTimeout`, five times in all, and then moves it to the poison
queue. An outage of storage may last longer than that; it must end no message.
"""

import logging
import threading
import time
from collections.abc import Callable

import azure.functions as func

from shared.deadline import MESSAGE_SECONDS, deadline, grace, remaining_seconds
from shared.errors import StorageDown, StorageRefused
from shared.storage.account import StorageAccount
from shared.storage.tables import Contended
from shared.telemetry.invocation import invoked
from shared.telemetry.lines import tell
from shared.telemetry.tracing import place

MAX_DEQUEUE_COUNT = 5
"""host.json's maxDequeueCount: if the message fails once more, the host moves it to the poison queue."""

MAX_WAITING = 64
"""So many messages of a process may wait for storage at a time. Each holds a thread, and requests need some too."""

_MAX_WAIT_SECONDS = 60.0
# An attempt cut short would be held against its receiver, and one may take nearly a minute.
_MIN_RUN_SECONDS = 50.0
_LOOK_SECONDS = 0.5
_MAX_PAUSE_SECONDS = 8.0
_SEND_SECONDS = 15.0
_AGAIN_AFTER_SECONDS = 60

type MessageHandler = Callable[[bytes, int], object]
"""Gets the body and the dequeue count, which is 2 at least where the message was begun before."""

log = logging.getLogger(__name__)
_waiting = threading.BoundedSemaphore(MAX_WAITING)


def handle_message(
    msg: func.QueueMessage,
    handler: MessageHandler,
    *,
    storage: Callable[[], StorageAccount],
    queue: str,
    context: func.Context | None = None,
    as_repeat: Callable[[bytes], str] = bytes.decode,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Have a message of this queue handled within MESSAGE_SECONDS; any exception means that the host tries it again.

    If storage is down, the handler is run again as soon as storage may be there again: within the same call, as long as
    time is left for a whole run and fewer than MAX_WAITING messages wait. At the last dequeue the message is sent once
    more instead, as `as_repeat` writes it, for a minute later; this one then ends. What storage refuses, or others
    change again and again, is no outage.

    `storage` gives the account of the queue. Like the handler it may raise whatever keeps the hub from being put
    together. `context` is what the platform tells of the invocation. A message whose last attempt failed is told of in
    a line, with the trace and the event that the handler failed at.
    """
    with invoked(context):
        try:
            _handle(msg, handler, storage, queue, as_repeat, sleep)
        except Exception as error:
            if _is_last(msg):
                invocation = place().invocation
                fields = {"queue": queue, "error": type(error).__name__}
                tell(log, "message.poisoned", fields, logging.ERROR, at=invocation.failed if invocation else None)
            raise


def _handle(
    msg: func.QueueMessage,
    handler: MessageHandler,
    storage: Callable[[], StorageAccount],
    queue: str,
    as_repeat: Callable[[bytes], str],
    sleep: Callable[[float], None],
) -> None:
    body, count = msg.get_body(), msg.dequeue_count or 1
    with deadline(MESSAGE_SECONDS):
        account = storage()
        patience = _Patience(account, sleep)
        while True:
            try:
                handler(body, count)
            except (StorageRefused, Contended):
                raise
            except StorageDown:
                if _is_last(msg) and _is_sent_again(account, queue, as_repeat(body)):
                    return
                if not patience.wait():
                    raise
                count = max(count, 2)
            else:
                return


def _is_sent_again(storage: StorageAccount, queue: str, text: str) -> bool:
    try:
        # The time of the message may be over.
        with grace(_SEND_SECONDS):
            storage.queue(queue).send(text, delay_seconds=_AGAIN_AFTER_SECONDS)
    except StorageDown:
        return False
    # Storage was down at the last attempt.
    tell(log, "message.repeated", {"queue": queue}, logging.WARNING)
    return True


def _is_last(msg: func.QueueMessage) -> bool:
    return (msg.dequeue_count or 1) >= MAX_DEQUEUE_COUNT


class _Patience:
    """Waits between the runs of one message, longer each time, and never while storage would refuse it anyway."""

    def __init__(self, storage: StorageAccount, sleep: Callable[[float], None]) -> None:
        self._storage = storage
        self._sleep = sleep
        self._waited, self._pause = 0.0, _LOOK_SECONDS

    def wait(self) -> bool:
        """Wait until it may be worth another run; False if there is no time or no room for that."""
        if not _waiting.acquire(blocking=False):
            return False
        try:
            return self._wait()
        finally:
            _waiting.release()

    def _wait(self) -> bool:
        due = self._waited + self._pause
        self._pause = min(2 * self._pause, _MAX_PAUSE_SECONDS)
        while self._waited < due or self._storage.is_refusing:
            left = remaining_seconds(at_most=MESSAGE_SECONDS)
            if self._waited >= _MAX_WAIT_SECONDS or left < _MIN_RUN_SECONDS:
                return False
            self._sleep(_LOOK_SECONDS)
            self._waited += _LOOK_SECONDS
        return True
