"""Events to store, list and dispatch."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from shared.events.event import Event, EventId
from shared.events.rows import EVENTS_TABLE, event_rows
from shared.hub.hub import Hub

PAYLOAD = b'{"MessageName": "Create"}'
RECEIVED_AT = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)


def make_event(**changes: Any) -> Event:  # noqa: ANN401 - whatever the fields of an event are
    """An event that no other test knows."""
    event = Event(
        id=EventId(str(uuid4())),
        type="connection.created",
        source="dynamics/3609bbbd-a041-5c9e-acb0-045d2dff171d",
        entity="connection",
        entity_id="37c7c867-d571-e911-a956-000d3a1bc3f6",
        initiator="cc03d281-c95c-e911-a979-000d3a1cc8fe",
        received_at=RECEIVED_AT,
        field_values={"connectionid": "37c7c867-d571-e911-a956-000d3a1bc3f6"},
    )
    return replace(event, **changes)


def store_event(hub: Hub, event: Event) -> Event:
    """Store an event that nobody announces, and return it."""
    for row in event_rows(event, PAYLOAD):
        hub.storage.table(EVENTS_TABLE).insert(row)
    return event
