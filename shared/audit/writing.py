"""Writes an audit entry: first its row, if it gets one, then its line, which says whether the row was written."""

import logging
from enum import StrEnum

from shared.audit.entry import AuditEntry, Keeper, Outcome
from shared.deadline import grace
from shared.telemetry.lines import tell

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
    tell(log, LINE_NAME, {**entry.as_json(), "row": row.value}, _level(entry, row))
    return row


def _keep(entry: AuditEntry, keeper: Keeper) -> RowOutcome:
    try:
        with grace(ROW_SECONDS):
            return RowOutcome.WRITTEN if keeper.keep(entry) else RowOutcome.NONE
    except Exception as error:
        # Whatever went wrong, the change is made; the line says that its row is missing.
        tell(log, "audit.unwritten", {"error": type(error).__name__}, logging.WARNING, exc_info=True)
        return RowOutcome.FAILED


def _level(entry: AuditEntry, row: RowOutcome) -> int:
    if row is RowOutcome.FAILED:
        return logging.ERROR
    return logging.WARNING if entry.outcome is Outcome.FAILED else logging.INFO
