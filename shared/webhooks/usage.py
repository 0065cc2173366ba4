"""Counting calls and errors of a webhook, so that no increment is lost whoever counts at the same time."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.data.tables import TableEntity

from shared.errors import StorageDown
from shared.storage.tables import AlreadyStored, Changed, Table
from shared.webhooks.registration import Usage
from shared.webhooks.rows import parse_usage, usage_keys

_MAX_TRIES = 30
_A_DAY = timedelta(days=1)
_MAX_LINE = _A_DAY
_MINUTE_SECONDS = 63.0
"""A little more than it has: messages come a little late, and what is late must not fall together with what is not."""


@dataclass(frozen=True)
class CallResult:
    """One attempt to be counted; `error` is what is shown as LastError, None for a success."""

    event_id: str
    at: datetime
    error: str | None


class UsageCounter:
    """Table `usage`: one row a webhook, changed only by whoever saw its last value."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def count(self, webhook_id: int, call: CallResult) -> Usage:
        """Count one attempt, and give what the counters say now: a read and a write. Raises StorageDown."""
        partition, key = usage_keys(webhook_id)
        for _ in range(_MAX_TRIES):
            row = self._table.get(partition, key)
            usage = _counted(parse_usage(row), call)
            if self._put(row, {"PartitionKey": partition, "RowKey": key, **_columns(usage, call)}):
                return usage
        raise StorageDown(f"the usage of webhook {webhook_id} could not be counted: too many others count at once")

    def next_turn(self, webhook_id: int, per_minute: int, now: datetime) -> datetime | None:
        """Reserve the next moment at which this webhook may be called, `now` at the earliest: a read and a write.

        All processes share the row, so together they call no oftener than `per_minute`. None where all of the next day
        is reserved. Raises StorageDown.
        """
        partition, key = usage_keys(webhook_id)
        for _ in range(_MAX_TRIES):
            row = self._table.get(partition, key)
            reserved = None if row is None else row.get("NextTurn")
            turn = now if reserved is None else max(now, datetime.fromisoformat(reserved))
            if turn - now > _MAX_LINE:
                return None
            after = (turn + timedelta(seconds=_MINUTE_SECONDS / per_minute)).astimezone(UTC).isoformat()
            if self._put(row, {"PartitionKey": partition, "RowKey": key, "NextTurn": after}):
                return turn
        raise StorageDown(f"no turn for webhook {webhook_id} could be had: too many others ask at once")

    def claim_notice(self, webhook_id: int, now: datetime) -> bool:
        """Whether this webhook's people may be told now, once a day; whoever hears yes tells them. A read and a write.

        Raises StorageDown.
        """
        partition, key = usage_keys(webhook_id)
        claim = {"NoticeAt": now.astimezone(UTC).isoformat(), "NoticeBy": uuid.uuid4().hex}
        for _ in range(_MAX_TRIES):
            row = self._table.get(partition, key)
            told = None if row is None else row.get("NoticeAt")
            if row is not None and row.get("NoticeBy") == claim["NoticeBy"]:
                # Our own claim: it was written, and the answer was lost.
                return True
            # Also a little later than now: clocks differ.
            if told is not None and abs(now - datetime.fromisoformat(told)) < _A_DAY:
                return False
            if self._put(row, {"PartitionKey": partition, "RowKey": key, **claim}):
                return True
        raise StorageDown(f"no notice for webhook {webhook_id} could be claimed: too many others write at once")

    def _put(self, row: TableEntity | None, changed: dict[str, Any]) -> bool:
        """Insert, or merge into what was read; whether nobody else was quicker."""
        try:
            if row is None:
                self._table.insert(changed)
            else:
                self._table.merge(changed, etag=str(row.metadata["etag"]))
        except (AlreadyStored, Changed):
            return False
        return True


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
        "LastCallAt": call.at.astimezone(UTC).isoformat(),
    }
