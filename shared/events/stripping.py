"""Takes the contents of events out of the tables `events` and `eventlog`; a row without contents stays in both.

The row in `events` goes first: from then on nobody completes, dispatches or delivers the event. The one in `eventlog`
is replaced, or made where dispatch has not made it yet, so that a dispatch under way finds its place taken. One that is
made is told to those who follow as a late one, for nobody knows how far they have read.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from shared.events.event import Event, EventId
from shared.events.late import parse_late_at
from shared.events.rows import (
    EVENT_COLUMNS,
    EVENTLOG_TABLE,
    EVENTS_TABLE,
    TEXT_COLUMNS,
    event_keys,
    forgotten_log_row,
    forgotten_row,
    log_keys,
    parse_event,
    values_keys,
)
from shared.events.store import BegunDispatch, EventStore
from shared.storage.account import StorageAccount
from shared.storage.tables import Changed, Row, RowVersion

UNFINISHED_COLUMN = "Unfinished"
"""True from the beginning of the forgetting of an event until nothing is left of its contents anywhere."""

_WEBHOOKS_DONE_COLUMN = "WebhooksDone"
"""Of an event of very many webhooks, while it is forgotten: nothing is left with those up to this id."""

KEPT_COLUMNS = (*(name for name in EVENT_COLUMNS if name not in TEXT_COLUMNS), UNFINISHED_COLUMN)
"""The columns of `events` that say what an event was, and nothing of its contents."""


def is_forgotten(row: Row) -> bool:
    """Whether the event of a row of KEPT_COLUMNS is forgotten, and nothing is left to do for that."""
    return bool(row.get("Forgotten")) and not row.get(UNFINISHED_COLUMN)


class EventStripping:
    """Forgets events in the order of its methods; each can be done twice. All methods raise StorageDown."""

    def __init__(self, storage: StorageAccount, store: EventStore) -> None:
        self._store = store
        self._events = storage.table(EVENTS_TABLE)
        self._log = storage.table(EVENTLOG_TABLE)

    def begin(self, id_: EventId, known: RowVersion | None = None) -> Event | None:
        """Take the contents out of `events`, and return what stays; None if the event is not stored.

        `known` is its row of KEPT_COLUMNS, if that was read: one write then, else a read too.
        """
        found: list[Event] = []

        def forgotten(row: Row | None) -> Row | None:
            found.clear()
            if row is None:
                return None
            stripped: dict[str, Any] = forgotten_row(row)
            found.append(parse_event(stripped))
            return None if row.get("Forgotten") else {**stripped, UNFINISHED_COLUMN: True}

        self._events.modify(*event_keys(id_), forgotten, known=known or self._known(id_), replaces=True)
        return found[0] if found else None

    def strip_log(self, event: Event) -> Row | None:
        """Take the contents out of `eventlog`, and remove the second row; returns the row as dispatch wrote it, if any.

        Three transactions, and one more for an event that was listed late, or is only listed now.
        """
        before: list[Row | None] = []

        def strip(late: Mapping[str, Any]) -> bool:
            def forgotten(row: Row | None) -> Row | None:
                before[:] = [row]
                if row is None:
                    return {**forgotten_log_row(None, event), **late}
                return None if row.get("Forgotten") else forgotten_log_row(row, event)

            self._log.modify(*log_keys(event), forgotten, replaces=True)
            return before[0] is None

        self._store.list_late(event, strip)
        late_at = None if before[0] is None else parse_late_at(before[0])
        if late_at is not None:
            # Whoever listed it may have died before those who follow were certain to be told.
            self._store.ensure_told(BegunDispatch(event, None, late_at=late_at))
        # Afterwards: a dispatch that completes the event at this moment finds its row taken, and removes its own.
        self._events.delete(*values_keys(event.id))
        return before[0]

    def webhooks_done(self, event: Event) -> int:
        """Up to which webhook an earlier call came that could not finish; 0 if there was none."""
        row = self._events.get(*event_keys(event.id), select=[_WEBHOOKS_DONE_COLUMN])
        return 0 if row is None else row.get(_WEBHOOKS_DONE_COLUMN) or 0

    def note_webhooks_done(self, event: Event, webhook_id: int) -> None:
        """Note that nothing is left with the webhooks up to this one."""
        self._note(event, {_WEBHOOKS_DONE_COLUMN: webhook_id})

    def finish(self, event: Event, *, of_many: bool = False) -> None:
        """Note that nothing is left of the contents anywhere. `of_many`: it was noted how far it came."""
        begins_anew = {_WEBHOOKS_DONE_COLUMN: 0} if of_many else {}
        self._note(event, {UNFINISHED_COLUMN: False, **begins_anew})

    def _note(self, event: Event, columns: Mapping[str, Any]) -> None:
        partition, key = event_keys(event.id)
        # Retention may have removed the row.
        with suppress(Changed):
            self._events.merge({"PartitionKey": partition, "RowKey": key, **columns})

    def _known(self, id_: EventId) -> RowVersion:
        row = self._events.get(*event_keys(id_), select=KEPT_COLUMNS)
        return RowVersion(None) if row is None else RowVersion(row, str(row.metadata["etag"]))
