"""Rows of events and deliveries in great number, and the listings of the Events API that show them."""

import random
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import batched

from shared.api.deliveries import Deliveries
from shared.delivery.attempt import Attempt
from shared.delivery.record import DELIVERIES_TABLE, DeliveryState, delivery_row, new_record
from shared.delivery.waiting import WaitingDelivery, WaitingReason, waiting_row
from shared.events.asked import Asked
from shared.events.event import Event
from shared.events.rows import EVENTLOG_TABLE, log_row
from shared.hub.hub import Hub
from shared.storage.scan import WorkBudget
from shared.storage.tables import Write
from shared.webhooks.rows import PARTITION, WEBHOOKS_TABLE
from tests.support.events import RECEIVED_AT, make_event

type Row = dict[str, object]
TYPES = ("opportunity.updated", "connection.created")


def api(hub: Hub, transactions: int = 200) -> Deliveries:
    parts = hub.receivers
    budget = partial(WorkBudget, transactions=transactions)
    known = parts.known_secrets
    return Deliveries(hub.events, parts.webhooks, parts.deliveries, parts.replay, known, "https://hub/events", budget)


def store(hub: Hub, table: str, rows: Iterable[Mapping[str, object]]) -> None:
    """Insert rows, a hundred of a partition at a time."""
    by_partition: dict[object, list[Mapping[str, object]]] = {}
    for row in rows:
        by_partition.setdefault(row["PartitionKey"], []).append(row)
    for mine in by_partition.values():
        for part in batched(mine, 100, strict=False):
            hub.storage.table(table).transact([Write("put", row) for row in part])


def attempted(webhook_id: int, event: Event, state: DeliveryState, status: int | None = 200) -> Row:
    error = "" if status == 200 else "timeout" if status is None else "http"
    made = Attempt(event.received_at, timedelta(milliseconds=7), status, error, "x" * 100)
    return delivery_row(new_record(webhook_id, event).after(made, state))


def parked(webhook_id: int, event: Event, *, is_logged: bool = False) -> Row:
    return waiting_row(
        WaitingDelivery(
            webhook_id=webhook_id,
            event_id=event.id,
            event_type=event.type,
            event_at=event.received_at,
            reason=WaitingReason.PAUSED,
            parked_at=event.received_at,
            until=event.received_at + timedelta(days=1),
            is_logged=is_logged,
        )
    )


def register_in_table(hub: Hub, ids: Iterable[int]) -> None:
    """Rows of registrations, of which these listings read the keys alone."""
    store(hub, WEBHOOKS_TABLE, [{"PartitionKey": PARTITION, "RowKey": f"{id_:010d}"} for id_ in ids])


def items(page: Mapping[str, object]) -> list[dict[str, object]]:
    value = page["value"]
    assert isinstance(value, list)
    return value


def pages(deliveries: Deliveries, **query: str) -> list[list[dict[str, object]]]:
    """All pages of a listing; each call comes further."""
    found: list[list[dict[str, object]]] = []
    seen: set[str] = set()
    while True:
        page = deliveries.list(query)
        token = page["continuationToken"]
        found.append(items(page))
        if token is None:
            return found
        assert token not in seen
        seen.add(str(token))
        query["continuationToken"] = str(token)


def everything(deliveries: Deliveries, **query: str) -> list[dict[str, object]]:
    return [one for page in pages(deliveries, **query) for one in page]


def keys(found: Iterable[Mapping[str, object]]) -> list[tuple[object, object]]:
    return [(one["eventId"], one["webhookId"]) for one in found]


def mixture(hub: Hub, seed: int, *, webhooks: int = 9, events: int = 40) -> list[dict[str, object]]:
    """Some of everything, and what a listing in the order of time shows of it."""
    chance = random.Random(seed)  # noqa: S311 - which rows there are
    log, deliveries, shown = list[Row](), list[Row](), list[tuple[datetime, str, int, dict[str, object]]]()
    at = RECEIVED_AT
    for _ in range(events):
        # Some come within one microsecond, some around midnight.
        at += chance.choice([timedelta(0), timedelta(microseconds=1), timedelta(seconds=7), timedelta(hours=5)])
        event = make_event(type=chance.choice(TYPES), received_at=at)
        ids = sorted(chance.sample(range(1, webhooks + 1), chance.choice([0, 1, 2, webhooks])))
        asked: Asked = None if chance.random() < 0.2 else tuple(ids)
        log.append(log_row(event, None, asked))
        for id_ in ids:
            kind = chance.choice(["none", "waits", "waits again", *DeliveryState])
            if kind == "none":
                continue
            if kind == "waits":
                deliveries.append(parked(id_, event))
                state, last = "waiting", None
            else:
                state = "waiting" if kind == "waits again" else str(kind)
                last = chance.choice([200, 503, 504, 404, None])
                deliveries.append(attempted(id_, event, DeliveryState(state), last))
                if state == "waiting":
                    deliveries.append(parked(id_, event, is_logged=True))
            told = {"state": state, "status": last, "attempted": kind != "waits", "type": event.type, "at": at}
            shown.append((at, event.id, id_, {"eventId": event.id, "webhookId": id_, **told}))
    store(hub, EVENTLOG_TABLE, log)
    store(hub, DELIVERIES_TABLE, deliveries)
    register_in_table(hub, range(1, webhooks + 1))
    return [told for _, _, _, told in sorted(shown, key=lambda one: (-one[0].timestamp(), one[1], one[2]))]
