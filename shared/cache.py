"""A cache of a neighbour's answers that asks only once for the same thing at the same time (single flight)."""

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future

from cachetools import TTLCache

from shared.deadline import remaining_seconds
from shared.errors import Unavailable

_MAX_WAIT_SECONDS = 25.0

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
    answers: TTLCache[Key, Future[Value]] = TTLCache(maxsize=most, ttl=seconds, timer=clock)
    asking: dict[Key, Future[Value]] = {}
    lock = threading.Lock()

    def ask_for_all(key: Key, answer: Future[Value]) -> Value:
        try:
            answer.set_result(ask(key))
            with lock:
                answers[key] = answer
        except BaseException as exc:
            answer.set_exception(exc)
            raise
        finally:
            with lock:
                del asking[key]
        return answer.result()

    def answer_of(key: Key) -> Value:
        with lock:
            known = answers.get(key) or asking.get(key)
            if known is None:
                new = asking[key] = Future()
        return ask_for_all(key, new) if known is None else _wait_for(known)

    return answer_of


def _wait_for[Value](answer: Future[Value]) -> Value:
    try:
        return answer.result(timeout=remaining_seconds(at_most=_MAX_WAIT_SECONDS))
    except TimeoutError:
        raise Unavailable("another request asked the same, and had no answer within the time of this one") from None
