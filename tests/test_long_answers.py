import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shared.deadline import deadline, remaining_seconds
from shared.errors import BadRequest, Unavailable
from shared.long_answers import made_in_turn
from tests.support.patience import Meeting


@contextmanager
def both_makers_busy() -> Iterator[None]:
    """Until the end of the block."""
    begun, ended = Meeting(3), threading.Event()

    def make() -> None:
        begun.wait()
        ended.wait(60)

    callers = [threading.Thread(target=made_in_turn, args=(make,)) for _ in range(2)]
    for caller in callers:
        caller.start()
    begun.wait()
    try:
        yield
    finally:
        ended.set()
        for caller in callers:
            caller.join(60)


def test_what_is_made_comes_back_and_so_does_what_is_raised() -> None:
    def refuse() -> None:
        raise BadRequest("no")

    assert made_in_turn(lambda: 7) == 7
    with pytest.raises(BadRequest, match="no"):
        made_in_turn(refuse)


def test_the_deadline_of_the_request_holds_for_what_is_made() -> None:
    with deadline(5):
        assert made_in_turn(lambda: remaining_seconds(at_most=100)) <= 5


def test_two_at_most_are_made_at_once_and_whose_time_is_over_is_told_to_come_again() -> None:
    made: list[int] = []
    with both_makers_busy(), deadline(0.05), pytest.raises(Unavailable, match="too many long lists"):
        made_in_turn(lambda: made.append(1))
    made_in_turn(lambda: made.append(2))
    assert made == [2]
