"""The delivery of one event to one webhook as the log keeps it: a record, and its row in table `deliveries`. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.delivery.attempt import Attempt
from shared.events.event import Event
from shared.storage.keys import row_key, time_key
from shared.timestamps import stored_time

DELIVERIES_TABLE = "deliveries"
SUMMARY = ("EventId", "Event", "EventAt", "State", "Cycle", "Attempts", "NextAttemptAt", "Logged")
"""The columns of a delivery without its attempts, whose texts are nearly all of the row."""

MAX_KEPT_ATTEMPTS = 30
_MILLISECOND = timedelta(milliseconds=1)


class DeliveryState(StrEnum):
    """How far a delivery has come."""

    PENDING = "pending"
    """Another attempt is scheduled."""
    DELIVERED = "delivered"
    """Answered 2xx."""
    FAILED = "failed"
    """The schedule is exhausted; a replay begins it anew."""
    HELD = "held"
    """The webhook is stopped or disabled; a replay delivers it once it is active again."""


@dataclass(frozen=True)
class DeliveryRecord:
    """One delivery.

    `attempts` counts those of this `cycle`; a replay begins a new cycle. `log` has the newest attempts of all cycles,
    the latest one last. `etag` is that of the stored row, None if nothing is stored yet.
    """

    webhook_id: int
    event_id: str
    event_type: str
    event_at: datetime
    state: DeliveryState = DeliveryState.PENDING
    cycle: int = 0
    attempts: int = 0
    next_attempt_at: datetime | None = None
    log: tuple[Attempt, ...] = ()
    etag: str | None = None

    def is_past(self, cycle: int, attempt: int) -> bool:
        """Whether a message that asks for this attempt is a duplicate, or too late."""
        return (cycle, attempt) < (self.cycle, self.attempts) or (
            self.state is DeliveryState.DELIVERED and cycle == self.cycle
        )

    def after(
        self, attempt: Attempt, state: DeliveryState, next_attempt_at: datetime | None = None
    ) -> "DeliveryRecord":
        """The record after one more attempt."""
        return replace(
            self,
            state=state,
            attempts=self.attempts + 1,
            next_attempt_at=next_attempt_at,
            log=(*self.log, attempt)[-MAX_KEPT_ATTEMPTS:],
        )

    def as_json(self, *, with_attempts: bool = False) -> dict[str, object]:
        """The delivery as the Events API shows it. Requests are not kept, so it holds no secret of a webhook."""
        shown: dict[str, object] = {
            "eventId": self.event_id,
            "webhookId": self.webhook_id,
            "event": self.event_type,
            "eventAt": _text(self.event_at),
            "state": self.state.value,
            "attempts": len(self.log),
            "nextAttemptAt": _text(self.next_attempt_at),
            "replays": self.cycle,
        }
        return {**shown, "log": [_shown(attempt) for attempt in self.log]} if with_attempts else shown


def new_record(webhook_id: int, event: Event) -> DeliveryRecord:
    """The record before the first attempt."""
    return DeliveryRecord(webhook_id, event.id, event.type, event.received_at)


def delivery_keys(webhook_id: int, event_id: str, event_at: datetime) -> tuple[str, str]:
    """Partition and row key. Within a webhook's partition, the newest event comes first."""
    return row_key(webhook_id), f"{time_key(event_at)}-{event_id}"


def delivery_row(record: DeliveryRecord) -> dict[str, Any]:
    """The row in `deliveries`. Each attempt is a property of its own, because one holds only 32,000 characters."""
    partition, key = delivery_keys(record.webhook_id, record.event_id, record.event_at)
    attempts = {f"Log{number}": _attempt_text(attempt) for number, attempt in enumerate(record.log)}
    return {
        "PartitionKey": partition,
        "RowKey": key,
        "EventId": record.event_id,
        "Event": record.event_type,
        "EventAt": stored_time(record.event_at),
        "State": record.state.value,
        "Cycle": record.cycle,
        "Attempts": record.attempts,
        "NextAttemptAt": _text(record.next_attempt_at) or "",
        "Logged": len(record.log),
        **attempts,
    }


def parse_record(row: Mapping[str, Any], etag: str) -> DeliveryRecord:
    """The record in a row of `deliveries`."""
    attempts = tuple(_parse_attempt(row[f"Log{number}"]) for number in range(row["Logged"]))
    next_at = row["NextAttemptAt"]
    return DeliveryRecord(
        webhook_id=int(row["PartitionKey"]),
        event_id=row["EventId"],
        event_type=row["Event"],
        event_at=datetime.fromisoformat(row["EventAt"]),
        state=DeliveryState(row["State"]),
        cycle=row["Cycle"],
        attempts=row["Attempts"],
        next_attempt_at=datetime.fromisoformat(next_at) if next_at else None,
        log=attempts,
        etag=etag,
    )


def summary(row: Mapping[str, Any]) -> dict[str, object]:
    """A delivery as the Events API lists it: as `as_json` of its record, but made from the keys and SUMMARY alone."""
    record = parse_record({**row, "Logged": 0}, "")
    return {**record.as_json(), "attempts": row["Logged"]}


def _attempt_text(attempt: Attempt) -> str:
    """An attempt as text in the row."""
    stored = {
        "at": _text(attempt.at),
        "duration_ms": _milliseconds(attempt),
        "status": attempt.status,
        "error_class": attempt.error_class,
        "reply": attempt.text,
    }
    # Without escapes, 4,000 characters stay below 16 KiB in storage, and all attempts below the 1 MiB of a row.
    return json.dumps(stored, ensure_ascii=False)


def _parse_attempt(text: str) -> Attempt:
    stored = json.loads(text)
    return Attempt(
        at=datetime.fromisoformat(stored["at"]),
        duration=stored["duration_ms"] * _MILLISECOND,
        status=stored["status"],
        error_class=stored["error_class"],
        text=stored["reply"],
    )


def _shown(attempt: Attempt) -> dict[str, object]:
    return {
        "at": _text(attempt.at),
        "durationMs": _milliseconds(attempt),
        "status": attempt.status,
        "errorClass": attempt.error_class or None,
        "reply": attempt.text,
    }


def _milliseconds(attempt: Attempt) -> int:
    return round(attempt.duration / _MILLISECOND)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else stored_time(moment)
