"""The decisions of a queue listener: how long to wait, and what happens to a message. Pure.

Source: docs/sources/functions.md 8.5.
"""

from dataclasses import dataclass
from enum import Enum, auto

from devhost.hostjson import QueueOptions

FIRST_WAIT_SECONDS = 0.1


class Fate(Enum):
    """What happens to a message."""

    DELETE = auto()
    RETRY = auto()
    POISON = auto()


@dataclass
class Backoff:
    """The wait between polls that find nothing: it doubles from 100 ms on, and ends at `most_seconds`."""

    most_seconds: float
    _empty_polls: int = 0

    def found(self) -> None:
        """A poll found something: the next wait is short again."""
        self._empty_polls = 0

    def next_seconds(self, jitter: float) -> float:
        """The wait after one more empty poll; `jitter` lies between 0.8 and 1.2."""
        steps = self._empty_polls
        self._empty_polls += 1
        if steps == 0:
            return min(FIRST_WAIT_SECONDS, self.most_seconds)
        # 2 to the 20th of 100 ms is more than a day: no need to count further.
        wait = FIRST_WAIT_SECONDS + FIRST_WAIT_SECONDS * 2.0 ** min(steps - 1, 20) * jitter
        return min(wait, self.most_seconds)


def fate(options: QueueOptions, dequeue_count: int, *, succeeded: bool) -> Fate:
    """What happens to a message after an attempt."""
    if succeeded:
        return Fate.DELETE
    return Fate.POISON if dequeue_count >= options.max_dequeue_count else Fate.RETRY


def is_past_its_attempts(options: QueueOptions, dequeue_count: int) -> bool:
    """Whether a message goes to poison without another attempt: its host died during the last one."""
    return dequeue_count > options.max_dequeue_count


def may_poll(options: QueueOptions, running: int) -> bool:
    """Whether so few messages run that the next batch may be fetched."""
    return running <= options.new_batch_threshold
