import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cache import single_flight_cache
from shared.deadline import deadline
from shared.errors import DirectoryDown, Unavailable


class Joining(int):
    """A number that tells when it is found among those that are being asked for: who asked for it waits from then."""

    def __new__(cls, number: int, found: Callable[[], object]) -> Self:
        """`found` is called at each comparison."""
        made = super().__new__(cls, number)
        made.found = found
        return made

    found: Callable[[], object]

    def __eq__(self, other: object) -> bool:
        self.found()
        return int(self) == other

    __hash__ = int.__hash__


class Source:
    """Answers a number with its double; a negative one is an outage. Holds its answers back while `go` is not set."""

    def __init__(self) -> None:
        self.asked: Counter[int] = Counter()
        self.go = threading.Event()
        self.go.set()

    def ask(self, number: int) -> int | None:
        self.asked[number] += 1
        self.go.wait(60)
        if number < 0:
            raise DirectoryDown("no numbers below zero")
        return 2 * number or None

    def wait_until_asked(self) -> None:
        give_up_at = time.monotonic() + 60
        while not self.asked and time.monotonic() < give_up_at:
            time.sleep(0.001)


@given(st.lists(st.integers(0, 5)))
def test_each_question_is_asked_once_and_answered_as_the_source_does(numbers: list[int]) -> None:
    source = Source()
    ask = single_flight_cache(source.ask, seconds=60, most=10)
    assert [ask(number) for number in numbers] == [2 * number or None for number in numbers]
    assert source.asked == Counter(set(numbers))


@given(st.lists(st.integers(0, 50)), st.integers(1, 5))
def test_no_more_answers_are_kept_than_allowed(numbers: list[int], most: int) -> None:
    source = Source()
    ask = single_flight_cache(source.ask, seconds=60, most=most)
    for number in [*numbers, *range(100, 100 + most)]:
        ask(number)
    source.asked.clear()
    for number in range(100, 100 + most):
        ask(number)
    assert source.asked == {}
    ask(99)
    assert [ask(number) for number in range(100, 100 + most)] == [2 * number for number in range(100, 100 + most)]
    assert sum(source.asked.values()) > 1


def test_zero_seconds_keep_nothing() -> None:
    source = Source()
    ask = single_flight_cache(source.ask, seconds=0, most=10)
    assert [ask(1), ask(1)] == [2, 2]
    assert source.asked == {1: 2}


def test_a_failure_is_not_kept() -> None:
    source = Source()
    ask = single_flight_cache(source.ask, seconds=60, most=10)
    for _ in range(2):
        with pytest.raises(DirectoryDown):
            ask(-1)
    assert source.asked == {-1: 2}


def test_fifty_at_once_ask_once_and_share_the_answer() -> None:
    source = Source()
    ask = single_flight_cache(source.ask, seconds=60, most=10)
    source.go.clear()
    with ThreadPoolExecutor(50) as pool:
        answers = [pool.submit(ask, 4) for _ in range(50)]
        source.go.set()
    assert ([answer.result() for answer in answers], source.asked) == ([8] * 50, {4: 1})


def test_who_waits_shares_a_failure_instead_of_asking_again() -> None:
    source = Source()
    ask = single_flight_cache(source.ask, seconds=60, most=10)
    source.go.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, -1)
        source.wait_until_asked()
        with pytest.raises(DirectoryDown):
            ask(Joining(-1, source.go.set))
    assert isinstance(first.exception(), DirectoryDown)
    assert source.asked == {-1: 1}


def test_who_waits_does_so_within_her_own_deadline() -> None:
    source = Source()
    ask = single_flight_cache(source.ask, seconds=60, most=10)
    source.go.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ask, 4)
        source.wait_until_asked()
        with deadline(0.05), pytest.raises(Unavailable, match="within the time"):
            ask(4)
        source.go.set()
    assert first.result() == 8
