"""Calls side by side, by the threads of a pool: each keeps to the deadline and the trace of whoever makes them."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from shared.telemetry.tracing import carried


def each_side_by_side[Item](pool: ThreadPoolExecutor, items: Iterable[Item], do: Callable[[Item], object]) -> None:
    """Call `do` with each item; raises what the first of them that failed raised, while others may still run."""
    # Deadline and trace stand in the context, which can be entered once at a time: so each call gets a copy.
    for done in [pool.submit(carried(do), item) for item in items]:
        done.result()
