from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.server_clock import MAX_AGE, ServerClock

START = datetime(2026, 5, 4, 12, 0, 0, 300_000, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

# A pause before the request, then its way there and its way back, in milliseconds.
answers = st.lists(
    st.tuples(st.integers(0, 20_000), st.integers(0, 1_000), st.integers(0, 1_000)), min_size=1, max_size=30
)
differences = st.integers(-(10**8), 10**8).map(lambda milliseconds: milliseconds * MILLISECOND)


def date_of(moment: datetime) -> str:
    return format_datetime(moment.replace(microsecond=0), usegmt=True)


def observed(
    clock: ServerClock, local: datetime, difference: timedelta, there: timedelta, back: timedelta
) -> ServerClock:
    """What is known after an answer from a server whose clock is so far ahead."""
    return clock.observe(date_of(local + there + difference), local, local + there + back)


def known_after(
    difference: timedelta, calls: list[tuple[int, int, int]], start: ServerClock | None = None
) -> ServerClock:
    clock, local = start or ServerClock(), START
    for pause, there, back in calls:
        local += pause * MILLISECOND
        clock = observed(clock, local, difference, there * MILLISECOND, back * MILLISECOND)
        local += (there + back) * MILLISECOND
    return clock


@given(differences, answers)
def test_the_true_difference_is_always_within_the_bounds(
    difference: timedelta, calls: list[tuple[int, int, int]]
) -> None:
    clock = known_after(difference, calls)
    assert clock.low <= difference <= clock.high


@given(differences, answers)
def test_the_time_is_never_wrong_by_more_than_the_bounds_and_they_are_3_s_at_most(
    difference: timedelta, calls: list[tuple[int, int, int]]
) -> None:
    clock = known_after(difference, calls)
    assert abs(clock.at(START) - (START + difference)) <= clock.high - clock.low <= timedelta(seconds=3)


@given(differences, differences, answers)
def test_a_clock_that_was_set_anew_is_believed_at_once(
    before: timedelta, after: timedelta, calls: list[tuple[int, int, int]]
) -> None:
    old = known_after(before, [(0, 0, 0)])
    clock = known_after(after, [*calls, (0, 100, 100)], old)
    assert abs(clock.at(START) - (START + after)) <= timedelta(seconds=3)


def test_answers_at_different_moments_of_a_second_narrow_the_difference_down() -> None:
    difference = timedelta(seconds=60)
    clock = known_after(difference, [(pause, 5, 5) for pause in (0, 90, 190, 290, 390, 490, 590, 690, 790, 890)])
    assert abs(clock.difference - difference) <= 100 * MILLISECOND


@given(answers)
def test_a_local_clock_that_is_right_is_taken_as_it_is(calls: list[tuple[int, int, int]]) -> None:
    assert known_after(timedelta(), calls).at(START) == START


@pytest.mark.parametrize("date", [None, "", "soon", "Mon, 04 May 2026 12:01:00 -0000", "Mon, 99 May 2026 12:01:00 GMT"])
def test_an_answer_without_a_usable_date_changes_nothing(date: str | None) -> None:
    known = observed(ServerClock(), START, timedelta(minutes=1), MILLISECOND, MILLISECOND)
    assert known.observe(date, START, START + MILLISECOND) == known


@pytest.mark.parametrize("took", [timedelta(seconds=2, milliseconds=1), timedelta(seconds=-1)])
def test_an_answer_that_took_long_or_in_which_the_clock_was_set_back_changes_nothing(took: timedelta) -> None:
    assert ServerClock().observe(date_of(START + timedelta(hours=1)), START, START + took) == ServerClock()


def test_bounds_that_are_old_are_replaced_because_clocks_drift() -> None:
    narrow = ServerClock(timedelta(), MILLISECOND, START)
    later = START + MAX_AGE + MILLISECOND
    renewed = narrow.observe(date_of(later), later, later)
    assert (renewed.since, renewed.high - renewed.low) == (later, timedelta(seconds=1))
    earlier = START + MAX_AGE
    assert narrow.observe(date_of(earlier), earlier, earlier).since == START


def test_before_any_answer_the_local_time_is_taken() -> None:
    assert ServerClock().at(START) == START
