"""Which events are told under which moment; and that the three spans leave room for clocks that are read inexactly."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.late import (
    LAG,
    QUICK_WRITE,
    is_in_time,
    late_at,
    late_column,
    late_keys,
    late_row,
    parse_late,
    parse_late_at,
    postponed,
)
from shared.events.rows import log_keys, log_row
from shared.storage.keys import moment_of, time_key
from tests.support.events import make_event

NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
CLOCKS = timedelta(seconds=3)


@pytest.mark.parametrize(("age", "is_late"), [(0, False), (5, False), (5.1, True), (-5, False), (-5.1, True)])
def test_an_event_is_late_five_seconds_after_its_receipt_or_before_it(age: float, *, is_late: bool) -> None:
    event = make_event(received_at=NOW - timedelta(seconds=age))
    assert late_at(event, NOW) == (NOW if is_late else None)


@given(st.timedeltas(timedelta(days=-9), timedelta(days=9)), st.timedeltas(timedelta(0), QUICK_WRITE))
def test_what_was_written_quickly_is_there_before_anybody_reads_past_it(age: timedelta, took: timedelta) -> None:
    event = make_event(received_at=NOW - age)
    told_at = late_at(event, NOW) or event.received_at
    written = NOW + took
    assert is_in_time(told_at, written)
    # Who reads past a moment does so LAG later at the earliest, by a clock that may be wrong, as the writer's.
    assert written + CLOCKS <= told_at + LAG


def test_what_was_written_slowly_is_not_in_time() -> None:
    assert not is_in_time(NOW, NOW + timedelta(seconds=7.1))
    assert postponed(NOW) > NOW + LAG


def test_a_late_events_row_holds_nothing_but_where_the_event_is() -> None:
    event = make_event(initiator="kim", field_values={"secret": 1})
    row = late_row(event, NOW)
    assert (row["PartitionKey"], row["RowKey"]) == late_keys(event, NOW)
    told = parse_late(row)
    assert (told.partition, told.key) == log_keys(event)
    assert told.late_at == late_column(NOW)["LateAt"]
    assert row.keys() == {"PartitionKey", "RowKey", "LogPartition", "LogKey", "LateAt"}
    assert not {"kim", "secret"} & set(str(row).split("'"))


def test_a_row_of_the_log_says_whether_its_event_is_late_and_an_older_one_that_it_is_not() -> None:
    row = log_row(make_event())
    assert parse_late_at(row | late_column(NOW)) == NOW
    assert parse_late_at(row | late_column(None)) is None
    assert "LateAt" not in row


@given(st.datetimes(datetime(1970, 1, 1), datetime(5000, 1, 1), timezones=st.just(UTC)))
def test_a_key_tells_its_moment(moment: datetime) -> None:
    assert moment_of(time_key(moment)) == moment
