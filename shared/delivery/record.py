"""The delivery of one event to one webhook as the log keeps it: a record, and its row in table `deliveries`. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from shared.delivery.attempt import Attempt
from shared.delivery.waiting import WAITING_PREFIX, WaitingDelivery, WaitingReason, parse_waiting
from shared.events.event import Event
from shared.outbound.reply import ErrorClass
from shared.storage.keys import row_key, time_key
from shared.timestamps import stored_time

DELIVERIES_TABLE = "deliveries"
SUMMARY = (
    *("EventId", "Event", "EventAt", "State", "Cycle", "Attempts", "NextAttemptAt", "Logged"),
    *("WaitingReason", "WaitingUntil"),
    *("LastAt", "LastStatus", "LastClass", "LastMs"),
    *("Reason", "ParkedAt", "Until", "Attempt", "DueAt", "IsLogged"),
    "Forgotten",
)
"""The columns of a delivery without its attempts, whose texts are nearly all of a record's row.

The last ones are those of a delivery that waits and has no record (waiting.py).
"""

MAX_KEPT_ATTEMPTS = 30
_MILLISECOND = timedelta(milliseconds=1)


class Forgotten(StrEnum):
    """What the forgetting of its event did to a delivery."""

    NOTHING = ""
    """The event was not forgotten."""
    REPLIES = "replies"
    """The delivery was over already: only what was answered is gone."""
    DELIVERY = "delivery"
    """It was open: it failed, with the error class `forgotten`."""


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
    WAITING = "waiting"
    """The receiver asked for a pause, fails, or has as much to do as it bears; it is delivered once that is over."""


@dataclass(frozen=True)
class DeliveryRecord:
    """One delivery.

    `attempts` counts those of this `cycle`; a replay begins a new cycle. `log` has the newest attempts of all cycles,
    the latest one last. `etag` is that of the stored row, None if nothing is stored yet. `waiting_reason` and
    `waiting_until`, when it is tried next at the earliest, are those of a delivery that waits, and count in that state
    alone. `claimed_at` and `claimed_by`, the id of a message, say who is about to attempt it. `forgotten_at` is
    when a delivery was ended because its event was forgotten.
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
    waiting_reason: WaitingReason | None = None
    waiting_until: datetime | None = None
    claimed_at: datetime | None = None
    claimed_by: str | None = None
    forgotten: Forgotten = Forgotten.NOTHING
    forgotten_at: datetime | None = None

    def is_past(self, cycle: int, attempt: int) -> bool:
        """Whether a message that asks for this attempt is a duplicate, or too late: its event may be forgotten."""
        return (
            bool(self.forgotten)
            or (cycle, attempt) < (self.cycle, self.attempts)
            or (self.state is DeliveryState.DELIVERED and cycle == self.cycle)
        )

    def after(
        self, attempt: Attempt, state: DeliveryState, next_attempt_at: datetime | None = None
    ) -> "DeliveryRecord":
        """The record after one more attempt, which nobody claims any more."""
        return replace(
            self,
            state=state,
            attempts=self.attempts + 1,
            next_attempt_at=next_attempt_at,
            log=(*self.log, attempt)[-MAX_KEPT_ATTEMPTS:],
            claimed_at=None,
            claimed_by=None,
        )

    def as_forgotten(self, now: datetime) -> "DeliveryRecord":
        """The record once its event is forgotten: without what was answered, and failed if it was open."""
        if self.state in (DeliveryState.DELIVERED, DeliveryState.FAILED):
            return self.without_replies()
        ended = replace(self.without_replies(), state=DeliveryState.FAILED, next_attempt_at=None)
        return replace(ended, forgotten=Forgotten.DELIVERY, forgotten_at=now)

    def without_replies(self) -> "DeliveryRecord":
        """The record without what was answered, which nobody claims any more."""
        log = tuple(replace(attempt, text="") for attempt in self.log)
        return replace(self, log=log, claimed_at=None, claimed_by=None, forgotten=Forgotten.REPLIES)

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
            "waitingReason": self._reason or None,
            "waitingUntil": _text(self._until),
            "last": _last(self._last) if self._last else None,
        }
        return {**shown, "log": [_shown(attempt) for attempt in self.log]} if with_attempts else shown

    @property
    def _last(self) -> Attempt | None:
        """The last attempt, or what took its place: nothing was sent then."""
        if self.forgotten is Forgotten.DELIVERY:
            return Attempt(self.forgotten_at or self.event_at, timedelta(0), None, ErrorClass.FORGOTTEN.value, "")
        return self.log[-1] if self.log else None

    @property
    def _reason(self) -> str:
        return self.waiting_reason or "" if self.state is DeliveryState.WAITING else ""

    @property
    def _until(self) -> datetime | None:
        return self.waiting_until if self.state is DeliveryState.WAITING else None

    def columns(self) -> dict[str, Any]:
        """What the row says besides the keys and the attempts."""
        return {
            "EventId": self.event_id,
            "Event": self.event_type,
            "EventAt": stored_time(self.event_at),
            "State": self.state.value,
            "Cycle": self.cycle,
            "Attempts": self.attempts,
            "NextAttemptAt": _text(self.next_attempt_at) or "",
            "Logged": len(self.log),
            "WaitingReason": self._reason,
            "WaitingUntil": _text(self._until) or "",
            "ClaimedAt": _text(self.claimed_at) or "",
            "ClaimedBy": self.claimed_by or "",
            **(_last_columns(self._last) if self._last else {}),
            # Left out of nearly all rows, and unknown to those of earlier versions.
            **({"Forgotten": self.forgotten.value} if self.forgotten else {}),
        }


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
    return {"PartitionKey": partition, "RowKey": key, **record.columns(), **attempts}


