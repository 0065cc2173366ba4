"""A cache of a neighbour's answers that asks only once for the same thing at the same time (single flight)."""

import threading
import time
from collections.abc import Callable, Hashable

from cachetools import TTLCache

from shared.single_flight import SingleFlight

type Clock = Callable[[], float]
"""Returns seconds that only grow, as time.monotonic does."""


def single_flight_cache[Key: Hashable, Value](
    ask: Callable[[Key], Value], *, seconds: int, most: int, clock: Clock = time.monotonic
) -> Callable[[Key], Value]:
    """`ask` with a cache: at most `most` answers are kept, for `seconds` each; 0 seconds keeps none.

    Concurrent calls with the same key call `ask` once and share its answer or its failure: in an outage, calls one
    after the other would take longer than their deadlines. Failures are not kept. A caller whose deadline expires
    while it waits gets Unavailable.
    """
    # In a tuple, so that an answer of None is told from none.
    answers: TTLCache[Key, tuple[Value]] = TTLCache(maxsize=most, ttl=seconds, timer=clock)
    flight: SingleFlight[Key, Value] = SingleFlight()
    lock = threading.Lock()

    def kept(key: Key) -> tuple[Value] | None:
        with lock:
            return answers.get(key)

    def ask_unless_kept(key: Key) -> Value:
        # Another call may have ended between the look below and this one.
        if (known := kept(key)) is not None:
            return known[0]
        answer = ask(key)
        with lock:
            answers[key] = (answer,)
        return answer

    def answer_of(key: Key) -> Value:
        known = kept(key)
        return flight.run(key, lambda: ask_unless_kept(key)) if known is None else known[0]

    return answer_of
