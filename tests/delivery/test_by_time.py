"""Deliveries in the order of time: each once, newest first, whatever a call may cost and whoever was asked."""

import random
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import batched
from typing import Any

import pytest

from shared.api.deliveries import Deliveries
from shared.api.parameters import token_of
from shared.delivery.attempt import Attempt
from shared.delivery.filter import DeliveryFilter
from shared.delivery.record import DELIVERIES_TABLE, DeliveryState, delivery_row, new_record
from shared.delivery.waiting import WaitingDelivery, WaitingReason, waiting_row
from shared.errors import BadRequest
from shared.events.asked import Asked
from shared.events.event import Event
from shared.events.rows import EVENTLOG_TABLE, log_row
from shared.hub.hub import Hub
from shared.storage.paging import Place, Position
from shared.storage.scan import WorkBudget
from shared.storage.tables import Write
from shared.webhooks.rows import PARTITION, WEBHOOKS_TABLE
from tests.support.delivering import delivering_hub
from tests.support.events import RECEIVED_AT, make_event
from tests.support.transport import JournalTransport

type Row = dict[str, object]
TYPES = ("opportunity.updated", "connection.created")


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


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


@pytest.mark.parametrize(("seed", "limit", "transactions"), [(1, "1", 6), (2, "3", 17), (3, "50", 200), (4, "7", 40)])
def test_each_delivery_comes_once_newest_first(hub: Hub, seed: int, limit: str, transactions: int) -> None:
    expected = mixture(hub, seed)
    deliveries = api(hub, transactions)
    assert keys(everything(deliveries, order="time", limit=limit)) == keys(expected)
    for id_ in ("1", "9", "10"):
        mine = [one for one in expected if str(one["webhookId"]) == id_]
        assert keys(everything(deliveries, order="time", limit=limit, webhook=id_)) == keys(mine)


def is_between(one: Mapping[str, object], low: int, high: int) -> bool:
    status = one["status"]
    return isinstance(status, int) and low <= status <= high


@pytest.mark.parametrize("order", ["time", "webhook"])
def test_filters_hold_in_both_orders_and_for_one_webhook_too(hub: Hub, order: str) -> None:
    expected = mixture(hub, 5)
    since, until = RECEIVED_AT + timedelta(hours=20), RECEIVED_AT + timedelta(hours=60)
    cases: list[tuple[dict[str, str], Callable[[Mapping[str, Any]], bool]]] = [
        ({"state": "failed,held"}, lambda one: one["state"] in {"failed", "held"}),
        ({"state": "waiting"}, lambda one: one["state"] == "waiting"),
        ({"errorClass": "HTTP"}, lambda one: is_between(one, 400, 599)),
        ({"errorClass": "timeout"}, lambda one: one["attempted"] and one["status"] is None),
        ({"errorClass": "dns"}, lambda one: False),
        ({"status": "503"}, lambda one: is_between(one, 503, 503)),
        ({"status": "5XX"}, lambda one: is_between(one, 500, 599)),
        ({"status": "4xx", "state": "failed"}, lambda one: is_between(one, 400, 499) and one["state"] == "failed"),
        ({"type": TYPES[0].upper()}, lambda one: one["type"] == TYPES[0]),
        ({"type": "a.b"}, lambda one: False),
        ({"since": since.isoformat()}, lambda one: one["at"] >= since),
        ({"since": since.isoformat(), "until": until.isoformat()}, lambda one: since <= one["at"] < until),
        ({"until": until.isoformat(), "type": TYPES[1]}, lambda one: one["at"] < until and one["type"] == TYPES[1]),
    ]
    for query, passes in cases:
        for webhook in (dict[str, str](), {"webhook": "3"}):
            wanted = [one for one in expected if passes(one) and (not webhook or one["webhookId"] == 3)]
            found = keys(everything(api(hub), order=order, limit="5", **query, **webhook))
            assert found == keys(wanted) if order == "time" else sorted(found) == sorted(keys(wanted)), query


def test_a_delivery_tells_its_last_attempt_and_one_without_any_tells_none(hub: Hub) -> None:
    event = make_event()
    store(hub, EVENTLOG_TABLE, [log_row(event, None, (1, 2, 3))])
    rows = [attempted(1, event, DeliveryState.PENDING, None), attempted(2, event, DeliveryState.DELIVERED)]
    store(hub, DELIVERIES_TABLE, [*rows, parked(3, event)])
    at = event.received_at.isoformat()
    expected = [
        {"at": at, "status": None, "errorClass": "timeout", "durationMs": 7},
        {"at": at, "status": 200, "errorClass": None, "durationMs": 7},
        None,
    ]
    for query in ({"order": "time"}, {}):
        assert [one["last"] for one in everything(api(hub), **query)] == expected


