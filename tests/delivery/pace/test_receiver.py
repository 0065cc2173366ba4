"""What a process knows of one receiver; test_places.py holds what follows from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.pace.receiver import FIRST_PLACES, MAX_PLACES, KnownReceiver, UnderWay


@given(st.lists(st.tuples(st.booleans(), st.none() | st.floats(0, 20), st.booleans()), max_size=60))
def test_whatever_it_answers_it_bears_one_attempt_at_least_and_32_at_most(
    ends: list[tuple[bool, float | None, bool]],
) -> None:
    receiver, now = KnownReceiver(), 0.0
    for succeeded, head_seconds, is_old in ends:
        now += head_seconds or 15
        attempt = UnderWay(now - (head_seconds or 15), "old" if is_old else receiver.mark)
        receiver.learn(attempt, now, succeeded=succeeded, head_seconds=head_seconds)
        assert 1 <= receiver.bears(now, 0.0) <= MAX_PLACES
        assert not (receiver.is_proven and receiver.is_failing)
        assert (receiver.a_second() is None) == (receiver.seconds == 0)


def test_an_attempt_that_began_before_its_mark_changed_teaches_nothing() -> None:
    receiver = KnownReceiver(mark=2)
    receiver.learn(UnderWay(0.0, 1), 15.0, succeeded=False, head_seconds=None)
    assert receiver == KnownReceiver(mark=2)


def test_an_answer_that_has_begun_may_take_two_seconds_more() -> None:
    attempt = UnderWay(0.0, None)
    assert attempt.is_slow(1.1, 0.0, 1.0)
    assert not attempt.is_slow(1.1, 0.2, 1.0)
    attempt.has_head = True
    assert not attempt.is_slow(2.9, 0.0, 1.0)
    assert attempt.is_slow(3.1, 0.0, 1.0)
    assert not attempt.is_headless(99.0, 0.0, 1.0)


def test_a_wait_is_as_many_rounds_as_those_ahead_need() -> None:
    receiver = KnownReceiver(FIRST_PLACES, seconds=1.0, waiting=12)
    assert receiver.wait_to_expect(0.0, 0.0) == pytest.approx(3)
    receiver.is_proven = True
    assert receiver.wait_to_expect(0.0, 0.0) == pytest.approx(2)
    receiver.limit = MAX_PLACES
    assert receiver.wait_to_expect(0.0, 0.0) == pytest.approx(12 / 32)
