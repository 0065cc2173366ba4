"""When a failed delivery is tried again: never early, never for ever."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.policy import next_delay
from shared.settings import Settings

DELAYS = (1, 4, 300, 1800, 7200, 18000, 36000)
NO_WISH = timedelta(0)
MAX_DELAY = timedelta(days=7)

delays = st.lists(st.integers(0, 7 * 86_400), max_size=12)
wishes = st.timedeltas(NO_WISH, timedelta(days=1))
jitters = st.floats(0, 1)


def test_the_default_schedule_is_the_one_of_the_documentation() -> None:
    assert Settings.read({"AzureWebJobsStorage": "UseDevelopmentStorage=true"}).retry_delays == DELAYS


@pytest.mark.parametrize(("failed", "seconds"), list(enumerate(DELAYS, start=1)))
def test_each_failure_is_followed_by_its_delay(failed: int, seconds: int) -> None:
    assert next_delay(DELAYS, failed, NO_WISH, 0.0) == timedelta(seconds=seconds)


@pytest.mark.parametrize("failed", [len(DELAYS) + 1, len(DELAYS) + 2, 1000])
def test_a_schedule_ends_whatever_the_receiver_wishes(failed: int) -> None:
    assert next_delay(DELAYS, failed, timedelta(days=1), 1.0) is None


def test_without_delays_there_is_one_attempt() -> None:
    assert next_delay((), 1, NO_WISH, 0.0) is None


@given(delays=delays, wish=wishes, jitter=jitters)
def test_a_schedule_has_as_many_attempts_as_delays_none_is_early_and_none_asks_too_much_of_a_queue(
    delays: list[int], wish: timedelta, jitter: float
) -> None:
    for number, seconds in enumerate(delays, start=1):
        delay = next_delay(delays, number, wish, jitter)
        assert delay is not None
        assert max(timedelta(seconds=seconds), wish) <= delay <= MAX_DELAY
    assert next_delay(delays, len(delays) + 1, wish, jitter) is None


@given(delays=delays.filter(bool), jitter=jitters)
def test_jitter_adds_a_tenth_at_most_and_nothing_below_a_minute(delays: list[int], jitter: float) -> None:
    planned = timedelta(seconds=delays[0])
    delay = next_delay(delays, 1, NO_WISH, jitter)
    assert delay is not None
    assert planned <= delay <= min(planned * 1.1, MAX_DELAY)
    assert delay == planned or planned >= timedelta(minutes=1)


@given(wish=wishes, jitters=st.tuples(jitters, jitters).map(sorted))
def test_more_jitter_is_never_earlier(wish: timedelta, jitters: list[float]) -> None:
    first, second = (next_delay(DELAYS, 4, wish, jitter) for jitter in jitters)
    assert first is not None
    assert second is not None
    assert first <= second


@pytest.mark.parametrize(("seconds", "latest"), [(60, 66), (7200, 7920), (59, 59), (7 * 86_400, 7 * 86_400)])
def test_full_jitter_adds_a_tenth_from_a_minute_on_and_never_more_than_a_queue_bears(seconds: int, latest: int) -> None:
    assert next_delay((seconds,), 1, NO_WISH, 1.0) == timedelta(seconds=latest)
    assert next_delay((seconds,), 1, NO_WISH, 0.0) == timedelta(seconds=seconds)
