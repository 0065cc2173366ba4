"""An event as rows of Table Storage: in `events` with its payload, in `eventlog` for the listing, newest first. Pure.

A property holds 64 KiB of binary data and an entity 1 MiB, so a payload is compressed and cut into pieces. Values that
do not fit beside it are compressed too, and stand in a second row. Storage lists rows in the order of their keys, so a
key of `eventlog` begins with the time, counted backwards.
"""

import lzma
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.errors import ContentTooLarge
from shared.events.asked import Asked, asked_column
from shared.events.event import Event, EventId, EventState, forgotten_event
from shared.exact_json import dump_json, load_json
from shared.storage.keys import day_key, time_key
from shared.telemetry.traceparent import known_traceparent
from shared.timestamps import stored_time

EVENTS_TABLE = "events"
EVENTLOG_TABLE = "eventlog"

_PAYLOAD, _VALUES = "Payload", "Values"
"""Beginnings of the names of columns that hold pieces."""
_PIECE_BYTES = 64 * 1024
_DISPATCHED_AT = "DispatchedAt"
_SECOND = ".1"
"""What the key of an event's second row has behind the event's id."""
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
    "PreviousValues",
    "Parameters",
    "Reconstructed",
    "HasMore",
    "Hops",
    "Forgotten",
    "Traceparent",
)
"""The columns of `events` without the payload, which is nearly all of a row."""

TEXT_COLUMNS = ("Changes", "Values", "FieldValues", "PreviousValues", "Parameters")
"""The columns of an event's contents besides the payload, in either table."""

_NO_TEXTS: Mapping[str, None] = dict.fromkeys(TEXT_COLUMNS)
_MAX_TEXT = 30_000
"""Characters of a text that a row holds. They are ASCII, so they are also the UTF-16 units that storage counts."""
# An entity holds 1 MiB (1,048,576 bytes); the rest is for its other columns. Storage counts two bytes a character.
_MAX_ROW_BYTES = 1_000_000


def event_keys(id_: EventId) -> tuple[str, str]:
    """Partition and row key of an event: 256 partitions share the load, and the id alone finds the row."""
    return id_[:2], id_


def values_keys(id_: EventId) -> tuple[str, str]:
    """Partition and row key of the second row of an event, which holds values that are too long for the first."""
    return id_[:2], f"{id_}{_SECOND}"


def event_rows(event: Event, payload: bytes) -> list[dict[str, Any]]:
    """The row in `events`, and the second one if the event's values do not fit beside the payload.

    Raises ContentTooLarge if the compressed payload, or the compressed values, exceed a row.
    """
    packed = zlib.compress(payload)
    partition, key = event_keys(event.id)
    row = {"PartitionKey": partition, "RowKey": key, **_properties(event), **_pieces(_PAYLOAD, packed)}
    texts = _texts(event)
    if _too_long(texts) or len(packed) + 2 * sum(map(len, texts.values())) > _MAX_ROW_BYTES:
        return [{**row, "HasMore": True}, values_row(event)]
    return [{**row, **texts}]


def values_row(event: Event) -> dict[str, Any]:
    """The second row of an event; raises ContentTooLarge if even that does not hold its values."""
    partition, key = values_keys(event.id)
    # Names stand in it twice, far from each other: zlib would not see that.
    packed = lzma.compress(dump_json(_long(event), is_compact=True).encode(), preset=1)
    # When the event came: the row must be found once it is old, also where it was left behind alone.
    received = stored_time(event.received_at)
    return {"PartitionKey": partition, "RowKey": key, "ReceivedAt": received, **_pieces(_VALUES, packed)}


def is_values_row(row: Mapping[str, Any]) -> bool:
    """Whether a row of `events` is the second one of its event."""
    return str(row["RowKey"]).endswith(_SECOND)


def fits(event: Event) -> bool:
    """Whether an event's values can be stored, however long they are."""
    try:
        return bool(values_row(event))
    except ContentTooLarge:
        return False


def log_row(event: Event, announcement_id: str | None = None, asked: Asked = None) -> dict[str, Any]:
    """The row in `eventlog`, with the announcement that dispatches the event; None for one without an id.

    `asked` are the webhooks that it asks.

    Values that are too long for a listing are left out, and `Truncated` says so.
    """
    partition, key = log_keys(event)
    # Left out as in the rows of the previous version, whose announcements had no id.
    announcement = {"Announcement": announcement_id} if announcement_id else {}
    texts = _texts(event)
    long = _too_long(texts)
    kept = {name: text for name, text in texts.items() if name not in long}
    truncated = {"Truncated": True} if long else {}
    keys = {"PartitionKey": partition, "RowKey": key, "Id": event.id}
    return {**keys, **_properties(event), **kept, **truncated, **announcement, **asked_column(asked)}


def forgotten_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """What takes the place of a row in `events` when its event is forgotten; the second row has to go as well.

    Of `row`, EVENT_COLUMNS are enough, without the values. Versions before read the payload as `null`.
    """
    (forgotten,) = event_rows(forgotten_event(parse_event({**row, **_NO_TEXTS})), b"null")
    return forgotten


def forgotten_log_row(row: Mapping[str, Any] | None, event: Event) -> dict[str, Any]:
    """What takes the place of a forgotten event's row in `eventlog`, or of none, so that nobody lists the event later.

    It names no announcement, so whichever comes once more ends, in the versions before too. What else the row says of
    the dispatch stays.
    """
    if row is None:
        return log_row(forgotten_event(event))
    kept = {name: value for name, value in row.items() if name not in (*TEXT_COLUMNS, "Truncated", "Announcement")}
    return {**log_row(forgotten_event(parse_event({**row, **_NO_TEXTS}))), **kept}


