"""From a Dataverse webhook request to a stored event: parse, judge, ask for the role, announce, store.

See docs/receiving.md "Answers".
"""

from collections.abc import Callable
from datetime import datetime
from enum import Enum

from shared.dynamics.connection_created import ConnectionCreated, parse_connection
from shared.errors import Forbidden
from shared.events.event import Event, EventId
from shared.events.store import EventStore
from shared.roles.directory import RoleDirectory
from shared.roles.user import User
from shared.storage.tables import AlreadyStored

CONNECTION_CREATED = "connection.created"


class IntakeOutcome(Enum):
    """What became of a connection that was not refused."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"


class ConnectionIntake:
    """Stores connections that users with `role` created. `now` gives the current time, in UTC."""

    def __init__(self, roles: RoleDirectory, events: EventStore, now: Callable[[], datetime], role: str) -> None:
        self._roles = roles
        self._role = role
        self._events = events
        self._now = now

    def receive(self, body: bytes, *, trimmed: bool, hops: int = 0) -> IntakeOutcome:
        """Judge a request's body, and store the event it reports.

        `trimmed` says that Dataverse left the record out for its size; `hops` is how many deliveries of the hub led to
        the request. Raises BadRequest if the body reports no created connection, and what `accept` raises.
        """
        return self.accept(parse_connection(body, trimmed=trimmed), body, hops=hops)

    def accept(self, connection: ConnectionCreated, payload: bytes, *, hops: int = 0) -> IntakeOutcome:
        """Judge a connection, and store its event with this payload.

        Raises Forbidden if the initiating user is not a Relationship Manager, and Unavailable in an outage. In both
        cases nothing was acknowledged.
        """
        if connection.is_ignored:
            return IntakeOutcome.IGNORED
        self._require_manager(connection.initiating_user_id)
        event = _event(connection, self._now(), hops)
        try:
            self._events.append(event, payload)
        except AlreadyStored:
            return IntakeOutcome.DUPLICATE
        return IntakeOutcome.STORED

    def _require_manager(self, system_user_id: str) -> None:
        if not self._roles.has_role(User.system_user(system_user_id), self._role):
            raise Forbidden(f"the initiating user {system_user_id} does not have the role {self._role}")


def _event(connection: ConnectionCreated, received_at: datetime, hops: int) -> Event:
    return Event(
        id=EventId(connection.event_id),
        type=CONNECTION_CREATED,
        source=f"dynamics/{connection.organization_id}",
        entity="connection",
        entity_id=connection.connection_id,
        initiator=connection.initiating_user_id,
        received_at=received_at,
        field_values=connection.field_values,
        trimmed=connection.is_trimmed,
        hops=hops,
    )
