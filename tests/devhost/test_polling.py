"""How long a listener waits, and what becomes of a message."""

import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers, lists

from devhost.hostjson import QueueOptions
from devhost.polling import Backoff, Fate, fate, is_past_its_attempts, may_poll

OPTIONS = QueueOptions(max_dequeue_count=3, batch_size=4, new_batch_threshold=2)
jitters = floats(0.8, 1.2)


def test_the_wait_doubles_from_100_ms_on_until_the_longest() -> None:
    backoff = Backoff(1.0)
    waits = [round(backoff.next_seconds(1.0), 3) for _ in range(7)]
    assert waits == [0.1, 0.2, 0.3, 0.5, 0.9, 1.0, 1.0]


def test_a_message_makes_the_wait_short_again() -> None:
    backoff = Backoff(60)
    for _ in range(9):
        backoff.next_seconds(1.2)
    backoff.found()
    assert backoff.next_seconds(1.2) == 0.1


@given(floats(0.1, 3600), lists(jitters, max_size=200))
def test_a_wait_is_never_longer_than_the_longest_and_never_none(most: float, given_jitters: list[float]) -> None:
    backoff = Backoff(most)
    assert all(0.1 <= backoff.next_seconds(jitter) <= most for jitter in given_jitters)


@given(integers(1, 14), jitters)
def test_a_wait_lies_within_a_fifth_of_its_step(step: int, jitter: float) -> None:
    backoff = Backoff(10_000)
    for _ in range(step):
        backoff.next_seconds(1.0)
    doubled = 0.1 * 2 ** (step - 1)
    assert 0.1 + 0.79 * doubled <= backoff.next_seconds(jitter) <= 0.1 + 1.21 * doubled


@pytest.mark.parametrize(
    ("dequeue_count", "succeeded", "expected"),
    [
        (1, True, Fate.DELETE),
        (1, False, Fate.RETRY),
        (2, False, Fate.RETRY),
        (3, False, Fate.POISON),
        (3, True, Fate.DELETE),
        (4, False, Fate.POISON),
    ],
)
def test_the_fate_of_a_message(dequeue_count: int, succeeded: bool, expected: Fate) -> None:
    assert fate(OPTIONS, dequeue_count, succeeded=succeeded) is expected


def test_a_message_past_its_attempts_is_not_tried_again() -> None:
    assert [is_past_its_attempts(OPTIONS, count) for count in (1, 3, 4)] == [False, False, True]


def test_the_next_batch_may_come_when_no_more_than_the_threshold_run() -> None:
    assert [may_poll(OPTIONS, running) for running in (0, 2, 3)] == [True, True, False]
