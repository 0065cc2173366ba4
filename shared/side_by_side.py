"""Calls side by side, by the threads of a pool, each of which keeps to the deadline of whoever makes them."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context


def each_side_by_side[Item](pool: ThreadPoolExecutor, items: Iterable[Item], do: Callable[[Item], object]) -> None:
    """Call `do` with each item; raises what the first of them that failed raised, while others may still run."""
    # The deadline stands in the context, which can be entered once at a time: so each call gets a copy.
    for done in [pool.submit(copy_context().run, do, item) for item in items]:
        done.result()
