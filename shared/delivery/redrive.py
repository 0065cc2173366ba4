"""Puts the hub's own messages back from the poison queues into the queues they came from."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from shared.delivery import message
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE, parse_wake_up
from shared.delivery.queues import DELIVERIES_QUEUE, SLOW_QUEUE
from shared.events import announcement
from shared.events.announcement import EVENTS_QUEUE, UnrecognizedMessage
from shared.storage.account import StorageAccount
from shared.storage.queues import MESSAGES_AT_ONCE, Queue
from shared.storage.scan import WorkBudget

POISON_SUFFIX = "-poison"
_TRANSACTIONS = 2
"""Of a message: it is sent, and then removed."""


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
    """What happened to one poison queue: how many messages were put back, and how many are still there.

    `is_whole` is false if the budget ended before the queue did.
    """

    queue: str
    put_back: int
    left: int
    is_whole: bool = True


def redrive(storage: StorageAccount, *, dry_run: bool, budget: WorkBudget | None = None) -> Iterator[RedriveResult]:
    """Work through all poison queues, or with `dry_run` only count what is there; raises StorageDown.

    A message is sent before it is removed, so that none is lost; one that comes twice does no harm. Messages that the
    hub never sent stay where they are. With a budget, what it does not reach is counted as left.
    """
    for name, source in _SOURCES.items():
        poison = storage.queue(name + POISON_SUFFIX)
        if dry_run:
            yield RedriveResult(name + POISON_SUFFIX, 0, poison.count())
        else:
            yield _redrive(name, poison, storage.queue(source.queue), source.again, budget)


def _redrive(
    name: str, poison: Queue, target: Queue, again: Callable[[bytes], str], budget: WorkBudget | None
) -> RedriveResult:
    put_back, is_whole = 0, True

    def may_go_on() -> bool:
        nonlocal is_whole
        if budget is None:
            return True
        is_whole = budget.left() > _TRANSACTIONS * MESSAGES_AT_ONCE
        budget.spend()
        return is_whole

    def put_back_if_ours(text: str) -> bool:
        nonlocal put_back
        if budget is not None:
            budget.spend(_TRANSACTIONS)
        try:
            told = again(text.encode())
        except UnrecognizedMessage:
            return False
        target.send(told)
        put_back += 1
        return True

    left = poison.drain(put_back_if_ours, may_go_on)
    # What was not looked at is there too.
    return RedriveResult(name + POISON_SUFFIX, put_back, left if is_whole else poison.count(), is_whole)
