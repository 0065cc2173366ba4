import time

from hypothesis import given
from hypothesis import strategies as st

from shared.deadline import deadline, grace, remaining_seconds, retry_budget, try_spend

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


@given(pauses=st.lists(SECONDS, max_size=10), seconds=SECONDS)
def test_pauses_never_come_to_more_than_the_patience(pauses: list[float], seconds: float) -> None:
    with retry_budget(seconds):
        taken = [pause for pause in pauses if try_spend(pause, at_most=1e9)]
    assert sum(taken) <= seconds * (1 + 1e-9)


@given(pause=SECONDS, at_most=SECONDS)
def test_without_patience_only_time_counts(pause: float, at_most: float) -> None:
    assert try_spend(pause, at_most=at_most) == (pause < at_most)


def test_an_inner_patience_gives_nothing_back() -> None:
    with retry_budget(3):
        assert try_spend(2, at_most=60)
        with retry_budget(60):
            assert not try_spend(2, at_most=60)
        assert try_spend(1, at_most=60)


def test_a_pause_that_the_deadline_has_no_room_for_is_not_spent() -> None:
    with retry_budget(2):
        with deadline(1):
            assert not try_spend(1.5, at_most=60)
        assert try_spend(1.5, at_most=60)


def test_grace_goes_beyond_the_deadline_and_ends_with_its_block() -> None:
    with deadline(0):
        with grace(10):
            assert 9 < remaining_seconds(at_most=60) <= 10
        assert remaining_seconds(at_most=60) <= 0
