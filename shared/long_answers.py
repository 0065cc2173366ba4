"""Long answers are made two at a time, by two threads of their own, so that memory for two of them is enough.

Otherwise each of the worker's many threads would keep the memory that its C library handed it, long after its answer
was sent.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from shared.deadline import remaining_seconds
from shared.errors import Unavailable
from shared.telemetry.tracing import carried

_AT_ONCE = 2
_MAX_SECONDS = 60.0

_makers = ThreadPoolExecutor(_AT_ONCE, "long-answers")


def made_in_turn[T](make: Callable[[], T]) -> T:
    """The result of `make`, which has the rest of the deadline, waiting included; raises what `make` raises.

    Raises Unavailable if its turn does not come in that time.
    """
    # Deadline and trace are in the context, which another thread does not have by itself.
    made = _makers.submit(carried(make))
    try:
        return made.result(max(remaining_seconds(at_most=_MAX_SECONDS), 0))
    except TimeoutError:
        made.cancel()
        raise Unavailable("too many long lists are requested at once") from None
    finally:
        # The traceback of an error refers to this frame, which would keep the answer until cycles are collected.
        del made