def test_a_record_of_the_previous_version_is_listed_without_its_last_attempt_and_passes_no_filter_for_it(
    hub: Hub,
) -> None:
    event = make_event()
    columns = {"State": "failed", "Cycle": 0, "Attempts": 1, "NextAttemptAt": "", "Logged": 1}
    attempt = (
        '{"at": "2026-03-14T09:26:54+00:00", "duration_ms": 5, "status": 500, "error_class": "http", "reply": "no"}'
    )
    key = f"98226441599999999-{event.id}"
    row = {"EventId": event.id, "Event": event.type, "EventAt": event.received_at.isoformat(), "Log0": attempt}
    hub.storage.table(DELIVERIES_TABLE).put({"PartitionKey": "0000000007", "RowKey": key, **columns, **row})
    assert [(one["attempts"], one["last"]) for one in everything(api(hub))] == [(1, None)]
    assert everything(api(hub), status="500") == everything(api(hub), errorClass="http") == []


@pytest.mark.parametrize("query", [{}, {"state": "failed"}, {"webhook": "7"}, {"state": "failed", "webhook": "7"}])
def test_a_page_costs_no_more_the_more_there_is(hub: Hub, transport: JournalTransport, query: dict[str, str]) -> None:
    costs = []
    at = RECEIVED_AT
    for _ in range(2):
        for _ in range(3):
            at += timedelta(hours=1)
            moments = [at + timedelta(seconds=number) for number in range(60)]
            events = [make_event(received_at=moment) for moment in moments]
            store(hub, EVENTLOG_TABLE, [log_row(event, None, tuple(range(1, 21))) for event in events])
            rows = (attempted(id_, event, DeliveryState.FAILED) for event in events for id_ in range(1, 21))
            store(hub, DELIVERIES_TABLE, rows)
        transport.forget()
        assert len(items(api(hub).list({"order": "time", **query}))) == 50
        costs.append(len(transport.calls))
    assert costs[0] == costs[1] <= 60


@pytest.mark.parametrize("limit", ["1", "200"])
def test_of_an_event_for_very_many_webhooks_a_call_looks_at_as_many_as_it_may(
    hub: Hub, transport: JournalTransport, limit: str
) -> None:
    event, other = make_event(), make_event(received_at=RECEIVED_AT + timedelta(hours=1))
    ids = range(1, 1501)
    wanted = [1, 700, 701, 1500]
    store(hub, EVENTLOG_TABLE, [log_row(event), log_row(other, None, tuple(range(1, 901)))])
    store(hub, DELIVERIES_TABLE, [attempted(id_, event, DeliveryState.FAILED, 503) for id_ in wanted])
    store(hub, DELIVERIES_TABLE, [attempted(900, other, DeliveryState.FAILED, 503)])
    register_in_table(hub, ids)
    costs, found = list[int](), list[dict[str, object]]()
    query = {"order": "time", "limit": limit, "state": "failed"}
    while True:
        transport.forget()
        page = api(hub).list(query)
        costs.append(len(transport.calls))
        found += items(page)
        if page["continuationToken"] is None:
            break
        query["continuationToken"] = str(page["continuationToken"])
    assert keys(found) == [(other.id, 900), *((event.id, id_) for id_ in wanted)]
    assert max(costs) <= 200
    assert sum(costs) < (900 + 1500) * 1.2


def test_what_lies_between_two_events_may_be_more_than_storage_gives_at_once(hub: Hub) -> None:
    """Events of another type: the windows between rare ones hold thousands that wait."""
    rare = [make_event(type=TYPES[0], received_at=RECEIVED_AT + timedelta(hours=hour)) for hour in (0, 1, 2)]
    others = [make_event(type=TYPES[1], received_at=RECEIVED_AT + timedelta(seconds=number)) for number in range(3200)]
    store(hub, EVENTLOG_TABLE, [log_row(event, None, (1,)) for event in rare])
    store(hub, DELIVERIES_TABLE, [parked(1, event) for event in (*rare, *others)])
    assert keys(everything(api(hub), order="time", type=TYPES[0])) == [(one.id, 1) for one in reversed(rare)]
    # Rows that the list does not have lie between those that it has.
    found = keys(everything(api(hub, 20), order="time", limit="200"))
    assert [one for one in found if one[0] in {event.id for event in rare}] == [(one.id, 1) for one in reversed(rare)]


