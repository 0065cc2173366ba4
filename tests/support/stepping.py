"""Several works on the same rows, storage call by storage call, in an order that the test chooses."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import combinations
from typing import Any

from shared.errors import StorageDown
from tests.support.transport import JournalTransport

_WAIT_SECONDS = 30


class SteppingTransport(JournalTransport):
    """Lets the works of `run` call one at a time, in the test's order; other callers are not held up."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = threading.Condition()
        self._order: list[str] = []
        self._works: dict[int, str] = {}

    def run(self, order: Sequence[str], works: Mapping[str, Callable[[], object]]) -> dict[str, Future[object]]:
        """Let these works make their storage calls in this order, by their names, until all have come to an end.

        A work that ends before its turns are over leaves them out. One whose turns are over before it ends is killed:
        its next call fails, and no later one is made.
        """
        self._order = [*order]
        with ThreadPoolExecutor(len(works)) as pool:
            return {name: pool.submit(self._work, name, work) for name, work in works.items()}

    def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as in the class it stands for
        """Wait for the turn, then send, and pass the turn on when it is done."""
        name = self._works.get(threading.get_ident())
        if name is None:
            return super().send(request, **kwargs)
        with self._turn:
            if not self._turn.wait_for(lambda: self._order[:1] == [name] or name not in self._order, _WAIT_SECONDS):
                raise AssertionError(f"the turn of {name} never came")
            if name not in self._order:
                raise StorageDown(f"{name} was killed")
            try:
                return super().send(request, **kwargs)
            finally:
                self._order.pop(0)
                self._turn.notify_all()

    def _work(self, name: str, work: Callable[[], object]) -> object:
        self._works[threading.get_ident()] = name
        try:
            return work()
        finally:
            del self._works[threading.get_ident()]
            with self._turn:
                self._order = [one for one in self._order if one != name]
                self._turn.notify_all()


class InterruptedTransport(JournalTransport):
    """Does something right before the first request that fits."""

    def __init__(self) -> None:
        super().__init__()
        self._pending: list[tuple[Callable[[str, str], bool], Callable[[], object]]] = []

    def interrupt(self, fits: Callable[[str, str], bool], do: Callable[[], object]) -> None:
        """Have this done once; `fits` is called with method and URL."""
        self._pending.append((fits, do))

    def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as in the class it stands for
        """Do what is to be done before this request, then send it."""
        for one in [one for one in self._pending if one[0](request.method, request.url)][:1]:
            self._pending.remove(one)
            one[1]()
        return super().send(request, **kwargs)


def interleavings(one: tuple[str, int], other: tuple[str, int]) -> Iterator[list[str]]:
    """All orders in which so many calls of one and so many of the other can come."""
    (name, calls), (other_name, other_calls) = one, other
    for places in combinations(range(calls + other_calls), calls):
        yield [name if place in places else other_name for place in range(calls + other_calls)]
