"""What a trimmed request left out, read back from Dataverse before the event goes on (docs/sources/dynamics.md 1.5)."""

from dataclasses import replace

from shared.dynamics.connection_created import ConnectionCreated, with_row
from shared.dynamics.dataverse import ConnectionReader
from shared.errors import DataverseDown
from shared.events.event import Event, EventState


class ConnectionCompletion:
    """Completes trimmed events, each with one request to Dataverse."""

    def __init__(self, dataverse: ConnectionReader) -> None:
        self._dataverse = dataverse

    def complete(self, event: Event) -> Event | None:
        """The event with the ids of its records, or IGNORED if they are in other tables; None while it is unreadable.

        The row of a synchronous step cannot be seen before its transaction ends. Raises DataverseDown if Dataverse is
        out of reach, and Throttled if it is busy.
        """
        row = self._dataverse.read_connection(event.entity_id)
        if row is None:
            return None
        connection = with_row(_connection_of(event), row)
        if connection is None:
            raise DataverseDown("the row of a connection does not name its two records")
        if connection.is_ignored:
            return replace(event, state=EventState.IGNORED)
        return replace(event, field_values={**event.field_values, **connection.field_values})


def _connection_of(event: Event) -> ConnectionCreated:
    return ConnectionCreated(
        organization_id=event.source.removeprefix("dynamics/"),
        connection_id=event.entity_id,
        initiating_user_id=event.initiator,
    )
