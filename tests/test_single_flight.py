import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from shared.deadline import deadline
from shared.errors import StorageDown, Unavailable
from shared.single_flight import SingleFlight
from tests.support.patience import eventually


class Slow:
    """A read that takes until it is let go, and counts how often it is begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.go_on = threading.Event()
        self.error: BaseException | None = None

    def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        assert self.go_on.wait(30)
        if self.error is not None and number == 1:
            raise self.error
        return number


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as made:
        yield made


@pytest.fixture
def slow() -> Iterator[Slow]:
    read = Slow()
    yield read
    read.go_on.set()


@pytest.fixture
def flight() -> SingleFlight[str, int]:
    return SingleFlight()


def joined(
    pool: ThreadPoolExecutor, flight: SingleFlight[str, int], slow: Slow, lead: Callable[[], int] | None = None
) -> list[Future[int]]:
    """One that reads, and nine that wait for it."""
    first = pool.submit(lead or (lambda: flight.run("a", slow)))
    eventually(lambda: slow.begun == 1)
    waits = [threading.Event() for _ in range(9)]

    def share(waiting: threading.Event) -> int:
        waiting.set()
        return flight.run("a", slow)

    others = [pool.submit(share, waiting) for waiting in waits]
    assert all(waiting.wait(30) for waiting in waits)
    return [first, *others]


def test_reads_at_the_same_time_are_one_read(
    pool: ThreadPoolExecutor, flight: SingleFlight[str, int], slow: Slow
) -> None:
    everybody = joined(pool, flight, slow)
    slow.go_on.set()
    # Threads that came a moment too late for the first read share a second one.
    assert {one.result(30) for one in everybody} <= {1, 2}
    assert slow.begun <= 2


def test_nothing_is_kept(flight: SingleFlight[str, int], slow: Slow) -> None:
    slow.go_on.set()
    assert [flight.run("a", slow), flight.run("a", slow)] == [1, 2]


def test_reads_of_other_keys_are_their_own(
    pool: ThreadPoolExecutor, flight: SingleFlight[str, int], slow: Slow
) -> None:
    first = pool.submit(flight.run, "a", slow)
    eventually(lambda: slow.begun == 1)
    assert flight.run("b", lambda: 7) == 7
    assert not first.done()


def test_a_failure_is_shared_and_not_kept(pool: ThreadPoolExecutor, flight: SingleFlight[str, int], slow: Slow) -> None:
    slow.error = StorageDown("no answer")
    everybody = joined(pool, flight, slow)
    slow.go_on.set()
    failures = [one for one in everybody if one.exception(30) is not None]
    assert {type(one.exception()) for one in failures} == {StorageDown}
    assert flight.run("a", lambda: 7) == 7


def test_one_whose_time_is_over_fails_alone(
    pool: ThreadPoolExecutor, flight: SingleFlight[str, int], slow: Slow
) -> None:
    first = pool.submit(flight.run, "a", slow)
    eventually(lambda: slow.begun == 1)
    with deadline(0.05), pytest.raises(Unavailable, match="asked the same"):
        flight.run("a", slow)
    slow.go_on.set()
    assert first.result(30) == 1


@pytest.mark.parametrize("error", [SystemExit(), KeyboardInterrupt()])
def test_those_that_waited_for_one_that_was_stopped_read_anew(
    pool: ThreadPoolExecutor, flight: SingleFlight[str, int], slow: Slow, error: BaseException
) -> None:
    slow.error = error
    first, *others = joined(pool, flight, slow)
    slow.go_on.set()
    assert isinstance(first.exception(30), type(error))
    assert all(one.result(30) >= 2 for one in others)


def test_those_that_waited_for_one_whose_time_was_over_read_anew(
    pool: ThreadPoolExecutor, flight: SingleFlight[str, int], slow: Slow
) -> None:
    def hurried() -> int:
        with deadline(0):
            return flight.run("a", slow)

    slow.error = StorageDown("no time is left")
    first, *others = joined(pool, flight, slow, hurried)
    slow.go_on.set()
    assert isinstance(first.exception(30), StorageDown)
    assert all(one.result(30) >= 2 for one in others)


def test_a_read_that_timed_out_by_itself_is_told_as_it_is(flight: SingleFlight[str, int]) -> None:
    def read() -> int:
        raise TimeoutError("the neighbour's")

    with pytest.raises(TimeoutError, match="the neighbour's"):
        flight.run("a", read)


def test_a_fresh_read_sees_what_was_written_before_the_call(pool: ThreadPoolExecutor, slow: Slow) -> None:
    flight: SingleFlight[str, str] = SingleFlight(is_fresh=True)
    rows = ["old"]

    def read_slowly() -> str:
        seen = rows[-1]
        slow()
        return seen

    first = pool.submit(flight.run, "a", read_slowly)
    eventually(lambda: slow.begun == 1)
    rows.append("new")
    others = [pool.submit(flight.run, "a", read_slowly) for _ in range(9)]
    slow.go_on.set()
    assert first.result(30) == "old"
    assert {one.result(30) for one in others} == {"new"}


def test_fresh_reads_that_wait_for_one_that_is_under_way_are_one_read(pool: ThreadPoolExecutor, slow: Slow) -> None:
    flight: SingleFlight[str, int] = SingleFlight(is_fresh=True)
    everybody = joined(pool, flight, slow)
    # One may come after the second read has begun, and then needs a third.
    slow.go_on.set()
    assert everybody[0].result(30) == 1
    assert all(one.result(30) >= 2 for one in everybody[1:])
    assert slow.begun < len(everybody)


def test_a_fresh_read_whose_time_is_over_before_it_begins_fails_alone(pool: ThreadPoolExecutor, slow: Slow) -> None:
    flight: SingleFlight[str, int] = SingleFlight(is_fresh=True)
    first = pool.submit(flight.run, "a", slow)
    eventually(lambda: slow.begun == 1)
    with deadline(0.05), pytest.raises(Unavailable, match="asked the same"):
        flight.run("a", slow)
    other = pool.submit(flight.run, "a", slow)
    slow.go_on.set()
    assert (first.result(30), other.result(30)) == (1, 2)
