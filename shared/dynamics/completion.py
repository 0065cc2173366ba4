"""What a trimmed request left out, read back from Dataverse before the event goes on (docs/sources/dynamics.md 1.5)."""

from dataclasses import replace
from typing import Protocol

from shared.dynamics.connection_created import CONNECTION_CREATED, records_in_row
from shared.dynamics.flattening import flatten_row, without_long_columns
from shared.dynamics.organization import Row
from shared.errors import DataverseDown
from shared.events.event import Event, EventState
from shared.events.rows import fits

_READ_BACK = ("created", "updated")
"""The verbs of events whose row is as the request said, or nearly so."""


class RowReader(Protocol):
    """Reads rows of Dataverse's tables."""

    def read_row(self, table: str, id_: str) -> Row | None:
        """All columns of a row, None while it cannot be seen; raises DataverseDown or Throttled."""
        ...


class DataverseCompletion:
    """Completes trimmed events, each with one request to Dataverse."""

    def __init__(self, rows: RowReader) -> None:
        self._rows = rows

    def complete(self, event: Event) -> Event | None:
        """The event with the values of its row; None while that cannot be read.

        The row of a synchronous step cannot be seen before its transaction ends. A connection whose records are in
        other tables is IGNORED. An event about no row, and one of another message, goes on with what there is. Raises
        DataverseDown if Dataverse is out of reach, and Throttled if it is busy.
        """
        if not event.entity_id or event.type.rpartition(".")[2] not in _READ_BACK:
            return event
        row = self._rows.read_row(event.entity, event.entity_id)
        if row is None:
            return None
        if event.type == CONNECTION_CREATED:
            records = records_in_row(row)
            if records is None:
                raise DataverseDown("the row of a connection does not name its two records")
            if not records.is_processed:
                return replace(event, state=EventState.IGNORED)
        completed = replace(event, field_values={**event.field_values, **flatten_row(row)})
        if fits(completed):
            return completed
        # A note's attachment, for example: the rest of its row is worth more than nothing.
        return replace(event, field_values={**event.field_values, **flatten_row(without_long_columns(row))})

    def given_up(self, event: Event) -> Event | None:
        """The event as it goes on if its row cannot be read in the end; None for a connection, which is not judged."""
        return None if event.type == CONNECTION_CREATED else event
