"""Single flight: what several threads ask at the same time is asked once, and all of them get the answer."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field

from shared.deadline import remaining_seconds
from shared.errors import Unavailable

_MAX_WAIT_SECONDS = 25.0
_TOO_LATE = "another request asked the same, and had no answer within the time of this one"


class _Abandoned(Exception):
    """The one that asked for all was stopped, or had no time left, which says nothing about the answer."""


@dataclass
class _Flight[Value]:
    answer: Future[Value] = field(default_factory=Future)
    has_begun: bool = False


class SingleFlight[Key: Hashable, Value]:
    """Shares calls that are under way; nothing is kept after them.

    A call shares one that has begun already, so its answer may be as old as the beginning of that one. With `is_fresh`
    it only shares one that has yet to begin: while one is under way, all that come wait for it and then read once, so
    that everybody sees what was written before they called.
    """

    def __init__(self, *, is_fresh: bool = False) -> None:
        self._is_fresh = is_fresh
        self._latest: dict[Key, _Flight[Value]] = {}
        self._lock = threading.Lock()

    def run(self, key: Key, read: Callable[[], Value]) -> Value:
        """What `read` returns or raises, or what the `read` of another thread that calls with this key does.

        A caller whose deadline comes while it waits gets Unavailable, alone. Where the other thread itself was stopped
        or ran out of time, those that waited for it read anew, once for all of them.
        """
        while True:
            with self._lock:
                flight = self._latest.get(key)
                leads = flight is None or (self._is_fresh and flight.has_begun)
                if leads:
                    own = self._latest[key] = _Flight()
            if leads or flight is None:
                return self._lead(key, read, own, flight)
            try:
                return _wait_for(flight.answer)
            except _Abandoned:
                continue

    def _lead(self, key: Key, read: Callable[[], Value], own: _Flight[Value], earlier: _Flight[Value] | None) -> Value:
        try:
            if earlier is not None and not wait([earlier.answer], _seconds_left()).done:
                raise Unavailable(_TOO_LATE)
            with self._lock:
                own.has_begun = True
            value = read()
        except BaseException as exc:
            is_shared = isinstance(exc, Exception) and _seconds_left() > 0
            self._end(key, own)
            own.answer.set_exception(exc if is_shared else _Abandoned())
            raise
        self._end(key, own)
        own.answer.set_result(value)
        return value

    def _end(self, key: Key, own: _Flight[Value]) -> None:
        # First this, so that those that are told to read anew find nothing under way.
        with self._lock:
            own.has_begun = True
            if self._latest.get(key) is own:
                del self._latest[key]


def _seconds_left() -> float:
    return max(0.0, remaining_seconds(at_most=_MAX_WAIT_SECONDS))


def _wait_for[Value](answer: Future[Value]) -> Value:
    try:
        return answer.result(timeout=_seconds_left())
    except TimeoutError:
        if answer.done():
            # It came at the last moment; or it is a TimeoutError itself.
            return answer.result()
        raise Unavailable(_TOO_LATE) from None
