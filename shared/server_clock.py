"""What time it is at a server, told by the Date header of its answers. Pure.

The header has whole seconds, and nobody knows when between request and answer it was written. So each answer only says
between which bounds the difference of the two clocks lies; several answers together narrow them down.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

MAX_ROUND_TRIP = timedelta(seconds=2)
"""An answer that took longer says too little."""

MAX_AGE = timedelta(minutes=10)
"""Bounds that are older are not narrowed any more but replaced, because clocks drift apart."""

_RESOLUTION = timedelta(seconds=1)
_NONE = timedelta()


@dataclass(frozen=True)
class ServerClock:
    """What is known of the difference between a server's clock and the local one: `low <= server - local <= high`.

    `since` is the local time of the answer that the bounds begin with; None, and no difference, before any answer.
    """

    low: timedelta = _NONE
    high: timedelta = _NONE
    since: datetime | None = None

    def observe(self, date: str | None, sent: datetime, received: datetime) -> "ServerClock":
        """What is known after one more answer: its Date header, and the local times of the request and the answer.

        A header that is missing or no date changes nothing, and neither does an answer that took over MAX_ROUND_TRIP.
        Bounds that the answer contradicts, because one of the clocks was set anew, are replaced.
        """
        moment = _parse(date)
        if moment is None or not _NONE <= received - sent <= MAX_ROUND_TRIP:
            return self
        low, high = moment - received, moment + _RESOLUTION - sent
        is_fresh = self.since is not None and _NONE <= received - self.since <= MAX_AGE
        if is_fresh and max(low, self.low) <= min(high, self.high):
            return ServerClock(max(low, self.low), min(high, self.high), self.since)
        return ServerClock(low, high, received)

    @property
    def difference(self) -> timedelta:
        """What to add to the local time: nothing where the answers allow that, else the middle of the bounds."""
        return _NONE if self.low <= _NONE <= self.high else (self.low + self.high) / 2

    def at(self, local: datetime) -> datetime:
        """The server's time at this local time."""
        return local + self.difference


def _parse(date: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date) if date else None
    except (ValueError, OverflowError):
        return None
    # A time "-0000" is one of no known zone, and subtracting it from another would fail.
    return moment if moment is not None and moment.tzinfo is not None else None
