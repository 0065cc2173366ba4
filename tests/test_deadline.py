import time

from hypothesis import given
from hypothesis import strategies as st

from shared.deadline import deadline, remaining_seconds

SECONDS = st.floats(min_value=0.001, max_value=1e6)


@given(at_most=SECONDS)
def test_without_a_deadline_the_caller_has_her_own_limit(at_most: float) -> None:
    assert remaining_seconds(at_most=at_most) == at_most


@given(seconds=SECONDS, at_most=SECONDS)
def test_nobody_gets_more_than_the_deadline_or_her_own_limit(seconds: float, at_most: float) -> None:
    with deadline(seconds):
        assert remaining_seconds(at_most=at_most) <= min(seconds, at_most)


def test_the_time_that_is_left_runs_out() -> None:
    with deadline(0.001):
        give_up_at = time.monotonic() + 5
        while remaining_seconds(at_most=60) > 0 and time.monotonic() < give_up_at:
            time.sleep(0.001)
        assert remaining_seconds(at_most=60) <= 0


@given(outer=SECONDS, inner=SECONDS)
def test_an_inner_deadline_only_shortens(outer: float, inner: float) -> None:
    with deadline(outer), deadline(inner):
        assert remaining_seconds(at_most=1e9) <= min(outer, inner)


def test_after_the_inner_deadline_the_outer_one_holds_again() -> None:
    with deadline(1000):
        with deadline(1):
            pass
        assert 900 < remaining_seconds(at_most=1e9) <= 1000
    assert remaining_seconds(at_most=1e9) == 1e9


def test_a_deadline_ends_with_an_exception_too() -> None:
    try:
        with deadline(1):
            raise KeyError
    except KeyError:
        assert remaining_seconds(at_most=1e9) == 1e9
