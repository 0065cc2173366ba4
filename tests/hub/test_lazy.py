import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from shared.hub.lazy import Lazy


def test_threads_that_ask_at_once_get_one_part() -> None:
    made = list[object]()
    start = Barrier(8)

    def make() -> object:
        # Time enough for the others to come in, if anything let them.
        time.sleep(0.05)
        made.append(object())
        return made[-1]

    part = Lazy(make)

    def ask(_: int) -> object:
        start.wait()
        return part()

    assert made == []
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(ask, range(8)))
    assert got == made * 8


def test_a_part_that_is_none_is_made_once_too() -> None:
    made = list[None]()
    part = Lazy(lambda: made.append(None))
    assert (part(), part(), len(made)) == (None, None, 1)


def test_what_could_not_be_made_is_tried_again() -> None:
    answers: Iterator[str | ValueError] = iter([ValueError("not yet"), "made"])

    def make() -> str:
        answer = next(answers)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    part = Lazy(make)
    with pytest.raises(ValueError, match="not yet"):
        part()
    assert part() == "made"
