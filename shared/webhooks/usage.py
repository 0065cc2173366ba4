"""The counters of a webhook: calls and errors, and the notices to its people."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.storage.tables import Row, Table
from shared.timestamps import stored_time
from shared.webhooks.registration import Usage
from shared.webhooks.rows import usage_keys

_A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class CallResult:
    """One attempt to count; `error` is what LastError will show, None for a success.

    An attempt that does not count in a row, because its receiver asked for a pause, is counted as a call and as an
    error, and neither adds to the consecutive errors nor ends them.
    """

    event_id: str
    at: datetime
    error: str | None
    counts_in_a_row: bool = True


def counted(usage: Usage, call: CallResult) -> Usage:
    """The counters after one more attempt."""
    failed = call.error is not None
    in_a_row = usage.consecutive_errors + 1 if failed else 0
    return Usage(
        total_calls=usage.total_calls + 1,
        total_errors=usage.total_errors + failed,
        consecutive_errors=in_a_row if call.counts_in_a_row else usage.consecutive_errors,
        last_error=usage.last_error if call.error is None else call.error,
    )


class NoticeClaims:
    """Sees to it that a webhook's people get one notice a day, with table `usage`."""

    def __init__(self, table: Table) -> None:
        self._table = table

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

        return self._table.modify(*usage_keys(webhook_id), claimed, select=tuple(claim)) is not None
