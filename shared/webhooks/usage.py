"""Counting calls and errors of a webhook, so that no increment is lost whoever counts at the same time."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.errors import StorageDown
from shared.storage.tables import AlreadyStored, Changed, Table
from shared.webhooks.registration import Usage
from shared.webhooks.rows import parse_usage, usage_keys

_MOST_TRIES = 30


@dataclass(frozen=True)
class Call:
    """One attempt to be counted; `error` is what is shown as LastError, None for a success."""

    event_id: str
    at: datetime
    error: str | None


class UsageCounter:
    """Table `usage`: one row a webhook, changed only by whoever saw its last value."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def count(self, webhook_id: int, call: Call) -> Usage:
        """Count one attempt, and give what the counters say now: a read and a write. Raises StorageDown."""
        partition, key = usage_keys(webhook_id)
        for _ in range(_MOST_TRIES):
            row = self._table.get(partition, key)
            usage = _counted(parse_usage(row), call)
            changed = {"PartitionKey": partition, "RowKey": key, **_columns(usage, call)}
            try:
                if row is None:
                    self._table.insert(changed)
                else:
                    self._table.merge(changed, etag=str(row.metadata["etag"]))
            except (AlreadyStored, Changed):
                continue
            return usage
        raise StorageDown(f"the usage of webhook {webhook_id} could not be counted: too many others count at once")


def _counted(usage: Usage, call: Call) -> Usage:
    failed = call.error is not None
    return Usage(
        total_calls=usage.total_calls + 1,
        total_errors=usage.total_errors + failed,
        consecutive_errors=usage.consecutive_errors + 1 if failed else 0,
        last_error=usage.last_error if call.error is None else call.error,
    )


def _columns(usage: Usage, call: Call) -> dict[str, Any]:
    return {
        "TotalCalls": usage.total_calls,
        "TotalErrors": usage.total_errors,
        "ConsecutiveErrors": usage.consecutive_errors,
        "LastError": usage.last_error,
        "LastEvent": call.event_id,
        "LastCallAt": call.at.astimezone(UTC).isoformat(),
    }