def test_the_newest_of_very_many_that_wait_are_found_in_a_few_transactions(
    hub: Hub, transport: JournalTransport
) -> None:
    waits = [make_event(received_at=RECEIVED_AT + timedelta(seconds=number)) for number in range(5000)]
    done = [make_event(received_at=RECEIVED_AT - timedelta(seconds=number)) for number in range(1, 4)]
    again = make_event(received_at=RECEIVED_AT + timedelta(seconds=2500.5))
    rows = [attempted(1, event, DeliveryState.DELIVERED) for event in (again, *done)]
    store(hub, DELIVERIES_TABLE, [*rows, *(parked(1, event) for event in waits)])
    transport.forget()
    first = api(hub).list({"order": "time", "webhook": "1", "limit": "50"})
    assert keys(items(first)) == [(one.id, 1) for one in waits[:-51:-1]]
    assert len(transport.calls) < 25
    newest_first = [*reversed(waits[2501:]), again, *reversed(waits[:2501]), *done]
    assert keys(everything(api(hub), order="time", webhook="1", limit="200")) == [(one.id, 1) for one in newest_first]
    until = (RECEIVED_AT + timedelta(seconds=10)).isoformat()
    assert len(everything(api(hub), order="time", webhook="1", until=until)) == 13


def test_a_token_of_another_query_is_refused(hub: Hub) -> None:
    mixture(hub, 6)
    queries: list[dict[str, str]] = [
        {"order": "time"},
        {},
        {"order": "time", "webhook": "1"},
        {"order": "time", "status": "5xx"},
    ]
    tokens = [str(api(hub).list({**query, "limit": "1"})["continuationToken"]) for query in queries]
    for number, query in enumerate(queries):
        for other, token in enumerate(tokens):
            if other != number:
                with pytest.raises(BadRequest, match="continuationToken"):
                    api(hub).list({**query, "continuationToken": token})


def test_the_deliveries_of_an_event_are_read_from_the_partitions_of_those_who_were_asked(
    hub: Hub, transport: JournalTransport
) -> None:
    event, unlisted = make_event(), make_event()
    for one in (event, unlisted):
        hub.events.append(one, b"{}")
    store(hub, EVENTLOG_TABLE, [log_row(event, None, (1, 2, 3, 9))])
    rows = [attempted(id_, event, DeliveryState.DELIVERED) for id_ in (1, 3, 4)]
    store(hub, DELIVERIES_TABLE, [*rows, parked(9, event), attempted(1, unlisted, DeliveryState.DELIVERED)])
    transport.forget()
    # Webhook 4 was not asked, so nobody looks there.
    assert keys(items(api(hub).list_of_event(event.id, {}))) == [(event.id, 1), (event.id, 3), (event.id, 9)]
    assert sorted(transport.summary) == ["GET deliveries"] * 6 + ["GET eventlog", "GET events"]
    assert all("PartitionKey eq" in one.query["$filter"][0] for one in transport.calls if one.path == "deliveries")
    assert items(api(hub).list_of_event(unlisted.id, {})) == []


def test_an_event_is_listed_with_all_its_attempts_at_once(hub: Hub, transport: JournalTransport) -> None:
    event = make_event()
    hub.events.append(event, b"{}")
    store(hub, EVENTLOG_TABLE, [log_row(event, None, (1, 2))])
    store(hub, DELIVERIES_TABLE, [attempted(1, event, DeliveryState.FAILED, 503), parked(2, event)])
    transport.forget()
    for query in ({"log": "true"}, {"log": "TRUE", "limit": "1"}):
        first = items(api(hub).list_of_event(event.id, query))
        assert first[0] == api(hub).show(event.id, "1", {})
        assert [one["log"] != [] for one in first] == [True, False][: len(first)]
    plain = items(api(hub).list_of_event(event.id, {"log": "false"}))
    assert [one.get("log") for one in plain] == [None, None]
    for query in ({"log": "yes"}, {"log": ""}):
        with pytest.raises(BadRequest, match=r"^log must be true or false"):
            api(hub).list_of_event(event.id, query)
    token = str(api(hub).list_of_event(event.id, {"limit": "1"})["continuationToken"])
    with pytest.raises(BadRequest, match="continuationToken"):
        api(hub).list_of_event(event.id, {"limit": "1", "log": "true", "continuationToken": token})


