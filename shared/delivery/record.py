"""What the log knows of one event's delivery to one webhook, and how that stands in table `deliveries`. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from shared.delivery.policy import Outcome
from shared.events.event import Event
from shared.storage.keys import row_key, time_key

DELIVERIES_TABLE = "deliveries"
SUMMARY = ("EventId", "Event", "EventAt", "State", "Cycle", "Attempts", "NextAttemptAt", "Logged")
"""The columns of a delivery without what its receiver answered, which is nearly all of it."""

_KEPT_ATTEMPTS = 30


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
class Attempt:
    """One attempt: when, how long it took, the status (None where no answer came), the kind of failure, the reply."""

    at: str
    duration_ms: int
    status: int | None
    error_class: str
    reply: str


@dataclass(frozen=True)
class DeliveryRecord:
    """One delivery. `attempts` counts those of this `cycle`; a replay begins a new cycle."""

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
        """Whether a message that asks for this attempt is a duplicate, or comes too late."""
        return (cycle, attempt) < (self.cycle, self.attempts) or (
            self.state is DeliveryState.DELIVERED and cycle == self.cycle
        )

    def after(self, attempt: Attempt, state: DeliveryState, next_attempt_at: datetime | None) -> "DeliveryRecord":
        """The record after one more attempt."""
        return replace(
            self,
            state=state,
            attempts=self.attempts + 1,
            next_attempt_at=next_attempt_at,
            log=(*self.log, attempt)[-_KEPT_ATTEMPTS:],
        )

    def as_json(self, *, with_attempts: bool = False) -> dict[str, object]:
        """The delivery as the Events API shows it. Requests are not kept, so no secret can stand in it."""
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


def attempt_of(outcome: Outcome, at: datetime, duration_seconds: float) -> Attempt:
    """An attempt as it is logged."""
    milliseconds = max(0, round(duration_seconds * 1000))
    return Attempt(at.astimezone(UTC).isoformat(), milliseconds, outcome.status, outcome.error_class, outcome.text)


def delivery_keys(webhook_id: int, event_id: str, event_at: datetime) -> tuple[str, str]:
    """Partition and row key: a webhook's deliveries stand newest event first."""
    return row_key(webhook_id), f"{time_key(event_at)}-{event_id}"


def delivery_row(record: DeliveryRecord) -> dict[str, Any]:
    """The row in `deliveries`; each attempt is a property of its own, because one holds 32,000 characters only."""
    partition, key = delivery_keys(record.webhook_id, record.event_id, record.event_at)
    # Written as they are, 4,000 characters stay below 16 KiB in storage, and all attempts below the 1 MiB of a row.
    texts = (json.dumps(asdict(attempt), ensure_ascii=False) for attempt in record.log)
    attempts = {f"Log{number}": text for number, text in enumerate(texts)}
    return {
        "PartitionKey": partition,
        "RowKey": key,
        "EventId": record.event_id,
        "Event": record.event_type,
        "EventAt": record.event_at.astimezone(UTC).isoformat(),
        "State": record.state.value,
        "Cycle": record.cycle,
        "Attempts": record.attempts,
        "NextAttemptAt": _text(record.next_attempt_at) or "",
        "Logged": len(record.log),
        **attempts,
    }


def parse_record(row: Mapping[str, Any], etag: str) -> DeliveryRecord:
    """The record in a row of `deliveries`."""
    attempts = tuple(Attempt(**json.loads(row[f"Log{number}"])) for number in range(row["Logged"]))
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
    """A delivery as the Events API lists it, by keys and SUMMARY alone; the same as its record `as_json`."""
    record = parse_record({**row, "Logged": 0}, "")
    return {**record.as_json(), "attempts": row["Logged"]}


def _shown(attempt: Attempt) -> dict[str, object]:
    return {
        "at": attempt.at,
        "durationMs": attempt.duration_ms,
        "status": attempt.status,
        "errorClass": attempt.error_class or None,
        "reply": attempt.reply,
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
