"""A webhook's pace as columns of its row in `usage`: what is written is read, and rows of the previous version too."""

from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.pace.circuit import blocked
from shared.delivery.pace.state import (
    FORGOTTEN_COLUMN,
    Circuit,
    Pace,
    PacedUsage,
    paced_usage_columns,
    parse_paced_usage,
)
from shared.timestamps import stored_time
from shared.webhooks.registration import Usage
from tests.delivery.pace.paces import NOW, in_, moments, paces

numbers = st.integers(0, 2**31 - 1)
rows = st.builds(
    PacedUsage,
    st.builds(Usage, numbers, numbers, numbers, st.text(max_size=20)),
    paces(),
    st.text(max_size=20),
    moments,
)


@given(rows)
def test_what_is_written_is_read(row: PacedUsage) -> None:
    assert parse_paced_usage(paced_usage_columns(row)) == row


@given(rows, rows)
def test_a_merge_replaces_every_column_of_the_row_before(before: PacedUsage, after: PacedUsage) -> None:
    assert parse_paced_usage(paced_usage_columns(before) | paced_usage_columns(after)) == after


def test_every_part_of_the_pace_has_a_column_of_its_own() -> None:
    bare = set(paced_usage_columns(PacedUsage()))
    # But for `usage` and `pace` themselves, and what only the forgetting of an event writes.
    assert len(bare) == len(fields(Pace)) + len(fields(Usage)) + len(fields(PacedUsage)) - 4
    assert FORGOTTEN_COLUMN not in bare
    assert parse_paced_usage({FORGOTTEN_COLUMN: stored_time(NOW)}) == PacedUsage(forgotten_until=NOW)


@given(rows)
def test_columns_have_types_that_a_table_holds(row: PacedUsage) -> None:
    assert {type(value) for value in paced_usage_columns(row).values()} <= {str, int, bool}


def test_without_a_row_the_receiver_is_well() -> None:
    assert parse_paced_usage(None) == PacedUsage()
    assert blocked(PacedUsage().pace, NOW) is None


def test_a_row_of_the_previous_version_is_closed_and_keeps_its_counters() -> None:
    row = {"TotalCalls": 12, "TotalErrors": 9, "ConsecutiveErrors": 8, "LastError": "HTTP 500"}
    assert parse_paced_usage(row) == PacedUsage(Usage(12, 9, 8, "HTTP 500"))


def test_the_first_failure_of_a_row_of_the_previous_version_counts_from_now() -> None:
    assert parse_paced_usage({"ConsecutiveErrors": 8}).pace.failing_since is None


def test_a_turn_that_the_previous_version_reserved_is_kept() -> None:
    row = {"TotalCalls": 1, "NextTurn": in_(7).isoformat()}
    assert parse_paced_usage(row).pace == Pace(next_turn=in_(7))


def test_columns_of_others_in_the_row_say_nothing_of_the_pace() -> None:
    row = paced_usage_columns(PacedUsage()) | {"NoticeAt": NOW.isoformat(), "NoticeBy": "x", "Statistics": "y"}
    assert parse_paced_usage(row) == PacedUsage()


def test_a_time_that_ended_is_overwritten_by_a_merge() -> None:
    opened = PacedUsage(pace=Pace(circuit=Circuit.OPEN, circuit_until=NOW))
    closed = replace(opened, pace=Pace())
    assert parse_paced_usage(paced_usage_columns(opened) | paced_usage_columns(closed)).pace == Pace()
