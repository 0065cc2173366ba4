"""How a change in a layer becomes an event of the hub (docs/arcgis.md "Events"). Pure."""

import json
import uuid
from datetime import datetime

from shared.arcgis.payload import LayerChange
from shared.arcgis.webhook_connection import WebhookConnection
from shared.events.event import Event, EventId

SOURCE_PREFIX = "arcgis/"

_NAMESPACE = uuid.UUID("0f9a6c0e-6f0c-4d0b-8a58-9d1f3f1f7c52")
_SCHEMA_CHANGED = "schema.changed"
_NAMES = {
    **{f"features{what}": f"feature.{what}" for what in ("created", "updated", "deleted", "edited")},
    **{f"attachments{what}": f"attachment.{what}" for what in ("created", "updated", "deleted")},
    "layerschemachanged": _SCHEMA_CHANGED,
    "layerdefinitionchanged": _SCHEMA_CHANGED,
    "featureservicedefinitionchanged": _SCHEMA_CHANGED,
}
# What an entry with several events is about: the first of these that occurs.
_ENTITIES = ("feature", "attachment", "schema")
_SEVERAL = {"feature": "feature.edited", "attachment": "attachment.edited", "schema": _SCHEMA_CHANGED}

EVENT_NAMES = frozenset({*_NAMES.values(), *_SEVERAL.values()})
"""All types that an event of a feature service can have."""


def event_name(events: tuple[str, ...]) -> str:
    """The event of an entry: that of its only change, or the one that covers several at once.

    A change that Esri may add one day counts as an edit of features.
    """
    names = {_NAMES.get(event.lower(), _SEVERAL["feature"]) for event in events}
    if len(names) == 1:
        return names.pop()
    entities = {name.partition(".")[0] for name in names}
    return _SEVERAL[next(entity for entity in _ENTITIES if entity in entities)]


def event_id(connection: WebhookConnection, change: LayerChange) -> EventId:
    """The id: always the same for the same notification, by its connection, layer, generations and time."""
    identity: list[object] = [connection.id, change.layer_id, change.server_generations, change.when]
    if not change.server_generations and not change.when:
        # Without these two only the entry itself tells it from another one.
        identity.append(change.raw)
    text = json.dumps([connection.workflow.partition, *identity], sort_keys=True)
    return EventId(str(uuid.uuid5(_NAMESPACE, text)))


def layer_event(connection: WebhookConnection, change: LayerChange, now: datetime, *, follows_changes: bool) -> Event:
    """The event of a change. It counts as trimmed until its `changesUrl` was followed, if that is wanted."""
    name = event_name(change.events)
    layer = {} if change.layer_id is None else {"layerId": change.layer_id}
    return Event(
        id=event_id(connection, change),
        type=name,
        source=f"{SOURCE_PREFIX}{connection.workflow.org_id}",
        entity=name.partition(".")[0],
        entity_id="" if change.layer_id is None else str(change.layer_id),
        # The service does not tell who edited. This is the user that the connection acts as.
        initiator=connection.username,
        received_at=now,
        field_values={
            **layer,
            "serviceName": change.service_name,
            "changesUrl": change.changes_url,
            "events": list(change.events),
            "connectionId": connection.id,
            "connectionName": connection.name,
            "itemId": connection.item_id,
            "orgId": connection.workflow.org_id,
            "workflowItemId": connection.workflow.item_id,
        },
        trimmed=follows_changes and bool(change.changes_url),
    )
