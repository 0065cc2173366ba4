"""Two who do the same at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from shared.errors import HubError


def at_once(*actions: Callable[[], object]) -> list[object]:
    """What came of each: a value, or an error of ours. A single action is done by two."""
    chosen = actions * 2 if len(actions) == 1 else actions

    def outcome(action: Callable[[], object]) -> object:
        try:
            return action()
        except HubError as error:
            return error

    with ThreadPoolExecutor(len(chosen)) as pool:
        return list(pool.map(outcome, chosen))
