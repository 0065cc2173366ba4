"""An event: what happened, where, to what, by whom (rows.py says how it is stored). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from operator import not_
from typing import Annotated, NewType

from pydantic import Field

from shared.telemetry.traceparent import StoredTraceparent
from shared.timestamps import utc_z


def _is_none(value: object) -> bool:
    return value is None


EventId = NewType("EventId", str)


class EventState(StrEnum):
    """How far an event has come."""

    RECEIVED = "received"
    """Stored and announced; dispatch has not begun, or has not reached all webhooks that want it."""
    DISPATCHED = "dispatched"
    """Handed to every webhook that wanted it."""
    IGNORED = "ignored"
    """Trimmed by its source, and the row that was read back is not one that the hub processes."""
    UNREADABLE = "unreadable"
    """Trimmed by its source, and its row could not be read back."""


@dataclass(frozen=True)
class Event:
    """One event, without its payload.

    `id` is a UUID derived from what identifies the event at its source, so the same event always has the same one.
    `source` names the system (`dynamics/<organization id>`), `entity` and `entity_id` the record it is about,
    `initiator` the user who caused it, and `field_values` the ids and fields that a receiver gets, as JSON values.
    `trimmed` says that something is still to be read back: what the source left out for its size, or the changes behind
    it. `changes` are names of fields, `values` their last values if the record was deleted, `previous_values` those
    before the change, `parameters` what else was asked for. `reconstructed` says that its request was lost, and its
    values are of a later time. `truncated` says that a listing left long values out. `forgotten` says that its contents
    were removed, its payload among them: it is neither completed nor delivered any more. `hops` is how many deliveries
    of the hub, one after the other, led to it (shared/loops.py). `traceparent` is its place in the trace of the request
    that brought it, None if none is known. Times are UTC.
    """

    id: EventId
    type: str
    source: str
    entity: str
    entity_id: str
    initiator: str
    received_at: datetime
    field_values: Mapping[str, object] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    values: Mapping[str, object] | None = None
    trimmed: bool = False
    state: EventState = EventState.RECEIVED
    hops: int = 0
    # What says nothing is left out of messages: the previous version knows none of these.
    previous_values: Annotated[Mapping[str, object] | None, Field(exclude_if=_is_none)] = None
    parameters: Annotated[Mapping[str, object] | None, Field(exclude_if=_is_none)] = None
    reconstructed: Annotated[bool, Field(exclude_if=not_)] = False
    truncated: Annotated[bool, Field(exclude_if=not_)] = False
    forgotten: Annotated[bool, Field(exclude_if=not_)] = False
    traceparent: Annotated[StoredTraceparent, Field(exclude_if=_is_none)] = None

    @property
    def source_kind(self) -> str:
        """The first word of the source: `dynamics`, `arcgis`, `signal` or `hub`."""
        return self.source.partition("/")[0]

    def as_json(self) -> dict[str, object]:
        """The event as the Events API shows it."""
        return {
            "id": self.id,
            "type": self.type,
            "source": self.source,
            "entity": self.entity,
            "entityId": self.entity_id,
            "initiator": self.initiator,
            "receivedAt": utc_z(self.received_at),
            "fieldValues": dict(self.field_values),
            "changes": list(self.changes),
            "values": _as_json(self.values),
            "previousValues": _as_json(self.previous_values),
            "parameters": _as_json(self.parameters),
            "trimmed": self.trimmed,
            "reconstructed": self.reconstructed,
            "truncated": self.truncated,
            "forgotten": self.forgotten,
            "state": self.state.value,
        }


def forgotten_event(event: Event) -> Event:
    """The event without its contents: that it was there, of which row and by whom, stays."""
    return replace(
        event,
        field_values={},
        changes=(),
        values=None,
        previous_values=None,
        parameters=None,
        truncated=False,
        forgotten=True,
    )


def _as_json(values: Mapping[str, object] | None) -> dict[str, object] | None:
    return None if values is None else dict(values)