def state_row(event: Event) -> dict[str, Any]:
    """What changes in the row in `eventlog` when the event comes into another state."""
    partition, key = log_keys(event)
    return {"PartitionKey": partition, "RowKey": key, "State": event.state.value}


def dispatched_column(event: Event, now: datetime) -> dict[str, str]:
    """What the row in `eventlog` of a dispatched event has besides: when it was dispatched. Nothing for others."""
    return {_DISPATCHED_AT: stored_time(now)} if event.state is EventState.DISPATCHED else {}


def parse_dispatched_at(row: Mapping[str, Any]) -> datetime | None:
    """When the event in a row of `eventlog` was dispatched; None before that, and for rows of earlier versions."""
    stored = row.get(_DISPATCHED_AT)
    return datetime.fromisoformat(stored) if stored else None


def asked_row(event: Event, asked: Asked) -> dict[str, Any]:
    """What changes in the row in `eventlog` when more webhooks are asked than it names."""
    partition, key = log_keys(event)
    return {"PartitionKey": partition, "RowKey": key, **asked_column(asked)}


def parse_event(row: Mapping[str, Any]) -> Event:
    """The event in a row of either table, without the values that the row does not hold."""
    event = Event(
        id=EventId(str(row.get("Id", row["RowKey"]))),
        type=row["Type"],
        source=row["Source"],
        entity=row["Entity"],
        entity_id=row["EntityId"],
        initiator=row["Initiator"],
        received_at=datetime.fromisoformat(row["ReceivedAt"]),
        trimmed=row["Trimmed"],
        state=EventState(row["State"]),
        # Storage answers null for a selected column that a row does not have.
        hops=row.get("Hops") or 0,
        reconstructed=bool(row.get("Reconstructed")),
        truncated=bool(row.get("Truncated")),
        forgotten=bool(row.get("Forgotten")),
        traceparent=known_traceparent(row.get("Traceparent")),
    )
    return _with_texts(event, row)


def has_more(row: Mapping[str, Any]) -> bool:
    """Whether the values of an event stand in its second row."""
    return bool(row.get("HasMore") or row.get("Truncated"))


def with_values(event: Event, row: Mapping[str, Any]) -> Event:
    """The event with the values in its second row."""
    found: Any = load_json(lzma.decompress(_joined(_VALUES, row)).decode())
    return replace(_with(event, found), truncated=False)


def parse_payload(row: Mapping[str, Any]) -> bytes:
    """The payload in a row of `events`, byte for byte as it was received."""
    return zlib.decompress(_joined(_PAYLOAD, row))


def parse_announcement_id(row: Mapping[str, Any]) -> str | None:
    """The announcement that dispatches the event in a row of `eventlog`; None if that has no id."""
    return row.get("Announcement")


def parse_log_id(key: str) -> EventId:
    """The event that a row key of `eventlog` names."""
    return EventId(key.partition("-")[2])


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
        "Trimmed": event.trimmed,
        "State": event.state.value,
        # Left out of nearly all rows, and unknown to those of earlier versions.
        **({"Hops": event.hops} if event.hops else {}),
        **({"Reconstructed": True} if event.reconstructed else {}),
        **({"Forgotten": True} if event.forgotten else {}),
        **({"Traceparent": event.traceparent} if event.traceparent else {}),
    }


def _long(event: Event) -> dict[str, object]:
    """What may be long, by column; what the event has not is left out, but for what every row has."""
    others = {"Values": event.values, "PreviousValues": event.previous_values, "Parameters": event.parameters}
    told = {name: dict(values) for name, values in others.items() if values is not None}
    # Readers of the previous version want the first three columns in each row.
    return {"Values": None, "Changes": list(event.changes), "FieldValues": dict(event.field_values), **told}


def _texts(event: Event) -> dict[str, str]:
    """The same, each as JSON."""
    return {name: dump_json(value) for name, value in _long(event).items()}


def _with_texts(event: Event, row: Mapping[str, Any]) -> Event:
    return _with(event, {name: load_json(text) for name in TEXT_COLUMNS if (text := row.get(name)) is not None})


def _with(event: Event, found: Mapping[str, Any]) -> Event:
    return replace(
        event,
        changes=tuple(found.get("Changes", ())),
        values=found.get("Values"),
        field_values=found.get("FieldValues", {}),
        previous_values=found.get("PreviousValues"),
        parameters=found.get("Parameters"),
    )


def _too_long(texts: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name for name, text in texts.items() if len(text) > _MAX_TEXT)


def _pieces(name: str, packed: bytes) -> dict[str, Any]:
    pieces = [packed[start : start + _PIECE_BYTES] for start in range(0, len(packed), _PIECE_BYTES)]
    if len(pieces) > _MAX_PIECES:
        what = "payload" if name == _PAYLOAD else "values"
        raise ContentTooLarge(f"the {what} of the event cannot be stored, even when compressed: a row holds 1 MiB")
    return {"Pieces": len(pieces), **{f"{name}{number}": piece for number, piece in enumerate(pieces)}}


def _joined(name: str, row: Mapping[str, Any]) -> bytes:
    return b"".join(row[f"{name}{number}"] for number in range(row["Pieces"]))
