"""An intake over storage, as a test needs it."""

from typing import Protocol

from shared.dynamics.event_name import EventPattern
from shared.dynamics.intake import DataverseIntake, IntakeOutcome, IntakeRules
from shared.events.event import Event, EventId
from shared.hub.hub import Hub
from shared.roles.table import ROLES_TABLE, TableRoles
from tests.dynamics.contexts import Json, body
from tests.support.events import RECEIVED_AT


class Receive(Protocol):
    """What one of the two addresses does with a request."""

    def __call__(self, body: bytes, *, trimmed: bool, hops: int = 0) -> IntakeOutcome:
        """What became of it."""
        ...


def intake_of(hub: Hub, *patterns: str, asks_role: bool = False) -> DataverseIntake:
    """An intake whose clock stands still; without patterns it takes every event."""
    taken = [EventPattern.parse(text) for text in patterns or ("*.*",)]
    rules = IntakeRules(taken, hub.settings.relationship_manager_role, asks_role)
    return DataverseIntake(hub.roles, hub.events, hub.senders, lambda: RECEIVED_AT, rules)


def grant(hub: Hub, user: str) -> None:
    """Make a user a Relationship Manager."""
    TableRoles(hub.storage.table(ROLES_TABLE)).grant(user, hub.settings.relationship_manager_role)


def send(receive: Receive, document: Json, *, trimmed: bool = False) -> IntakeOutcome:
    """Receive a request."""
    return receive(body(document), trimmed=trimmed)


def stored(hub: Hub, id_: EventId) -> Event:
    """The event with this id, which must be stored."""
    found = hub.events.get(id_)
    assert found is not None
    return found
