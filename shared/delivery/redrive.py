"""Puts the hub's own messages back from the poison queues into the queues they came from."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from shared.delivery import message
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE, parse_wake_up
from shared.delivery.queues import DELIVERIES_QUEUE, SLOW_QUEUE
from shared.events import announcement
from shared.events.announcement import EVENTS_QUEUE, UnrecognizedMessage
from shared.storage.account import StorageAccount
from shared.storage.queues import Queue

POISON_SUFFIX = "-poison"


@dataclass(frozen=True)
class _Source:
    """Whose messages a poison queue holds: the queue that they are put back into, and their text there.

    What stranded was tried, so it was perhaps handled in part: a message that comes anew cannot know that, so its text
    says it. `again` raises UnrecognizedMessage for a message that the hub never sent.
    """

    queue: str
    again: Callable[[bytes], str]


_SOURCES: Mapping[str, _Source] = {
    EVENTS_QUEUE: _Source(EVENTS_QUEUE, announcement.as_repeat),
    DELIVERIES_QUEUE: _Source(DELIVERIES_QUEUE, message.as_repeat),
    # The previous version's second queue of deliveries, which is only drained now.
    SLOW_QUEUE: _Source(DELIVERIES_QUEUE, message.as_repeat),
    WAKEUPS_QUEUE: _Source(WAKEUPS_QUEUE, lambda body: parse_wake_up(body).as_text()),
}
QUEUES = tuple(_SOURCES)
POISON_QUEUES = tuple(queue + POISON_SUFFIX for queue in QUEUES)
UNDISPATCHED_QUEUES = (EVENTS_QUEUE, EVENTS_QUEUE + POISON_SUFFIX)
"""Where an event waits that was not dispatched yet."""


@dataclass(frozen=True)
class RedriveResult:
    """What happened to one poison queue: how many messages were put back, and how many are still there."""

    queue: str
    put_back: int
    left: int


def redrive(storage: StorageAccount, *, dry_run: bool) -> Iterator[RedriveResult]:
    """Work through all poison queues, or with `dry_run` only count what is there; raises StorageDown.

    A message is sent before it is removed, so that none is lost; one that comes twice does no harm. Messages that the
    hub never sent stay where they are.
    """
    for name, source in _SOURCES.items():
        poison = storage.queue(name + POISON_SUFFIX)
        if dry_run:
            yield RedriveResult(name + POISON_SUFFIX, 0, poison.count())
        else:
            yield _redrive(name, poison, storage.queue(source.queue), source.again)


def _redrive(name: str, poison: Queue, target: Queue, again: Callable[[bytes], str]) -> RedriveResult:
    put_back = 0

    def put_back_if_ours(text: str) -> bool:
        nonlocal put_back
        try:
            told = again(text.encode())
        except UnrecognizedMessage:
            return False
        target.send(told)
        put_back += 1
        return True

    left = poison.drain(put_back_if_ours)
    return RedriveResult(name + POISON_SUFFIX, put_back, left)
