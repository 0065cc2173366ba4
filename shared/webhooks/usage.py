"""The counters of a webhook: calls, errors, reserved turns and notices. No increment is lost among several writers."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.storage.tables import Row, Table
from shared.timestamps import stored_time
from shared.webhooks.registration import Usage
from shared.webhooks.rows import parse_usage, usage_keys

_A_DAY = timedelta(days=1)
_MAX_LINE = _A_DAY
_MINUTE_SECONDS = 63.0
"""A little more than a minute has: messages come a little late, and a late call must not coincide with the next."""


@dataclass(frozen=True)
class CallResult:
    """One attempt to count; `error` is what LastError will show, None for a success."""

    event_id: str
    at: datetime
    error: str | None


class UsageCounter:
    """Table `usage`: one row a webhook."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def count(self, webhook_id: int, call: CallResult) -> Usage:
        """Count one attempt, and return the counters after it: a read and a write. Raises StorageDown."""
        written = self._modify(webhook_id, lambda row: _columns(_counted(parse_usage(row), call), call))
        return parse_usage(written)

    def next_turn(self, webhook_id: int, per_minute: int, now: datetime) -> datetime | None:
        """Reserve the next moment at which this webhook may be called, `now` at the earliest: a read and a write.

        All processes share the row, so together they call at most `per_minute` times a minute. None if all of the next
        day is reserved. Raises StorageDown.
        """
        pause = timedelta(seconds=_MINUTE_SECONDS / per_minute)

        def reserve(row: Row | None) -> Row | None:
            reserved = (row or {}).get("NextTurn")
            turn = now if reserved is None else max(now, datetime.fromisoformat(reserved))
            return None if turn - now > _MAX_LINE else {"NextTurn": stored_time(turn + pause)}

        written = self._modify(webhook_id, reserve)
        return None if written is None else datetime.fromisoformat(written["NextTurn"]) - pause

    def claim_notice(self, webhook_id: int, now: datetime) -> bool:
        """Claim the one notice a day to this webhook's people: a read and a write. True for the caller who sends it.

        Raises StorageDown.
        """
        claim = {"NoticeAt": stored_time(now), "NoticeBy": uuid.uuid4().hex}

        def claimed(row: Row | None) -> Row | None:
            told = (row or {}).get("NoticeAt")
            # Our own claim is there if it was written and the answer was lost.
            is_ours = row is not None and row.get("NoticeBy") == claim["NoticeBy"]
            # Also a little later than now: clocks differ.
            is_told = told is not None and abs(now - datetime.fromisoformat(told)) < _A_DAY
            return None if is_told and not is_ours else claim

        return self._modify(webhook_id, claimed) is not None

    def _modify(self, webhook_id: int, change: Callable[[Row | None], Row | None]) -> Row | None:
        """The columns that were written, None if none were."""
        written = self._table.modify(*usage_keys(webhook_id), change)
        return None if written is None else written.row


def _counted(usage: Usage, call: CallResult) -> Usage:
    failed = call.error is not None
    return Usage(
        total_calls=usage.total_calls + 1,
        total_errors=usage.total_errors + failed,
        consecutive_errors=usage.consecutive_errors + 1 if failed else 0,
        last_error=usage.last_error if call.error is None else call.error,
    )


def _columns(usage: Usage, call: CallResult) -> dict[str, Any]:
    return {
        "TotalCalls": usage.total_calls,
        "TotalErrors": usage.total_errors,
        "ConsecutiveErrors": usage.consecutive_errors,
        "LastError": usage.last_error,
        "LastEvent": call.event_id,
        "LastCallAt": stored_time(call.at),
    }
