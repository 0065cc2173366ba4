"""Attempts that this process has made and not written down yet, because storage failed just then.

The queue's message comes again, and often to the same process. Without this the receiver would be called once more for
what it got already.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from shared.delivery.attempt import Attempt
from shared.delivery.pace.circuit import Outcome
from shared.delivery.pace.state import PacedUsage

_MAX_KEPT = 1000


@dataclass
class MadeAttempt:
    """An attempt, and what it means for the pace.

    `counted` is the webhook's row after it was counted, None before that; `writes` are the writes that counted it,
    perhaps in vain.
    """

    attempt: Attempt
    outcome: Outcome
    counted: PacedUsage | None = None
    writes: set[str] = field(default_factory=set)


class MadeAttempts:
    """Keeps attempts by the id of the message that asked for them. Threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[str, MadeAttempt] = OrderedDict()

    def get(self, message_id: str) -> MadeAttempt | None:
        """What was made for this message and not written down; None if nothing was."""
        with self._lock:
            return self._made.get(message_id)

    def keep(self, message_id: str, made: MadeAttempt) -> None:
        """Keep an attempt until it is forgotten; of more than a thousand the oldest are dropped."""
        if not message_id:
            return
        with self._lock:
            self._made[message_id] = made
            if len(self._made) > _MAX_KEPT:
                self._made.popitem(last=False)

    def forget(self, message_id: str) -> None:
        """It is written down."""
        with self._lock:
            self._made.pop(message_id, None)
