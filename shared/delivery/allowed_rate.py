"""Keeps to the number of requests a minute that a receiver allows (docs/sources/delivery.md 2)."""

from collections.abc import Callable
from datetime import datetime, timedelta

from shared.delivery.message import DeliveryMessage
from shared.delivery.queues import DeliveryQueues
from shared.webhooks.registration import Registration
from shared.webhooks.usage import UsageCounter

_A_DAY = timedelta(days=1)


class AllowedRate:
    """Gives each attempt its turn. `now` returns the current time in UTC."""

    def __init__(self, usage: UsageCounter, queues: DeliveryQueues, now: Callable[[], datetime]) -> None:
        self._usage = usage
        self._queues = queues
        self._now = now

    def admit(self, message: DeliveryMessage, registration: Registration) -> bool:
        """Whether the receiver may be called now. If not, the message was sent anew, to come in its turn.

        Costs nothing where the receiver allows any number, or the message comes in its turn; else a read and a write.
        Raises StorageDown.
        """
        if registration.per_minute is None or message.has_turn:
            return True
        now = self._now()
        turn = self._usage.next_turn(registration.id, registration.per_minute, now)
        if turn is not None and turn <= now:
            return True
        # Without a turn, all of the next day is reserved: the message asks for one again then.
        later = message.model_copy(update={"has_turn": turn is not None})
        self._queues.send(later, delay=turn - now if turn else _A_DAY)
        return False