@pytest.mark.parametrize("log", ["true", "false"])
def test_an_event_for_very_many_webhooks_comes_in_bounded_calls(
    hub: Hub, transport: JournalTransport, log: str
) -> None:
    event = make_event()
    hub.events.append(event, b"{}")
    # Attempts are shown without the secrets of their webhooks, which are read for that: these are not registered.
    store(hub, EVENTLOG_TABLE, [log_row(event, None, tuple(range(1, 331)) if log == "true" else None)])
    if log == "false":
        register_in_table(hub, range(1, 331))
    store(hub, DELIVERIES_TABLE, [attempted(id_, event, DeliveryState.DELIVERED) for id_ in range(1, 331, 3)])
    found, query = list[dict[str, object]](), {"log": log, "limit": "200"}
    while True:
        transport.forget()
        page = api(hub).list_of_event(event.id, query)
        assert len(transport.calls) <= 200
        found += items(page)
        if page["continuationToken"] is None:
            break
        query["continuationToken"] = str(page["continuationToken"])
    assert keys(found) == [(event.id, id_) for id_ in range(1, 331, 3)]


def test_counts_are_those_of_the_listing(hub: Hub) -> None:
    expected = mixture(hub, 7)
    since = RECEIVED_AT + timedelta(hours=30)
    for query, passes in (
        (dict[str, str](), lambda one: True),
        ({"webhook": "3"}, lambda one: one["webhookId"] == 3),
        ({"type": TYPES[0]}, lambda one: one["type"] == TYPES[0]),
        ({"since": since.isoformat()}, lambda one: one["at"] >= since),
        ({"until": since.isoformat(), "webhook": "2"}, lambda one: one["at"] < since and one["webhookId"] == 2),
    ):
        states = [one["state"] for one in expected if passes(one)]
        assert api(hub).count(query) == {**{str(one): states.count(one) for one in DeliveryState}, "more": False}


def test_counting_goes_on_where_the_call_before_ended(hub: Hub) -> None:
    expected = mixture(hub, 8)
    counted, query = 0, dict[str, str]()
    store(
        hub,
        DELIVERIES_TABLE,
        [attempted(20, make_event(), DeliveryState.HELD) for _ in range(1500)],
    )
    while True:
        counts = api(hub, 1).count(query)
        counted += sum(int(str(counts[state])) for state in DeliveryState)
        if not counts["more"]:
            break
        query["continuationToken"] = str(counts["continuationToken"])
    assert counted == len(expected) + 1500
    with pytest.raises(BadRequest, match="continuationToken"):
        api(hub).count({**query, "webhook": "1"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("order", "newest"),
        ("order", ""),
        ("errorClass", ""),
        ("errorClass", "HTTP/1.1"),
        ("errorClass", "x" * 10_000),
        ("status", ""),
        ("status", "600"),
        ("status", "5x"),
        ("status", "5xxx"),
        ("status", "\u0665\u0660\u0663"),
        ("status", "503\n"),
        ("status", "200,503"),
        ("type", "x" * 251),
        ("type", " a"),
        ("continuationToken", "x"),
    ],
)
def test_a_wrong_filter_is_refused_by_its_name(hub: Hub, name: str, value: str) -> None:
    for order in ({}, {"order": "time"}):
        with pytest.raises(BadRequest) as caught:
            api(hub).list({**order, name: value})
        assert caught.value.errors[0].pointer == f"#/{name}"
        assert caught.value.detail.startswith(name)
        assert len(caught.value.detail) < 400


@pytest.mark.parametrize("key", ["nothing", "1/2/3", "98226441599999999-x/99999999999", "w-01779146643987650-1"])
def test_a_forged_place_is_refused(hub: Hub, key: str) -> None:
    for query, asked in (
        ({"order": "time"}, ("time", DeliveryFilter())),
        ({"order": "time", "webhook": "1"}, ("time", DeliveryFilter(webhook_id=1))),
    ):
        token = token_of(Place(Position("79739685", key)), asked)
        with pytest.raises(BadRequest, match="continuationToken"):
            api(hub).list({**query, "continuationToken": token})
