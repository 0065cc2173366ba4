"""`GET /api/v1/events/types`: the names of events that a webhook may want, each with its source and a sample."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice

from shared.api.events import MAX_PAGE_CHARACTERS, STORAGE_PAGE
from shared.api.parameters import require_known
from shared.arcgis.layer_event import EVENT_NAMES, SOURCE_PREFIX
from shared.dynamics.connection_created import CONNECTION, CONNECTION_CREATED
from shared.events.event import Event, EventId, EventState
from shared.events.store import EventStore, LogFilter
from shared.exact_json import dump_json
from shared.storage.scan import WorkBudget
from shared.webhooks.registry import WebhookRegistry
from shared.webhooks.signals import HUB_SOURCE, STATE_EVENTS

MAX_TYPES = 1000
MAX_SEEN = 1000
"""So many of the newest events are looked at."""

_ID = "5b4de2b0-5c8b-4a52-9f36-1d1f4b3a5b9e"
_RECORD = "37c7c867-d571-e911-a956-000d3a1bc3f6"
_USER = "cc03d281-c95c-e911-a979-000d3a1cc8fe"
_ORGANIZATION = "3609bbbd-a041-5c9e-acb0-045d2dff171d"
_AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def list_types(
    events: EventStore,
    webhooks: WebhookRegistry,
    query: Mapping[str, str],
    *,
    new_budget: Callable[[], WorkBudget] = WorkBudget,
) -> dict[str, object]:
    """`{"value": [{"name", "source", "sample"}], "more"}`, by name, at most MAX_TYPES.

    First those that the hub makes, then those seen among the newest events, then those that webhooks subscribe to, as
    far as one call's work reaches; `more` says that there are others. `source` is the first word of the events' source,
    null if none was seen. `sample` is the newest event of the name as a listing shows it, for the hub's own names a
    made-up one where none was seen; null where there is none, or no room for it. Raises BadRequest.
    """
    require_known(query, ())
    budget = new_budget()
    samples = {event.type: event for event in _own()}
    seen = events.log(LogFilter(), page_size=STORAGE_PAGE, budget=budget)
    newest: dict[str, Event] = {}
    for _, event in islice(seen, MAX_SEEN):
        newest.setdefault(event.type, event)
    samples |= newest
    names: dict[str, Event | None] = {**samples}
    subscribed = webhooks.subscribed_names(budget=budget)
    for name in subscribed:
        names.setdefault(name, None)
        if len(names) > MAX_TYPES:
            break
    shown = sorted(islice(names, MAX_TYPES))
    return {
        "value": [*_shown((name, names[name]) for name in shown)],
        "more": len(names) > MAX_TYPES or not subscribed.is_complete,
    }


def _shown(names: Iterator[tuple[str, Event | None]]) -> Iterator[dict[str, object]]:
    size = 0
    for name, event in names:
        sample = None if event is None else event.as_json()
        size += len(dump_json(sample))
        fits = size <= MAX_PAGE_CHARACTERS
        yield {"name": name, "source": event and event.source_kind, "sample": sample if fits else None}


def _own() -> Iterator[Event]:
    """Made-up events of the names that the hub itself makes. In a state event's, `{id}` stands for a webhook's id."""
    linked = {"connectionid": _RECORD, "record1id": _ID, "record2id": _USER}
    yield _made_up(CONNECTION_CREATED, f"dynamics/{_ORGANIZATION}", CONNECTION, _RECORD, _USER, linked)
    layer = {
        "layerId": 0,
        "serviceName": "Parcels",
        "changesUrl": "",
        "events": ["FeaturesEdited"],
        "connectionId": _ID,
        "connectionName": "Edits",
        "itemId": "0123456789abcdef0123456789abcdef",
        "orgId": "abcDEF0123456789",
        "workflowItemId": "fedcba9876543210fedcba9876543210",
    }
    for name in sorted(EVENT_NAMES):
        entity = name.partition(".")[0]
        yield _made_up(name, f"{SOURCE_PREFIX}{layer['orgId']}", entity, "0", "kim", layer)
    state = {
        "events": 12,
        "registered": "2026-01-01T00:00:00Z",
        "registered_associate_id": 7,
        "state": 1,
        "updated": "2026-01-31T12:00:00Z",
        "updated_associate_id": 7,
    }
    for number, verb in enumerate(STATE_EVENTS.values(), start=1):
        yield _made_up(
            f"webhook{{id}}.{verb}", HUB_SOURCE, "webhook", "7", "kim@hub.example", {**state, "state": number}
        )


def _made_up(
    name: str, source: str, entity: str, entity_id: str, initiator: str, field_values: Mapping[str, object]
) -> Event:
    return Event(
        id=EventId(_ID),
        type=name,
        source=source,
        entity=entity,
        entity_id=entity_id,
        initiator=initiator,
        received_at=_AT,
        field_values=field_values,
        state=EventState.DISPATCHED,
    )