def parse_record(row: Mapping[str, Any], etag: str) -> DeliveryRecord:
    """The record in a row of `deliveries`; rows of the previous version know neither waiting nor claims."""
    attempts = tuple(_parse_attempt(row[f"Log{number}"]) for number in range(row["Logged"]))
    # Storage answers null for a selected column that a row does not have.
    reason, forgotten = row.get("WaitingReason"), Forgotten(row.get("Forgotten") or "")
    return DeliveryRecord(
        webhook_id=int(row["PartitionKey"]),
        event_id=row["EventId"],
        event_type=row["Event"],
        event_at=datetime.fromisoformat(row["EventAt"]),
        state=DeliveryState(row["State"]),
        cycle=row["Cycle"],
        attempts=row["Attempts"],
        next_attempt_at=_moment(row["NextAttemptAt"]),
        log=attempts,
        etag=etag,
        waiting_reason=WaitingReason(reason) if reason else None,
        waiting_until=_moment(row.get("WaitingUntil")),
        claimed_at=_moment(row.get("ClaimedAt")),
        claimed_by=row.get("ClaimedBy") or None,
        forgotten=forgotten,
        forgotten_at=_moment(row["LastAt"]) if forgotten is Forgotten.DELIVERY else None,
    )


def waiting_record(waiting: WaitingDelivery) -> DeliveryRecord:
    """A delivery that waits and was never attempted, as a record that is not stored."""
    return DeliveryRecord(
        webhook_id=waiting.webhook_id,
        event_id=waiting.event_id,
        event_type=waiting.event_type,
        event_at=waiting.event_at,
        state=DeliveryState.WAITING,
        cycle=waiting.cycle,
        attempts=waiting.attempt,
        next_attempt_at=waiting.due_at,
        waiting_reason=waiting.reason,
        waiting_until=waiting.until,
    )


def row_record(row: Mapping[str, Any]) -> DeliveryRecord:
    """The delivery in a row of either kind, with its attempts."""
    if row["RowKey"].startswith(WAITING_PREFIX):
        return waiting_record(parse_waiting(row))
    return parse_record(row, "")


def summary(row: Mapping[str, Any]) -> dict[str, object]:
    """A delivery as the Events API lists it: as `as_json` of its record, but made from the keys and SUMMARY alone.

    `row` may be that of a record, or that of a delivery that waits and has none.
    """
    if row["RowKey"].startswith(WAITING_PREFIX):
        return waiting_record(parse_waiting(row)).as_json()
    record = parse_record({**row, "Logged": 0}, "")
    return {**record.as_json(), "attempts": row["Logged"], "last": _last_of(row)}


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


def _last_columns(attempt: Attempt) -> dict[str, Any]:
    """The last attempt in columns of its own, so that a listing can show it, and filter by it, without the texts."""
    columns = {"LastAt": _text(attempt.at), "LastClass": attempt.error_class, "LastMs": _milliseconds(attempt)}
    # A row has no nulls: without an answer there is no such column.
    return columns if attempt.status is None else {**columns, "LastStatus": attempt.status}


def _last_of(row: Mapping[str, Any]) -> dict[str, object] | None:
    """The last attempt by its columns; None before it, and in a row of the previous version, which has them not."""
    if not row.get("LastAt"):
        return None
    return {
        "at": row["LastAt"],
        "status": row.get("LastStatus"),
        "errorClass": row["LastClass"] or None,
        "durationMs": row["LastMs"],
    }


def _last(attempt: Attempt) -> dict[str, object]:
    return {
        "at": _text(attempt.at),
        "status": attempt.status,
        "errorClass": attempt.error_class or None,
        "durationMs": _milliseconds(attempt),
    }


def _shown(attempt: Attempt) -> dict[str, object]:
    return {**_last(attempt), "reply": attempt.text}


def _milliseconds(attempt: Attempt) -> int:
    return round(attempt.duration / _MILLISECOND)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else stored_time(moment)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
