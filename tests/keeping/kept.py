"""Days of events as the hub leaves them behind, and runs of retention at a moment that the test chooses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import batched, groupby
from typing import Any

from shared.delivery.record import DELIVERIES_TABLE, DeliveryRecord, DeliveryState, delivery_row
from shared.delivery.waiting import WaitingDelivery, WaitingReason, waiting_row
from shared.events.event import Event, EventState
from shared.events.rows import EVENTLOG_TABLE, EVENTS_TABLE, event_rows, log_row
from shared.hub.hub import Hub
from shared.hub.nightly import make_retention
from shared.keeping.retention import Retention
from shared.settings import Settings
from shared.storage.query import Query
from shared.storage.tables import Write
from tests.support.events import PAYLOAD, make_event

NOW = datetime(2026, 6, 15, 3, 30, tzinfo=UTC)
DAY = timedelta(days=1)
TABLES = (DELIVERIES_TABLE, EVENTS_TABLE, EVENTLOG_TABLE)

type Keys = tuple[str, str]


def event_at(moment: datetime, **changes: Any) -> Event:  # noqa: ANN401 - whatever the fields of an event are
    """An event that was received then, and dispatched."""
    return make_event(received_at=moment, state=EventState.DISPATCHED, **changes)


def record(event: Event, webhook_id: int, state: DeliveryState) -> dict[str, Any]:
    """The row of a delivery that has come so far."""
    return delivery_row(DeliveryRecord(webhook_id, event.id, event.type, event.received_at, state=state))


def parked(event: Event, webhook_id: int, *, is_logged: bool = False) -> dict[str, Any]:
    """The row of a delivery that waits."""
    at = event.received_at
    reason = WaitingReason.CIRCUIT
    return waiting_row(
        WaitingDelivery(webhook_id, event.id, event.type, at, reason, parked_at=at, until=at, is_logged=is_logged)
    )


def keep(hub: Hub, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Store rows, as fast as storage allows."""
    for _, same in groupby(sorted(rows, key=_partition), _partition):
        for part in batched(same, 50, strict=False):
            hub.storage.table(table).transact([Write("put", row) for row in part])


def keep_events(hub: Hub, events: Sequence[Event], *, is_listed: bool = True) -> None:
    """Store events, with their rows of the log unless their dispatch never began."""
    keep(hub, EVENTS_TABLE, (row for event in events for row in event_rows(event, PAYLOAD)))
    keep(hub, EVENTLOG_TABLE, [log_row(event) for event in events] if is_listed else [])


def stored(hub: Hub) -> dict[str, set[Keys]]:
    """The keys of all rows, by table."""
    return {table: {_keys(row) for row in hub.storage.table(table).query(Query())} for table in TABLES}


def ids_stored(hub: Hub, table: str = EVENTS_TABLE) -> set[str]:
    """The ids of the events that a table has rows of."""
    return {key[-36:] if table == EVENTLOG_TABLE else key[:36] for _, key in stored(hub)[table]}


def retention(hub: Hub, now: datetime = NOW, **settings: str) -> Retention:
    """The nightly work as `hub` does it, at this moment and with these settings."""
    read = Settings.read({"AzureWebJobsStorage": "UseDevelopmentStorage=true", **settings})
    made = make_retention(read, hub.storage, hub.events, hub.receivers, hub.storage.now)
    return replace(made, now=lambda: now)


def _partition(row: Mapping[str, Any]) -> str:
    return str(row["PartitionKey"])


def _keys(row: Mapping[str, Any]) -> Keys:
    return row["PartitionKey"], row["RowKey"]
