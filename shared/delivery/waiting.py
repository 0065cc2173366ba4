"""A delivery that waits for its receiver, as a row in table `deliveries` beside the records. Pure.

The rows have a range of keys of their own, after those of the records, oldest event first: so the next one to deliver
is found at once, however many wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.events.event import EventId
from shared.storage.keys import microsecond_of, row_key
from shared.telemetry.traceparent import known_traceparent
from shared.timestamps import stored_time

WAITING_PREFIX = "w-"
"""What the keys of these rows begin with; records have digits there."""

AFTER_WAITING = "w."
"""Sorts after all of these rows."""


class WaitingReason(StrEnum):
    """Why a delivery is not attempted now."""

    PAUSED = "paused"
    """The receiver asked for a pause (429, Retry-After), or allows only a number of requests a minute."""
    CIRCUIT = "circuit"
    """The receiver failed again and again; one delivery at a time tries whether it is well again."""
    PLACE = "place"
    """As many attempts are under way as its receiver bears."""


@dataclass(frozen=True)
class WaitingDelivery:
    """One delivery that waits.

    `attempt` and `cycle` are those of the attempt that waits. `due_at` is when the delivery's own schedule allows it,
    None for at once: an earlier attempt uses up nothing of the schedule. `parked_at` is when the delivery was first
    parked in this cycle. `until` is when it is tried next, at the earliest, as far as was known when it was parked.
    `is_logged` says that the delivery has a record, which shows it as waiting; without one this row alone shows it.
    `traceparent` is the place in the event's trace that the delivery continues, None if it is not known. `etag` is that
    of the row it was read from.
    """

    webhook_id: int
    event_id: EventId
    event_type: str
    event_at: datetime
    reason: WaitingReason
    parked_at: datetime
    until: datetime
    attempt: int = 0
    cycle: int = 0
    due_at: datetime | None = None
    is_logged: bool = False
    traceparent: str | None = None
    etag: str = field(default="", compare=False)

    @property
    def keys(self) -> dict[str, str]:
        """The keys of its row, partition first, as columns."""
        partition, key = waiting_keys(self.webhook_id, self.event_id, self.event_at)
        return {"PartitionKey": partition, "RowKey": key}


def waiting_keys(webhook_id: int, event_id: str, event_at: datetime) -> tuple[str, str]:
    """Partition and row key. Within a webhook's partition, the oldest event comes first."""
    return row_key(webhook_id), f"{waiting_bound(event_at)}-{event_id}"


def waiting_bound(moment: datetime) -> str:
    """What separates the keys of earlier events, which sort before it, from those of this moment and later ones."""
    return f"{WAITING_PREFIX}{microsecond_of(moment):017d}"


def waiting_row(waiting: WaitingDelivery) -> dict[str, Any]:
    """The row in `deliveries`."""
    return {
        **waiting.keys,
        "EventId": waiting.event_id,
        "Event": waiting.event_type,
        "EventAt": stored_time(waiting.event_at),
        "State": "waiting",
        "Reason": waiting.reason.value,
        "ParkedAt": stored_time(waiting.parked_at),
        "Until": stored_time(waiting.until),
        "Attempt": waiting.attempt,
        "Cycle": waiting.cycle,
        "DueAt": "" if waiting.due_at is None else stored_time(waiting.due_at),
        "IsLogged": waiting.is_logged,
        **({"Traceparent": waiting.traceparent} if waiting.traceparent else {}),
    }


def parse_waiting(row: Mapping[str, Any], etag: str = "") -> WaitingDelivery:
    """The delivery in such a row."""
    return WaitingDelivery(
        webhook_id=int(row["PartitionKey"]),
        event_id=EventId(row["EventId"]),
        event_type=row["Event"],
        event_at=datetime.fromisoformat(row["EventAt"]),
        reason=WaitingReason(row["Reason"]),
        parked_at=datetime.fromisoformat(row["ParkedAt"]),
        until=datetime.fromisoformat(row["Until"]),
        attempt=row["Attempt"],
        cycle=row["Cycle"],
        due_at=datetime.fromisoformat(row["DueAt"]) if row["DueAt"] else None,
        is_logged=row["IsLogged"],
        traceparent=known_traceparent(row.get("Traceparent")),
        etag=etag,
    )
