"""Events that became visible later than those who follow may expect, and the row that tells of each. Pure.

Who follows reads the log up to ten seconds ago, by storage's clock, so an event must be in the log a few seconds after
its receipt. One that is listed later is marked in the log (`LateAt`) and has a row in `lateevents` under that moment:
there it is told, and not by its place in the log. What could not be written in time is told a minute later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.events.event import Event
from shared.events.rows import log_keys
from shared.storage.keys import day_key, time_key
from shared.timestamps import stored_time

LATE_EVENTS_TABLE = "lateevents"
LATE_AT_COLUMN = "LateAt"
"""In the log: the moment under which a late event is told; missing in nearly all rows."""

LAG = timedelta(seconds=10)
"""Who follows is told what is older. It exceeds the other two by three seconds, for clocks that are read inexactly."""

QUICK_WRITE = timedelta(seconds=2)
"""A write of which nobody knows whether it took longer is made again, as late."""

_ON_TIME = timedelta(seconds=5)
_POSTPONED = timedelta(minutes=1)
"""Longer than all tries of a write take."""


@dataclass(frozen=True)
class LatePointer:
    """A row of `lateevents`: the keys of the event's row in the log, and what must stand there as `LateAt`."""

    partition: str
    key: str
    late_at: str


def late_at(event: Event, now: datetime) -> datetime | None:
    """The moment under which an event that is listed now is told; None if it is told by its receipt.

    It is also late if its receipt is in the future, by a clock that is wrong.
    """
    return now if abs(now - event.received_at) > _ON_TIME else None


def is_in_time(told_at: datetime, written_at: datetime) -> bool:
    """Whether what is told under a moment was there before anybody had read past that moment."""
    return written_at <= told_at + _ON_TIME + QUICK_WRITE


def postponed(now: datetime) -> datetime:
    """The moment for what is written again, because its first write took long."""
    return now + _POSTPONED


def late_column(at: datetime | None) -> dict[str, Any]:
    """The column of an event's row in the log."""
    return {} if at is None else {LATE_AT_COLUMN: stored_time(at)}


def late_keys(event: Event, at: datetime) -> tuple[str, str]:
    """Partition and row key in `lateevents`: as those of the log, with another moment."""
    return day_key(at), f"{time_key(at)}-{event.id}"


def late_row(event: Event, at: datetime) -> dict[str, Any]:
    """The row in `lateevents`. It holds nothing of the event but where it is, so there is nothing to forget in it."""
    partition, key = late_keys(event, at)
    log_partition, log_key = log_keys(event)
    return {
        "PartitionKey": partition,
        "RowKey": key,
        "LogPartition": log_partition,
        "LogKey": log_key,
        LATE_AT_COLUMN: stored_time(at),
    }


def parse_late(row: Mapping[str, Any]) -> LatePointer:
    """What a row of `lateevents` says."""
    return LatePointer(row["LogPartition"], row["LogKey"], row[LATE_AT_COLUMN])


def parse_late_at(row: Mapping[str, Any]) -> datetime | None:
    """Under which moment the event in a row of the log is told; None for its receipt, and in older versions' rows."""
    text = row.get(LATE_AT_COLUMN)
    return datetime.fromisoformat(text) if text else None
