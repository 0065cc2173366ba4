"""Long answers are made by two threads of their own, whoever asks for them, so that memory for two of them is enough.

Each of the worker's many threads would keep for itself what the C library gave it, long after its answer was sent.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from shared.deadline import remaining_seconds
from shared.errors import Unavailable

_AT_ONCE = 2
_MAX_SECONDS = 60.0

_makers = ThreadPoolExecutor(_AT_ONCE, "long-answers")


def made_in_turn[T](make: Callable[[], T]) -> T:
    """What `make` gives, or raises; it has what is left of the deadline, waiting included.

    Raises Unavailable where its turn has not come by then.
    """
    # The deadline is in the context, which another thread does not have by itself.
    made = _makers.submit(copy_context().run, make)
    try:
        return made.result(max(remaining_seconds(at_most=_MAX_SECONDS), 0))
    except TimeoutError:
        made.cancel()
        raise Unavailable("too many long lists are asked for at once") from None
    finally:
        # An error that was raised knows this frame, and what was made would stay as long as nobody looks for circles.
        del made
