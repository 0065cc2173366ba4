"""Which neighbour completes a trimmed event: the one that it came from."""

from collections.abc import Callable, Mapping

from shared.events.dispatch import Completion
from shared.events.event import Event


class CompletionBySource:
    """Hands events on by what their source begins with. Completions are made when the first event needs them."""

    def __init__(self, by_prefix: Mapping[str, Callable[[], Completion]]) -> None:
        self._by_prefix = by_prefix

    def complete(self, event: Event) -> Event | None:
        """As the completion of the event's source has it; an event of another source cannot be completed."""
        for prefix, completion in self._by_prefix.items():
            if event.source.startswith(prefix):
                return completion().complete(event)
        return None
