"""Calls side by side: all of them made, at once, and within the deadline of whoever makes them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.deadline import deadline, remaining_seconds
from shared.side_by_side import each_side_by_side
from tests.support.patience import Meeting


def test_all_calls_are_made_at_once_and_have_ended_when_it_returns() -> None:
    meeting, made = Meeting(4), []

    def call(number: int) -> None:
        # It goes on when all four are there.
        meeting.wait()
        made.append(number)

    with ThreadPoolExecutor(4) as pool:
        each_side_by_side(pool, range(4), call)
        assert sorted(made) == [0, 1, 2, 3]


def test_each_call_keeps_to_the_deadline() -> None:
    left: list[float] = []
    with ThreadPoolExecutor(2) as pool, deadline(50):
        each_side_by_side(pool, range(5), lambda _: left.append(remaining_seconds(at_most=1000)))
    assert len(left) == 5
    assert all(seconds <= 50 for seconds in left)


def test_what_a_call_raises_is_raised() -> None:
    def call(number: int) -> None:
        if number == 2:
            raise KeyError(number)

    with ThreadPoolExecutor(2) as pool, pytest.raises(KeyError):
        each_side_by_side(pool, range(4), call)
