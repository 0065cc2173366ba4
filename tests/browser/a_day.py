"""A hub in the afternoon of a working day, for pictures: six webhooks, one of them broken, and what happened so far."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from uuid import UUID

from shared.clock import now
from shared.delivery.attempt import Attempt
from shared.delivery.record import DeliveryRecord, DeliveryState, new_record
from shared.delivery.waiting import WaitingReason
from shared.events.event import Event, EventId
from shared.events.rows import EVENTS_TABLE, event_rows
from shared.webhooks.webhook import WebhookState
from tests.browser.seeded import Hour, webhook
from tests.e2e.running import RunningApp
from tests.support.events import make_event

# How many attempts an hour, the newest first: from the afternoon back through the night to the evening before.
_VOLUME = (21, 34, 38, 29, 31, 36, 33, 27, 14, 6, 3, 2, 2, 1, 2, 2, 3, 5, 8, 11, 13, 18, 24, 30)
# What half of the deliveries and the slowest took from receipt, in seconds; in the fifth hour a burst came in.
_SECONDS = (1, 1, 2, 2, 9, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 2, 2)
_UNAVAILABLE = "Status: 503 Service Unavailable\nretry-after: 120\ncontent-type: application/json\n\n" + json.dumps(
    {"error": "maintenance", "message": "The billing service is being updated."}
)
_OK = "Status: 200 OK\ncontent-type: application/json\n\n" + json.dumps({"accepted": True})
_RETRIES = (timedelta(seconds=1), timedelta(seconds=31), timedelta(minutes=5), timedelta(minutes=35))
_ORGANIZATION = "dynamics/3609bbbd-a041-5c9e-acb0-045d2dff171d"
_numbers = count(1)


@dataclass(frozen=True)
class Day:
    """What the pictures are of: the broken webhook, and an event that reached the others and not this one."""

    broken: int
    healthy: int
    event: Event


def seed_day(app: RunningApp) -> Day:
    """Store the day."""
    crm, billing, tiles, lake, portal = _webhooks(app)
    kinds: list[tuple[str, dict[str, object], Sequence[int]]] = [
        ("opportunity.updated", {"name": "Harbour extension", "estimatedvalue": 184000}, (crm, billing, portal)),
        ("connection.created", {"record1roleid": "Decision maker"}, (crm,)),
        ("feature.updated", {"OBJECTID": 4711, "STATUS": "inspected"}, (tiles, lake)),
        ("account.updated", {"name": "Contoso Shipping", "creditlimit": 50000}, (crm, billing, lake)),
        ("feature.created", {"OBJECTID": 4712, "STATUS": "reported"}, (tiles,)),
        ("invoice.created", {"totalamount": 12850.5}, (billing, portal)),
    ]
    told = None
    for number, minutes in enumerate(_minutes_ago(54)):
        type_, values, receivers = kinds[number % len(kinds)]
        event = _event(app, type_, values, minutes, receivers)
        for receiver in receivers:
            _deliver(app, event, receiver, is_broken=receiver == billing and minutes < 5 * 60, minutes=minutes)
        if told is None and type_ == "opportunity.updated" and 150 < minutes < 5 * 60:
            told = event
    assert told is not None
    return Day(billing, crm, told)


def _webhooks(app: RunningApp) -> tuple[int, int, int, int, int]:
    def made(name: str, host: str, events: Sequence[str], hours: Sequence[Hour], **more: object) -> int:
        id_ = webhook(app, name, hours, Events=events, **more)  # type: ignore[arg-type] # what `webhook` takes
        registry = app.hub.receivers.webhooks
        before = registry.get(id_)
        assert before is not None
        # Past the hub's check: nobody has these names.
        there = before.webhook.model_copy(update={"target_url": f"https://{host}/hooks"})
        registry.update(before, replace(before, webhook=there))
        return id_

    crm = made(
        "CRM sync", "crm.contoso.example", ["opportunity.updated", "connection.created", "account.updated"], _hours(1)
    )
    bad = [replace(one, delivered=0, failed=one.delivered) if one.ago < 5 else one for one in _hours(2)]
    billing = made(
        "Billing", "billing.fabrikam.example", ["opportunity.updated", "account.updated", "invoice.created"], bad,
        state=WebhookState.TOO_MANY_ERRORS, error="HTTP 503 Service Unavailable", in_a_row=62,
        Description="Invoices and credit limits. On call: billing@fabrikam.example", Headers={"X-Tenant": "north"},
    )  # fmt: skip
    tiles = made("Map tiles", "tiles.geo.example", ["feature.created", "feature.updated"], _hours(3))
    restless = [replace(one, failed=3, error_class="timeout") if one.ago == 4 else one for one in _hours(3)]
    lake = made("Data lake", "ingest.lake.example", ["account.updated", "feature.updated"], restless)
    portal = made("Customer portal", "portal.contoso.example", ["opportunity.updated", "invoice.created"], _hours(2))
    made("Archive", "archive.example", ["connection.created"], [], state=WebhookState.STOPPED)
    return crm, billing, tiles, lake, portal


def _hours(share: int) -> list[Hour]:
    return [
        Hour(ago, delivered=-(-attempts // share), seconds=(_SECONDS[ago] * 0.4, _SECONDS[ago] * 0.7, _SECONDS[ago]))
        for ago, attempts in enumerate(_VOLUME)
    ]


def _minutes_ago(number: int) -> Iterator[float]:
    """So many moments of the day, the newest first, ever further apart."""
    return (0.6 + 0.47 * place**1.93 for place in range(number))


def _event(app: RunningApp, type_: str, values: dict[str, object], minutes: float, receivers: Sequence[int]) -> Event:
    number = next(_numbers)
    row = str(UUID(int=0x37C7C867D571E911A956000D3A1BC000 + 7919 * number))
    event = make_event(
        id=EventId(str(UUID(int=0x9B2F4C1E5A3D4E7FB8C60A1D2E3F0000 + 104729 * number, version=4))),
        type=type_,
        source="arcgis/parcels" if type_.startswith("feature") else _ORGANIZATION,
        entity=type_.partition(".")[0],
        entity_id=row,
        received_at=now() - timedelta(minutes=minutes),
        field_values=values,
        changes=tuple(values) if type_.endswith("updated") else (),
        previous_values={"estimatedvalue": 171500} if "estimatedvalue" in values else None,
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    payload = json.dumps({"MessageName": "Update", "PrimaryEntityId": row, "Attributes": values}).encode()
    for one in event_rows(event, payload):
        app.hub.storage.table(EVENTS_TABLE).insert(one)
    app.hub.events.begin_dispatch(event, None, tuple(receivers))
    app.hub.events.mark_dispatched(event)
    return event


def _deliver(app: RunningApp, event: Event, receiver: int, *, is_broken: bool, minutes: float) -> None:
    record = new_record(receiver, event)
    if not is_broken:
        made = Attempt(event.received_at + timedelta(seconds=0.9), timedelta(milliseconds=84), 200, "", _OK)
        record = record.after(made, DeliveryState.DELIVERED)
        if minutes < 1:
            record = _waiting(record)
    for wait in _RETRIES if is_broken and minutes > 90 else _RETRIES[:1] if is_broken else ():
        at = event.received_at + wait
        made = Attempt(at, timedelta(milliseconds=212), 503, "http", _UNAVAILABLE)
        record = record.after(made, DeliveryState.FAILED if minutes > 150 else DeliveryState.HELD)
    app.hub.receivers.deliveries.write(record)


def _waiting(record: DeliveryRecord) -> DeliveryRecord:
    until = now() + timedelta(minutes=3)
    waits = replace(
        record.log[0], status=429, error_class="http", text="Status: 429 Too Many Requests\nretry-after: 180"
    )
    return replace(
        record, state=DeliveryState.WAITING, log=(waits,), waiting_reason=WaitingReason.PAUSED, waiting_until=until
    )
