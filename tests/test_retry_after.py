from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.retry_after import retry_after
from tests.support.cases import holds_for

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), ("120", 120), (" 7 ", 7), ("007", 7)])
def test_whole_seconds_are_understood(value: str, seconds: int) -> None:
    assert retry_after(value, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("value", "seconds"), [("1.5", 2), ("20.0", 20), ("0.001", 1), ("0.0", 0)])
def test_a_fraction_of_a_second_is_rounded_up(value: str, seconds: int) -> None:
    assert retry_after(value, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("20, 20", 20),
        ("20,40", 40),
        ("40, soon", 40),
        (", 7", 7),
        ("5, Sat, 14 Mar 2026 09:28:53 GMT", 120),
        ("Sat, 14 Mar 2026 09:28:53 GMT, Sat, 14 Mar 2026 09:27:53 GMT", 120),
        ("Saturday, 14-Mar-26 09:28:53 GMT, 5", 120),
    ],
)
def test_of_several_values_the_longest_counts(value: str, seconds: int) -> None:
    assert retry_after(value, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize("zone", ["GMT", "+0000", "-0000"])
def test_an_http_date_is_understood(zone: str) -> None:
    assert retry_after(f"Sat, 14 Mar 2026 09:28:53 {zone}", NOW) == timedelta(minutes=2)


def test_a_date_in_the_past_means_no_wait() -> None:
    assert retry_after("Fri, 13 Mar 2026 09:26:53 GMT", NOW) == timedelta(0)


@holds_for("value", [None, "", " ", "soon", "-1", "1.", ".5", "1e3", "٣", "9" * 30, "Sat, 99 Foo 2026", "a, b"])
def test_anything_else_says_nothing(value: str | None) -> None:
    assert retry_after(value, NOW) is None


@given(st.text() | st.from_regex(r"\w{3}, \d{1,3} \w{3} \d{1,6} [\d:]{1,9} \S{0,6}"))
@example("Sat, 14 Mar 2026 09:28:53 +9999")
@example("1 Jan 0001 00:00:00 +2359")
def test_any_value_is_a_wait_or_nothing(value: str) -> None:
    wait = retry_after(value, NOW)
    assert wait is None or wait >= timedelta(0)


@given(MOMENTS, MOMENTS)
def test_a_date_is_waited_for_to_the_second(moment: datetime, now: datetime) -> None:
    wait = retry_after(format_datetime(moment, usegmt=True), now)
    assert wait == max(moment.replace(microsecond=0) - now, timedelta(0))
