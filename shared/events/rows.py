"""An event as rows of Table Storage: in `events` with its payload, in `eventlog` for the listing, newest first. Pure.

A property holds 64 KiB of binary data and an entity 1 MiB, so a payload is compressed and cut into pieces. Storage
lists rows in the order of their keys, so a key of `eventlog` begins with the time, counted backwards.
"""

import json
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.errors import ContentTooLarge
from shared.events.event import Event, EventId, EventState
from shared.storage.keys import day_key, time_key
from shared.timestamps import stored_time

EVENTS_TABLE = "events"
EVENTLOG_TABLE = "eventlog"

_PIECE_BYTES = 64 * 1024
_MAX_PIECES = 15
EVENT_COLUMNS = (
    "PartitionKey",
    "RowKey",
    "Type",
    "Source",
    "Entity",
    "EntityId",
    "Initiator",
    "ReceivedAt",
    "Changes",
    "Values",
    "Trimmed",
    "State",
    "FieldValues",
    "Hops",
)
"""The columns of `events` without the payload, which is nearly all of a row."""

# All texts are JSON in ASCII or short, so characters are the UTF-16 units that a property is measured in.
_MAX_CHARACTERS = 32 * 1024


def event_keys(id_: EventId) -> tuple[str, str]:
    """Partition and row key of an event: 256 partitions share the load, and the id alone finds the row."""
    return id_[:2], id_


def event_row(event: Event, payload: bytes) -> dict[str, Any]:
    """The row in `events`; raises ContentTooLarge if a property or the compressed payload exceeds the table limits."""
    packed = zlib.compress(payload)
    pieces = [packed[start : start + _PIECE_BYTES] for start in range(0, len(packed), _PIECE_BYTES)]
    if len(pieces) > _MAX_PIECES:
        raise ContentTooLarge("the payload does not fit into the event store, even when it is compressed")
    properties = _properties(event)
    if any(isinstance(value, str) and len(value) > _MAX_CHARACTERS for value in properties.values()):
        raise ContentTooLarge("a part of the event that its receivers get does not fit into the event store")
    partition, key = event_keys(event.id)
    numbered = {f"Payload{number}": piece for number, piece in enumerate(pieces)}
    return {"PartitionKey": partition, "RowKey": key, **properties, "Pieces": len(pieces), **numbered}


def log_row(event: Event, announcement_id: str | None = None) -> dict[str, Any]:
    """The row in `eventlog`, with the announcement that dispatches the event; None for one without an id."""
    partition, key = log_keys(event)
    # Left out as in the rows of the previous version, whose announcements had no id.
    announcement = {"Announcement": announcement_id} if announcement_id else {}
    return {"PartitionKey": partition, "RowKey": key, "Id": event.id, **_properties(event), **announcement}


def state_row(event: Event) -> dict[str, Any]:
    """What changes in the row in `eventlog` when the event comes into another state."""
    partition, key = log_keys(event)
    return {"PartitionKey": partition, "RowKey": key, "State": event.state.value}


def parse_event(row: Mapping[str, Any]) -> Event:
    """The event in a row of either table."""
    return Event(
        id=EventId(str(row.get("Id", row["RowKey"]))),
        type=row["Type"],
        source=row["Source"],
        entity=row["Entity"],
        entity_id=row["EntityId"],
        initiator=row["Initiator"],
        received_at=datetime.fromisoformat(row["ReceivedAt"]),
        field_values=json.loads(row["FieldValues"]),
        changes=tuple(json.loads(row["Changes"])),
        values=json.loads(row["Values"]),
        trimmed=row["Trimmed"],
        state=EventState(row["State"]),
        # Storage answers null for a selected column that a row does not have.
        hops=row.get("Hops") or 0,
    )


def parse_payload(row: Mapping[str, Any]) -> bytes:
    """The payload in a row of `events`, byte for byte as it was received."""
    return zlib.decompress(b"".join(row[f"Payload{number}"] for number in range(row["Pieces"])))


def parse_announcement_id(row: Mapping[str, Any]) -> str | None:
    """The announcement that dispatches the event in a row of `eventlog`; None if that has no id."""
    return row.get("Announcement")


def log_keys(event: Event) -> tuple[str, str]:
    """Partition and row key in `eventlog`."""
    return day_key(event.received_at), f"{time_key(event.received_at)}-{event.id}"


def _properties(event: Event) -> dict[str, Any]:
    return {
        "Type": event.type,
        "Source": event.source,
        "Entity": event.entity,
        "EntityId": event.entity_id,
        "Initiator": event.initiator,
        "ReceivedAt": stored_time(event.received_at),
        "Changes": json.dumps(event.changes),
        "Values": json.dumps(event.values if event.values is None else dict(event.values)),
        "Trimmed": event.trimmed,
        "State": event.state.value,
        "FieldValues": json.dumps(dict(event.field_values)),
        # Left out of nearly all rows, and unknown to those of the first version.
        **({"Hops": event.hops} if event.hops else {}),
    }
