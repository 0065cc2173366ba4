"""From a Dataverse webhook request to a stored event: parse, judge, ask for the role, announce, store.

See docs/receiving.md "Answers".
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import Enum

from shared.dynamics.connection import ConnectionRecord, event_id, field_values, is_processed, parse_connection
from shared.errors import Forbidden
from shared.events.event import Event, EventId
from shared.events.store import EventStore
from shared.roles.directory import RoleDirectory
from shared.roles.user import User
from shared.storage.tables import AlreadyStored

CONNECTION_CREATED = "connection.created"


class IntakeOutcome(Enum):
    """What became of a request that was not refused."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"


class ConnectionIntake:
    """Takes created connections in of users who have `role`. `now` gives the current time, in UTC."""

    def __init__(self, roles: RoleDirectory, events: EventStore, now: Callable[[], datetime], role: str) -> None:
        self._roles = roles
        self._role = role
        self._events = events
        self._now = now

    def receive(self, body: bytes, *, trimmed: bool, hops: int = 0) -> IntakeOutcome:
        """Judge a request's body; `trimmed` says that Dataverse left the record out for its size.

        `hops` is how many deliveries of the hub led to the request.

        Raises BadRequest for what is no created connection, NotAllowed where the initiating user is no Relationship
        Manager, and Unavailable in an outage: in all these cases nothing is stored.
        """
        connection = parse_connection(body, trimmed=trimmed)
        if connection.records is not None and not is_processed(connection.records):
            return IntakeOutcome.IGNORED
        self._require_manager(connection.initiating_user_id)
        try:
            self._events.accept(replace(_event(connection, self._now()), hops=hops), body)
        except AlreadyStored:
            return IntakeOutcome.DUPLICATE
        return IntakeOutcome.STORED

    def _require_manager(self, system_user_id: str) -> None:
        if not self._roles.has_role(User.system_user(system_user_id), self._role):
            raise Forbidden(f"the initiating user {system_user_id} does not have the role {self._role}")


def _event(connection: ConnectionRecord, received_at: datetime) -> Event:
    return Event(
        id=EventId(event_id(connection.organization_id, connection.connection_id)),
        type=CONNECTION_CREATED,
        source=f"dynamics/{connection.organization_id}",
        entity="connection",
        entity_id=connection.connection_id,
        initiator=connection.initiating_user_id,
        received_at=received_at,
        field_values=field_values(connection),
        trimmed=connection.records is None,
    )
