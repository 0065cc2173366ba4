"""An entry's line says what became of its row, and writing never fails."""

import logging
from datetime import UTC, datetime

import pytest

from shared.audit.entry import AuditEntry, Outcome
from shared.audit.writing import RowOutcome, write
from shared.errors import StorageDown
from tests.support.lines import lines_in


class Keeper:
    """A table that answers as a test says."""

    def __init__(self, answer: bool | Exception) -> None:
        self._answer = answer

    def keep(self, entry: AuditEntry) -> bool:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def entry(outcome: Outcome = Outcome.DONE) -> AuditEntry:
    return AuditEntry(datetime(2026, 3, 14, tzinfo=UTC), "kim@hub.example", "role.grant", "roles", outcome)


@pytest.mark.parametrize(
    ("keeper", "outcome", "row", "level"),
    [
        (None, Outcome.DONE, RowOutcome.NONE, logging.INFO),
        (Keeper(True), Outcome.DONE, RowOutcome.WRITTEN, logging.INFO),
        (Keeper(True), Outcome.REFUSED, RowOutcome.WRITTEN, logging.INFO),
        (Keeper(True), Outcome.FAILED, RowOutcome.WRITTEN, logging.WARNING),
        (Keeper(False), Outcome.REFUSED, RowOutcome.NONE, logging.INFO),
        (Keeper(StorageDown("gone")), Outcome.DONE, RowOutcome.FAILED, logging.ERROR),
        (Keeper(RuntimeError("odd")), Outcome.FAILED, RowOutcome.FAILED, logging.ERROR),
    ],
)
def test_the_line_says_what_became_of_the_row(
    caplog: pytest.LogCaptureFixture, keeper: Keeper | None, outcome: Outcome, row: RowOutcome, level: int
) -> None:
    with caplog.at_level(logging.INFO):
        assert write(entry(outcome), keeper) is row
    [line] = lines_in(caplog.records, "audit")
    assert (line["row"], caplog.records[-1].levelno) == (row.value, level)
