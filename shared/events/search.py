"""Events that contain a text, newest first, within bounds."""

from collections.abc import Iterator
from datetime import datetime

from shared.events.event import Event
from shared.events.store import EventStore, LogFilter
from shared.exact_json import dump_json
from shared.storage.keys import moment_of
from shared.storage.paging import Place, Position
from shared.storage.scan import WorkBudget

MAX_ROWS = 5_000
"""Events that a call looks at."""
_PAGE = 200
"""Rows that storage is asked for at once: an event has up to 100,000 characters besides its payload."""


class EventSearch:
    """Events whose ids, initiator or field values contain a text, ignoring case; as a `Scan`.

    `scanned_until` is when the oldest event came in that was looked at, None before any was. A call looks at `max_rows`
    events at most, and no further than the budget reaches. Values that the listing leaves out are read for it.
    """

    def __init__(
        self, events: EventStore, text: str, wanted: LogFilter, budget: WorkBudget, *, max_rows: int = MAX_ROWS
    ) -> None:
        self.place = wanted.place
        self.is_complete = False
        self.scanned_until: datetime | None = None
        if wanted.place.after is not None:
            self.scanned_until = moment_of(wanted.place.after.key)
        self._events = events
        self._text = text.casefold()
        self._budget = budget
        self._left = max_rows
        self._scan = events.log(wanted, page_size=_PAGE, budget=budget)

    def __iter__(self) -> Iterator[tuple[Position, Event]]:
        """The events with the keys of their rows; raises StorageDown."""
        for position, event in self._scan:
            found = self._contains(event)
            if found is None:
                return
            self.place = Place(position)
            if found:
                yield position, event
            # Behind it, for who takes no further item goes on before this one.
            self.scanned_until = event.received_at
            self._left -= 1
            if not self._left:
                return
        self.place, self.is_complete = self._scan.place, self._scan.is_complete

    def _contains(self, event: Event) -> bool | None:
        """Whether it contains the text; None if that cannot be said within the budget."""
        if contains(event, self._text):
            return True
        if not event.truncated:
            return False
        if not self._budget.left():
            return None
        self._budget.spend()
        return contains(self._events.with_long_values(event), self._text)


def contains(event: Event, text: str) -> bool:
    """Whether the event's ids, initiator or field values contain a text that is case-folded."""
    texts = (event.id, event.entity_id, event.initiator, *_texts(event.field_values))
    return any(text in one.casefold() for one in texts)


def _texts(value: object) -> Iterator[str]:
    """The values in a value, as texts; whatever is no text as JSON writes it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    else:
        yield dump_json(value)
