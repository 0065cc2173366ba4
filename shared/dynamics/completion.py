"""What a trimmed request left out, read back from Dataverse before the event goes on (docs/sources/dynamics.md 1.5)."""

from dataclasses import replace

from shared.dynamics.connection import is_processed, record_values, records_from_row
from shared.dynamics.dataverse import ConnectionReader
from shared.errors import DataverseDown
from shared.events.event import Event, EventState


class ConnectionCompletion:
    """Completes trimmed events, one look at Dataverse each."""

    def __init__(self, dataverse: ConnectionReader) -> None:
        self._dataverse = dataverse

    def complete(self, event: Event) -> Event | None:
        """The event with the ids of its records, or IGNORED where they are of other types; None while it is unreadable.

        The row of a synchronous step cannot be seen before its transaction ends. Dataverse out of reach raises
        DataverseDown.
        """
        row = self._dataverse.read_connection(event.entity_id)
        if row is None:
            return None
        records = records_from_row(row)
        if records is None:
            raise DataverseDown("the row of a connection does not name its two records")
        if not is_processed(records):
            return replace(event, state=EventState.IGNORED)
        return replace(event, field_values={**event.field_values, **record_values(records)})
