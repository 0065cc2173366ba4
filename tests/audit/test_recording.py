from datetime import UTC, datetime

import pytest

from shared.audit.entry import MAX_TEXT, AuditEntry, Outcome
from shared.audit.recording import Kind, Recording, identified, note, recording

AT = datetime(2026, 3, 14, tzinfo=UTC)


class NoKeeper:
    def keep(self, entry: AuditEntry) -> bool:
        return False


def begun() -> Recording:
    return Recording("webhook.save", Kind.CHANGE, "webhooks")


def test_operations_add_what_they_know_better_and_leave_the_rest() -> None:
    keeper = NoKeeper()
    with recording(begun()) as record:
        identified("kim@hub.example", keeper)
        note(target="webhooks/7", changed=["Name"])
        note(outcome=Outcome.PARTIAL)
    entry = record.entry(AT, 200)
    assert (entry.who, entry.action, entry.target) == ("kim@hub.example", "webhook.save", "webhooks/7")
    assert (entry.outcome, entry.changed, record.keeper) == (Outcome.PARTIAL, ("Name",), keeper)


def test_outside_a_recording_nothing_is_noted() -> None:
    with recording(begun()) as record:
        pass
    identified("kim@hub.example", NoKeeper())
    note(target="webhooks/7")
    assert record == begun()


def test_a_partial_success_that_ends_in_a_refusal_is_a_refusal() -> None:
    record = begun()
    record.outcome = Outcome.PARTIAL
    assert record.entry(AT, 409).outcome is Outcome.REFUSED


def test_long_texts_are_cut() -> None:
    record = begun()
    record.who, record.target = "w" * 1000, "t" * 1000
    entry = record.entry(AT, None)
    assert (len(entry.who or ""), len(entry.target)) == (MAX_TEXT, MAX_TEXT)


@pytest.mark.parametrize(
    ("is_down", "is_bulk", "changed", "may_be_kept"),
    [(False, False, (), True), (True, False, (), False), (True, True, (), True), (True, False, ("Name",), True)],
)
def test_a_row_is_spared_only_if_storage_was_down_before_anything_can_have_changed(
    is_down: bool, is_bulk: bool, changed: tuple[str, ...], may_be_kept: bool
) -> None:
    record = Recording("x", Kind.CHANGE, changed=changed, is_bulk=is_bulk, is_storage_down=is_down)
    assert record.may_be_kept == may_be_kept
