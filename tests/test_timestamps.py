from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.timestamps import stored_time, utc_z


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 31, 12, tzinfo=UTC), "2026-01-31T12:00:00Z"),
        (datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC), "2026-01-31T12:00:00.000005Z"),
        (datetime(2026, 1, 31, 1, tzinfo=timezone(timedelta(hours=2))), "2026-01-30T23:00:00Z"),
    ],
)
def test_a_time_is_told_in_utc(moment: datetime, text: str) -> None:
    assert utc_z(moment) == text


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_told_reads_back_as_the_same_time(moment: datetime) -> None:
    assert datetime.fromisoformat(utc_z(moment)) == datetime.fromisoformat(stored_time(moment)) == moment


def test_a_row_holds_a_time_in_utc_whatever_its_zone() -> None:
    moment = datetime(2026, 1, 31, 1, tzinfo=timezone(timedelta(hours=2)))
    assert stored_time(moment) == "2026-01-30T23:00:00+00:00"
