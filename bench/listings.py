"""What a page of deliveries in the order of time costs, beside 100,000 deliveries to 2,000 webhooks."""

import base64
import os
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import batched
from unittest.mock import patch
from uuid import uuid4

from azure.data.tables import TableServiceClient

from bench.alone import EVENT
from bench.counting import CountingTransport
from bench.loopback import loopback_hub
from bench.report import Figure, at_most
from devhost.azurite import azurite
from shared.api.deliveries import Deliveries
from shared.delivery.attempt import Attempt
from shared.delivery.record import DELIVERIES_TABLE, DeliveryState, delivery_row, new_record
from shared.events.event import Event, EventId
from shared.events.rows import EVENTLOG_TABLE, EVENTS_TABLE, event_rows, log_row
from shared.hub.hub import Hub
from shared.storage.scan import MAX_TRANSACTIONS, WorkBudget

_WEBHOOKS = 2_000
_EVENTS = 10_000
_EACH = 10
"""Webhooks that want an event: always ten neighbours."""
_FAILED_EVERY = 100
_BEGAN = datetime(2026, 3, 14, tzinfo=UTC)
_SECONDS = 120.0
"""Of a call. Azurite looks at every row of a table for a query, so its ten seconds would end a call by time."""
_KEY = base64.b64encode(b"a key of the benchmark").decode()

_PAGES: Mapping[str, Mapping[str, str]] = {
    "newest first": {},
    "newest first, failed": {"state": "failed"},
    "newest first, of one webhook": {"webhook": "7"},
    "newest first, failed with 5xx, of a rare type": {"status": "5xx", "type": "rare.created"},
}


def figures() -> list[Figure]:
    """Transactions of a page, for each of several queries, and of the deliveries of one event."""
    with patch.dict(os.environ, AZURITE_ACCOUNTS=f"listings:{_KEY}"), azurite() as storage:
        connection_string = storage.connection_string_for("listings", _KEY)
        hub = loopback_hub(connection_string, transport := CountingTransport())
        event_id = _fill(connection_string)
        return [
            *(_page(hub, transport, name, query) for name, query in _PAGES.items()),
            _of_event(hub, transport, event_id),
        ]


def _page(hub: Hub, transport: CountingTransport, name: str, query: Mapping[str, str]) -> Figure:
    before, began = transport.count, time.perf_counter()
    page = _api(hub).list({"order": "time", **query})
    return _figure(f"a page of deliveries, {name}", transport.count - before, time.perf_counter() - began, page)


def _of_event(hub: Hub, transport: CountingTransport, event_id: str) -> Figure:
    before, began = transport.count, time.perf_counter()
    page = _api(hub).list_of_event(event_id, {"log": "true"})
    return _figure(
        "the deliveries of an event with all attempts", transport.count - before, time.perf_counter() - began, page
    )


def _figure(name: str, transactions: int, seconds: float, page: Mapping[str, object]) -> Figure:
    value = page["value"]
    found = len(value) if isinstance(value, list) else 0
    method = (
        f"of {_EVENTS * _EACH:,} to {_WEBHOOKS:,} webhooks; {found} found in {seconds:.1f} s by Azurite, which looks "
        "at all rows for each query"
    )
    return at_most(f"{name}: transactions", transactions, MAX_TRANSACTIONS, method, unit="", digits=0)


def _api(hub: Hub) -> Deliveries:
    parts = hub.receivers
    return Deliveries(
        hub.events,
        parts.webhooks,
        parts.deliveries,
        parts.replay,
        parts.known_secrets,
        "http://localhost/api/v1/events",
        new_budget=lambda: WorkBudget(seconds=_SECONDS),
    )


def _fill(connection_string: str) -> str:
    """Write the rows by the bare SDK, a batch for each partition; returns the id of the newest event."""
    log: list[dict[str, object]] = []
    deliveries: dict[int, list[dict[str, object]]] = {}
    for number in range(_EVENTS):
        event = _event(number)
        first = number * 7 % (_WEBHOOKS - _EACH) + 1
        asked = tuple(range(first, first + _EACH))
        log.append(log_row(event, None, asked))
        for webhook_id in asked:
            deliveries.setdefault(webhook_id, []).append(_delivery(webhook_id, event, number))
    _write(connection_string, EVENTLOG_TABLE, log)
    for rows in deliveries.values():
        _write(connection_string, DELIVERIES_TABLE, rows)
    _write(connection_string, EVENTS_TABLE, event_rows(event, b"{}"))
    return event.id


def _event(number: int) -> Event:
    return Event(
        id=EventId(str(uuid4())),
        type="rare.created" if number % 1_000 == 0 else EVENT,
        source="signal",
        entity="thing",
        entity_id=str(number),
        initiator="bench",
        received_at=_BEGAN + timedelta(seconds=number),
    )


def _delivery(webhook_id: int, event: Event, number: int) -> dict[str, object]:
    failed = number % _FAILED_EVERY == 0
    attempt = Attempt(
        event.received_at, timedelta(milliseconds=20), 503 if failed else 200, "http" if failed else "", ""
    )
    state = DeliveryState.FAILED if failed else DeliveryState.DELIVERED
    return delivery_row(new_record(webhook_id, event).after(attempt, state))


def _write(connection_string: str, table: str, rows: Iterable[Mapping[str, object]]) -> None:
    by_partition: dict[object, list[Mapping[str, object]]] = {}
    for row in rows:
        by_partition.setdefault(row["PartitionKey"], []).append(row)
    with TableServiceClient.from_connection_string(connection_string) as service:
        made = service.create_table_if_not_exists(table)
        for mine in by_partition.values():
            for part in batched(mine, 100, strict=False):
                made.submit_transaction([("create", dict(row)) for row in part])
