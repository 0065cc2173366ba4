from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.storage.keys import day_key, day_of, key_text, row_key, time_key

IDS = st.integers(0, 2**31 - 1)


@given(IDS, IDS)
def test_keys_of_ids_sort_as_the_ids_do(one: int, other: int) -> None:
    assert (row_key(one) < row_key(other)) == (one < other)
    assert len(row_key(one)) == 10


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_key_holds_nothing_that_storage_refuses(text: str) -> None:
    key = key_text(text)
    assert not set(key) & set("/\\#?%")
    assert key.isprintable()


@pytest.mark.parametrize("moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)])
def test_times_that_no_key_can_say_count_as_the_first_and_the_last(moment: datetime) -> None:
    assert len(time_key(moment)) == 17
    assert len(day_key(moment)) == 8


@given(st.datetimes(datetime(1900, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))
def test_the_partition_of_a_day_tells_the_day(moment: datetime) -> None:
    assert day_of(day_key(moment)) == moment.replace(hour=0, minute=0, second=0, microsecond=0)
