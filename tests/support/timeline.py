"""A host whose time is the test's: messages come when they are due, in the order of that, and no second is waited.

What hubs send through its transports is handed out by it alone; storage's own queues are not read. Storage's clock, as
the hubs know it, is put forward to the moment at which the next message is due.
"""

import heapq
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shared.clock import now
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE
from shared.events.announcement import EVENTS_QUEUE
from shared.events.dispatch import Dispatcher
from shared.hub.hub import Hub
from shared.storage.transport import StorageTransport
from tests.support.transport import JournalTransport

_MAX_DEQUEUE_COUNT = 5
_COMES_AGAIN = 60.0
_TEXT = re.compile(rb"<MessageText>(.*?)</MessageText>", re.DOTALL)


@dataclass(order=True)
class Message:
    """One message of a queue. `due` is in seconds of the timeline; `dequeued` is how often it was handed out."""

    due: float
    number: int
    queue: str = field(compare=False)
    body: bytes = field(compare=False)
    dequeued: int = field(default=0, compare=False)


class Timeline:
    """Messages, and the time, in seconds since its beginning."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.poison: list[Message] = []
        self.handed_out: Counter[str] = Counter()
        self.messages: list[Message] = []
        self._numbers = count()

    def transport(self, *, clock: Callable[[], datetime] = now) -> "TimedTransport":
        """A way to storage for a hub, whose messages this timeline hands out; `clock` is that hub's own."""
        return TimedTransport(self, clock=clock)

    def add(self, queue: str, body: bytes, delay: float = 0.0) -> None:
        """Have a message handed out after so many seconds."""
        heapq.heappush(self.messages, Message(self.seconds + delay, next(self._numbers), queue, body))

    def take(self, queue: str) -> list[Message]:
        """Take the messages of a queue out, as if they were lost."""
        taken = [one for one in self.messages if one.queue == queue]
        self.messages = [one for one in self.messages if one.queue != queue]
        heapq.heapify(self.messages)
        return taken

    def run(
        self, *hubs: Hub, dispatcher: Dispatcher | None = None, until: float = float("inf"), at_most: int = 2_000
    ) -> None:
        """Hand out what is due until then, each message to the next one of these hubs; until nothing is left.

        `dispatcher` stands for the hubs' own.
        """
        for number in range(at_most):
            if not self.messages or self.messages[0].due > until:
                self.seconds = max(self.seconds, until) if until < float("inf") else self.seconds
                return
            self._hand_out(heapq.heappop(self.messages), hubs[number % len(hubs)], dispatcher)
        raise AssertionError(f"messages go round without an end: {self.handed_out}")

    def _hand_out(self, message: Message, hub: Hub, dispatcher: Dispatcher | None) -> None:
        if message.due > self.seconds:
            self.seconds = message.due
            # What a process remembers for a second is older than that by now.
            hub.receivers.worker.gate.blocked._forget()
        message.dequeued += 1
        self.handed_out[message.queue] += 1
        try:
            work(hub, message, dispatcher)
        except Exception:
            # Whatever it is, the host tries again.
            if message.dequeued >= _MAX_DEQUEUE_COUNT:
                self.poison.append(message)
                return
            message.due = self.seconds + _COMES_AGAIN
            heapq.heappush(self.messages, message)


def work(hub: Hub, message: Message, dispatcher: Dispatcher | None = None) -> None:
    """What the message's function does with it."""
    if message.queue == EVENTS_QUEUE:
        (dispatcher or hub.receivers.dispatcher).dispatch(message.body, attempt=message.dequeued)
    elif message.queue == WAKEUPS_QUEUE:
        hub.receivers.waker.work(message.body)
    else:
        hub.receivers.worker.work(message.body, message_id=f"m{message.number}", dequeue_count=message.dequeued)


class _Collecting(StorageTransport):
    """Notes the messages that reached storage."""

    timeline: Timeline

    def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as in the class it stands for
        """Send, and note what was sent."""
        response = super().send(request, **kwargs)
        parts = urlsplit(request.url)
        if request.method == "POST" and parts.path.endswith("/messages") and response.status_code < 300:
            body = request.content if hasattr(request, "content") else request.data
            text = _TEXT.search(body.encode() if isinstance(body, str) else bytes(body))
            assert text is not None
            delay = float(parse_qs(parts.query)["visibilitytimeout"][0])
            self.timeline.add(parts.path.split("/")[-2], b64decode(text[1]), delay)
        return response


class TimedTransport(JournalTransport, _Collecting):
    """A way to storage whose clock is the timeline's."""

    def __init__(self, timeline: Timeline, *, clock: Callable[[], datetime] = now) -> None:
        super().__init__(clock=clock)
        self.timeline = timeline

    def now(self) -> datetime:
        """Storage's time."""
        return super().now() + timedelta(seconds=self.timeline.seconds)
