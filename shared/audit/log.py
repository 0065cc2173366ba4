"""Where audit entries are kept: table `audit`, newest first."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from shared.audit.entry import AuditEntry, Outcome
from shared.cache import Clock
from shared.call_rate import CallRate
from shared.storage.keys import day_key, time_key
from shared.storage.paging import BEGINNING, Place
from shared.storage.query import Query
from shared.storage.scan import Scan, WorkBudget
from shared.storage.tables import Table
from shared.timestamps import stored_time

AUDIT_TABLE = "audit"
MAX_REFUSALS_PER_MINUTE = 600
"""Rows of refusals that one caller gets a minute, in one process: a caller without rights must not fill the table."""


@dataclass(frozen=True)
class AuditFilter:
    """Which entries a listing shows: by whom, about what, from `since`, before `until`, from `place` on.

    None does not filter.
    """

    who: str | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    place: Place = BEGINNING


class AuditLog:
    """The table `audit`."""

    def __init__(self, table: Table, *, clock: Clock = time.monotonic) -> None:
        self._table = table
        self._refusals = CallRate(MAX_REFUSALS_PER_MINUTE, "refusals", "MAX_REFUSALS_PER_MINUTE", clock=clock)

    def keep(self, entry: AuditEntry) -> bool:
        """Store an entry, in one transaction. False, and nothing stored, for one refusal too many.

        Raises StorageDown.
        """
        if entry.outcome is Outcome.REFUSED and self._refusals.try_count(entry.who or ""):
            return False
        # No other row has this key, and unlike an insert a put can be repeated after an answer that was lost.
        self._table.put(audit_row(entry))
        return True

    def list(self, wanted: AuditFilter, *, page_size: int, budget: WorkBudget | None = None) -> Scan[AuditEntry]:
        """Entries newest first, as far as the budget reaches."""
        newest = Query().of_days(wanted.since, wanted.until, wanted.place.after)
        rows = newest.where("Who eq", wanted.who).where("Target eq", wanted.target)
        return Scan(self._table, [(wanted.place, rows)], _parse, budget=budget, page_size=page_size)


def audit_row(entry: AuditEntry) -> dict[str, Any]:
    """The row of an entry; no two rows have one key."""
    status = {} if entry.status is None else {"Status": entry.status}
    return {
        "PartitionKey": day_key(entry.at),
        "RowKey": f"{time_key(entry.at)}-{uuid4()}",
        "At": stored_time(entry.at),
        "Who": entry.who or "",
        "Action": entry.action,
        "Target": entry.target,
        "Outcome": entry.outcome.value,
        "Changed": json.dumps(entry.changed),
        **status,
    }


def _parse(row: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry(
        at=datetime.fromisoformat(row["At"]),
        who=row["Who"] or None,
        action=row["Action"],
        target=row["Target"],
        outcome=Outcome(row["Outcome"]),
        status=row.get("Status"),
        changed=tuple(json.loads(row["Changed"])),
    )
