"""Events that are signalled: by clients under their own names, and by the hub when a webhook changes its state. Pure.

docs/sources/superoffice.md 2.3 and 3.3.
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from shared.errors import BadRequest
from shared.events.event import Event, EventId
from shared.timestamps import utc_z
from shared.validation import INT32, bad_field, max_length
from shared.webhooks.associate import associate_of
from shared.webhooks.fields import EVENT_NAME
from shared.webhooks.registration import Author, Registration
from shared.webhooks.webhook import WebhookState

HUB_SOURCE = "hub"
CLIENT_SOURCE = "signal"
STATE_EVENTS = {
    WebhookState.ACTIVE: "started",
    WebhookState.STOPPED: "stopped",
    WebhookState.TOO_MANY_ERRORS: "errors",
}

STATE_PAYLOAD = b"{}"
"""The payload of every state event, which comes from no source outside."""

_OF_THE_HUB = re.compile(r"test|webhook[0-9]*\..*|connection\.created|(feature|attachment)\..*|schema\.changed")
"""Events of the hub and its sources: `connection.created` comes from Dataverse, the last three from ArcGIS."""
_MAX_DATA = 30_000
_NAMESPACE = uuid.UUID("a4f7ff0e-6c5f-4a3e-9f6b-6a0d2f1f4a55")
_INT32 = range(-(2**31), 2**31)


def signalled_event(
    id_: EventId,
    name: str,
    primary_key: int,
    data: Mapping[str, object],
    user_id: str,
    now: datetime,
    *,
    hops: int = 0,
) -> tuple[Event, bytes]:
    """A client's event with its payload; raises BadRequest for an invalid name, and for one that a source uses.

    `hops` is how many deliveries of the hub led to the signal.
    """
    if not EVENT_NAME.fullmatch(name):
        raise BadRequest("EventName must be 1 to 250 letters, digits, _, - and .", pointer="#/EventName")
    if _OF_THE_HUB.fullmatch(name.lower()):
        raise BadRequest(
            "EventName must be another name: events of this name come from the hub or its sources alone",
            pointer="#/EventName",
        )
    if primary_key not in _INT32:
        raise bad_field("PrimaryKey", INT32)
    payload = json.dumps(dict(data))
    if len(payload) > _MAX_DATA:
        raise BadRequest(f"Data {max_length(_MAX_DATA, len(payload), 'characters of JSON')}", pointer="#/Data")
    event = _event(id_, name.lower(), CLIENT_SOURCE, str(primary_key), user_id, now, {})
    # A deletion tells the values of what is gone; any other event the names of what changed, without values.
    told = {"values": dict(data)} if name.lower().endswith(".deleted") else {"changes": tuple(data)}
    return replace(event, hops=hops, **told), payload.encode()


def with_state_event(
    before: Registration, after: Registration, *, total_calls: int, hops: int, traceparent: str | None = None
) -> Registration:
    """`after` with the event that tells of its new state, to be stored with it; its state is not that of `before`.

    The event is `webhook{id}.started`, `.stopped` or `.errors`. `total_calls` is how many attempts the webhook had,
    `hops` how many deliveries of the hub led to the change, `traceparent` its place in a trace. The id follows from the
    state and the revision that it changed, so that an event that is signalled twice is stored once.
    """
    name = f"webhook{after.id}.{STATE_EVENTS[after.webhook.state]}"
    id_ = EventId(str(uuid.uuid5(_NAMESPACE, f"{name}/{before.revision}")))
    values = _state_values(after, total_calls)
    event = _event(id_, name, HUB_SOURCE, str(after.id), after.updated_by.id, after.updated, values)
    return replace(after, signals=(*after.signals, replace(event, hops=hops, traceparent=traceparent)))


def is_start(event: Event) -> bool:
    """Whether a state event says that its webhook became active."""
    return event.type.endswith(f".{STATE_EVENTS[WebhookState.ACTIVE]}")


def _state_values(registration: Registration, total_calls: int) -> dict[str, object]:
    """The six fields that the vendor documents, with its types; the state has the number of the vendor's enum."""
    return {
        "events": total_calls,
        "registered": utc_z(registration.registered),
        "registered_associate_id": _associate_id(registration.registered_by),
        "state": list(WebhookState).index(registration.webhook.state),
        "updated": utc_z(registration.updated),
        "updated_associate_id": _associate_id(registration.updated_by),
    }


def _associate_id(author: Author) -> int:
    return associate_of(author.id, is_application=author.is_application).id


def _event(
    id_: EventId,
    name: str,
    source: str,
    entity_id: str,
    user_id: str,
    now: datetime,
    field_values: Mapping[str, object],
) -> Event:
    return Event(
        id=id_,
        type=name,
        source=source,
        # Everything before the last dot: `list.category.created` is about `list.category`.
        entity="webhook" if source == HUB_SOURCE else name.rpartition(".")[0] or name,
        entity_id=entity_id,
        initiator=user_id,
        received_at=now,
        field_values=field_values,
    )
