"""A webhook's pace: what all instances know of how its receiver answers, as columns of its row in `usage`. Pure.

Each attempt reads the row before it and merges its outcome into it afterwards, so sharing the pace costs nothing. All
times are by the clock of the storage service, which is the same for all instances.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.timestamps import stored_time
from shared.webhooks.registration import Usage
from shared.webhooks.rows import CALL_TIMES, LAST_CALL_AT, LAST_SUCCESS_AT, USAGE_COLUMNS, parse_usage


class Circuit(StrEnum):
    """Whether a receiver that failed is called."""

    CLOSED = "closed"
    """It is called."""
    OPEN = "open"
    """It is not called before a moment."""
    HALF_OPEN = "half-open"
    """One delivery, the probe, tries whether it is well again; nobody else calls it before a moment."""


@dataclass(frozen=True)
class Pace:
    """The pace of one webhook.

    circuit: with `circuit_until`, the moment that its state names.
    turned_at: when the circuit was last opened or closed; None if never.
    openings: how often it was opened since the last success: each time is longer.
    is_silent: whether it was opened because all places had no answer, instead of by failures.
    failures: failed attempts in a row that began since `turned_at`.
    paused_until: no call before this moment, because the receiver asked for a pause.
    pauses: how often in a row it asked for one without naming its length.
    failing_since: when the first of the current failures was.
    is_quick: whether the last attempt, of any instance, was a success within a second: then the webhook is proven.
    is_answering: whether the last attempt was a success, and nobody has seen since that the receiver hangs.
    wake_number, wake_due: the number and the time of the wake-up that is under way; `wake_due` is None if none is.
    place_waits: how many wake-ups in a row met a receiver that did not answer.
    ramp: how many deliveries the last wake-up put back into the queue.
    is_idle: whether the last wake-up found nothing that waits, and comes again to look: soon, and once more.
    has_looked: whether the next look is the last one.
    failed_probe: the id of the event whose delivery failed as the last probe.
    is_listed: whether the webhook stands in the list of those that dispatch sends no messages to (blocked.py).
    next_turn: the first moment at which a receiver that allows a number of requests a minute may be called.
    """

    circuit: Circuit = Circuit.CLOSED
    circuit_until: datetime | None = None
    turned_at: datetime | None = None
    openings: int = 0
    is_silent: bool = False
    failures: int = 0
    paused_until: datetime | None = None
    pauses: int = 0
    failing_since: datetime | None = None
    is_quick: bool = False
    is_answering: bool = False
    wake_number: int = 0
    wake_due: datetime | None = None
    place_waits: int = 0
    ramp: int = 0
    is_idle: bool = False
    has_looked: bool = False
    failed_probe: str = ""
    is_listed: bool = False
    next_turn: datetime | None = None


@dataclass(frozen=True)
class PacedUsage:
    """A row of `usage`: the counters, the pace, what the last attempt was for and when, and when one last delivered.

    `forgotten_until` is the receipt of the newest forgotten event that messages for this webhook may carry; None if
    there is none.
    `slots` are the columns of the statistics (webhooks/stats.py) that were read: those of the hours that matter now.
    """

    usage: Usage = field(default_factory=Usage)
    pace: Pace = field(default_factory=Pace)
    last_event: str = ""
    last_call_at: datetime | None = None
    last_success_at: datetime | None = None
    forgotten_until: datetime | None = None
    slots: Mapping[str, str] = field(default_factory=dict)


FORGOTTEN_COLUMN = "ForgottenUntil"
_COLUMNS = {
    "circuit": "Circuit",
    "circuit_until": "CircuitUntil",
    "turned_at": "CircuitTurnedAt",
    "openings": "CircuitOpenings",
    "is_silent": "CircuitSilent",
    "failures": "CircuitFailures",
    "paused_until": "PausedUntil",
    "pauses": "Pauses",
    "failing_since": "FailingSince",
    "is_quick": "Quick",
    "is_answering": "Answering",
    "wake_number": "WakeNumber",
    "wake_due": "WakeDue",
    "place_waits": "PlaceWaits",
    "ramp": "Ramp",
    "is_idle": "Idle",
    "has_looked": "LookedAgain",
    "failed_probe": "FailedProbe",
    "is_listed": "Listed",
    "next_turn": "NextTurn",
}
_TIMES = frozenset({"circuit_until", "turned_at", "paused_until", "failing_since", "wake_due", "next_turn"})
_DEFAULTS = Pace()
PACED_USAGE_COLUMNS = (*USAGE_COLUMNS, "LastEvent", *CALL_TIMES, FORGOTTEN_COLUMN, *_COLUMNS.values())
"""What is read of a row. Its other columns are many more: the statistics of a week."""


def parse_paced_usage(row: Mapping[str, Any] | None, slots: Collection[str] = ()) -> PacedUsage:
    """What a row says; a row of the previous version, and none at all, are those of a receiver that is well.

    `slots` names the columns of the statistics that were read with it.
    """
    if row is None:
        return PacedUsage(slots=dict.fromkeys(slots, ""))
    values = {one.name: _value(one.name, row.get(_COLUMNS[one.name])) for one in fields(Pace)}
    return PacedUsage(
        parse_usage(row),
        Pace(**{**values, "circuit": Circuit(values["circuit"])}),
        row.get("LastEvent") or "",
        _moment(row.get(LAST_CALL_AT)),
        _moment(row.get(LAST_SUCCESS_AT)),
        _moment(row.get(FORGOTTEN_COLUMN)),
        {name: row.get(name) or "" for name in slots},
    )


def paced_usage_columns(row: PacedUsage) -> dict[str, Any]:
    """The columns of a row without its keys, and without FORGOTTEN_COLUMN, which who forgets an event writes alone."""
    return {
        "TotalCalls": row.usage.total_calls,
        "TotalErrors": row.usage.total_errors,
        "ConsecutiveErrors": row.usage.consecutive_errors,
        "LastError": row.usage.last_error,
        "LastEvent": row.last_event,
        LAST_CALL_AT: _text(row.last_call_at),
        LAST_SUCCESS_AT: _text(row.last_success_at),
        **{column: _column(getattr(row.pace, name)) for name, column in _COLUMNS.items()},
        **{column: text for column, text in row.slots.items() if text},
    }


def _value(name: str, stored: Any) -> Any:  # noqa: ANN401 - a column of any type
    if name in _TIMES:
        return _moment(stored)
    return getattr(_DEFAULTS, name) if stored is None else stored


def _column(value: object) -> object:
    # Merging leaves a column as it was that is not named, so what is None is written as an empty text.
    return (
        _text(value)
        if value is None or isinstance(value, datetime)
        else str(value)
        if isinstance(value, Circuit)
        else value
    )


def _moment(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None


def _text(moment: datetime | None) -> str:
    return "" if moment is None else stored_time(moment)
