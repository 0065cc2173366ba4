"""When timers are due."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis.strategies import datetimes, just, sampled_from

from devhost.schedules import BadSchedule, Schedule

MONDAY = datetime(2026, 6, 15, 3, 30, tzinfo=UTC)


def after(text: str, moment: datetime = MONDAY) -> str:
    found = Schedule.parse(text, {}).next_after(moment)
    return "never" if found is None else found.isoformat()[:19]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 30 3 * * *", "2026-06-16T03:30:00"),
        ("0 31 3 * * *", "2026-06-15T03:31:00"),
        ("*/20 * * * * *", "2026-06-15T03:30:20"),
        ("5,10 * * * * *", "2026-06-15T03:30:05"),
        ("0 0 9-17 * * 1-5", "2026-06-15T09:00:00"),
        ("0 0 0 * * SUN", "2026-06-21T00:00:00"),
        ("0 0 0 1 Jan *", "2027-01-01T00:00:00"),
        ("0 0 0 29 2 *", "2028-02-29T00:00:00"),
        ("  0   0 0 * * 0  ", "2026-06-21T00:00:00"),
    ],
)
def test_the_next_time_is_as_the_platform_has_it(text: str, expected: str) -> None:
    assert after(text) == expected


def test_the_day_and_the_day_of_the_week_must_both_fit() -> None:
    assert after("0 0 0 13 * FRI") == "2026-11-13T00:00:00"


@pytest.mark.parametrize(
    "text",
    [
        *("", "* * * * *", "* * * * * * *", "03:30:00", "60 * * * * *", "* * 24 * * *", "* * * 0 * *", "* * * * 13 *"),
        *("* * * * * 7", "* * * L * *", "* * * * * 5L", "* * * * * 1#2", "? * * * * *", "@daily", "*/0 * * * * *"),
        *("* * * * XYZ *", "5-2 * * * * *", "a * * * * *", "* * * 31 2 *", "٣ * * * * *", "1.5 * * * * *"),
    ],
)
def test_what_is_no_ncrontab_is_refused(text: str) -> None:
    with pytest.raises(BadSchedule, match="schedule '"):
        Schedule.parse(text, {})


@pytest.mark.parametrize("environment", [{}, {"WHEN": ""}])
def test_a_setting_that_is_missing_is_told(environment: dict[str, str]) -> None:
    with pytest.raises(BadSchedule, match="'%WHEN%' does not resolve to a value"):
        Schedule.parse("%WHEN%", environment)


@given(datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=just(UTC)), sampled_from([1, 5, 30]))
def test_times_only_go_forward_and_leave_none_out(moment: datetime, step: int) -> None:
    found = Schedule.parse(f"*/{step} * * * * *", {}).next_after(moment)
    assert found is not None
    assert 0 < (found - moment).total_seconds() <= step
    assert (found.second % step, found.microsecond) == (0, 0)
