"""Writes an audit entry: first its row, if it gets one, then its line, which says whether the row was written."""

import json
import logging
from enum import StrEnum

from shared.audit.entry import AuditEntry, Keeper, Outcome
from shared.deadline import grace

LINE_NAME = "audit"
ROW_SECONDS = 2.0
"""The time for a row beyond the request's own, short enough that the answer still comes within 25 s."""

log = logging.getLogger(__name__)


class RowOutcome(StrEnum):
    """Whether an entry's row was written."""

    WRITTEN = "written"
    FAILED = "failed"
    NONE = "none"


def write(entry: AuditEntry, keeper: Keeper | None) -> RowOutcome:
    """Write the row, if there is a keeper, and the line. Never raises: what was done is done, with a trace or not."""
    row = RowOutcome.NONE if keeper is None else _keep(entry, keeper)
    line = {"name": LINE_NAME, **entry.as_json(), "row": row.value}
    log.log(_level(entry, row), "%s", json.dumps(line))
    return row


def _keep(entry: AuditEntry, keeper: Keeper) -> RowOutcome:
    try:
        with grace(ROW_SECONDS):
            return RowOutcome.WRITTEN if keeper.keep(entry) else RowOutcome.NONE
    except Exception:
        # Whatever went wrong, the change is made; the line says that its row is missing.
        log.warning("an audit row could not be written", exc_info=True)
        return RowOutcome.FAILED


def _level(entry: AuditEntry, row: RowOutcome) -> int:
    if row is RowOutcome.FAILED:
        return logging.ERROR
    return logging.WARNING if entry.outcome is Outcome.FAILED else logging.INFO
