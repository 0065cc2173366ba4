"""Deliveries in the order of time: each once, newest first, whatever a call may cost and whoever was asked."""

from datetime import timedelta

import pytest

from shared.api.parameters import token_of
from shared.delivery.filter import DeliveryFilter
from shared.delivery.record import DELIVERIES_TABLE, DeliveryState
from shared.errors import BadRequest
from shared.events.rows import EVENTLOG_TABLE, log_row
from shared.hub.hub import Hub
from shared.storage.paging import Place, Position
from tests.support.delivering import delivering_hub
from tests.support.events import RECEIVED_AT, make_event
from tests.support.listings import (
    TYPES,
    api,
    attempted,
    everything,
    items,
    keys,
    mixture,
    parked,
    register_in_table,
    store,
)
from tests.support.transport import JournalTransport


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


@pytest.mark.parametrize(("seed", "limit", "transactions"), [(1, "1", 6), (2, "3", 17), (3, "50", 200), (4, "7", 40)])
def test_each_delivery_comes_once_newest_first(hub: Hub, seed: int, limit: str, transactions: int) -> None:
    expected = mixture(hub, seed)
    deliveries = api(hub, transactions)
    assert keys(everything(deliveries, order="time", limit=limit)) == keys(expected)
    for id_ in ("1", "9", "10"):
        mine = [one for one in expected if str(one["webhookId"]) == id_]
        assert keys(everything(deliveries, order="time", limit=limit, webhook=id_)) == keys(mine)


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


def test_a_page_costs_no_more_the_more_there_is(hub: Hub, transport: JournalTransport) -> None:
    queries: list[dict[str, str]] = [{}, {"state": "failed"}, {"webhook": "7"}, {"state": "failed", "webhook": "7"}]
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
        for query in queries:
            transport.forget()
            assert len(items(api(hub).list({"order": "time", **query}))) == 50
            costs.append(len(transport.calls))
    assert costs[:4] == costs[4:]
    assert max(costs) <= 60


def test_what_became_of_a_page_of_events_costs_two_readings_a_webhook(hub: Hub, transport: JournalTransport) -> None:
    events = [make_event(received_at=RECEIVED_AT + timedelta(minutes=number)) for number in range(300)]
    store(hub, EVENTLOG_TABLE, [log_row(event, None, (1, 2, 3)) for event in events])
    store(hub, DELIVERIES_TABLE, (attempted(id_, one, DeliveryState.DELIVERED) for one in events for id_ in (1, 2, 3)))
    page = events[100:150]
    until = page[-1].received_at + timedelta(milliseconds=1)
    span = {"since": page[0].received_at.isoformat(), "until": until.isoformat()}
    transport.forget()
    found = items(api(hub).list({"order": "time", "limit": "200", **span}))
    assert {str(one["eventId"]) for one in found} == {event.id for event in page}
    assert len(found) == 150
    assert sorted(transport.summary) == ["GET deliveries"] * 6 + ["GET eventlog"]


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


@pytest.mark.parametrize("key", ["nothing", "1/2/3", "98226441599999999-x/99999999999", "w-01779146643987650-1"])
def test_a_forged_place_is_refused(hub: Hub, key: str) -> None:
    for query, asked in (
        ({"order": "time"}, ("time", DeliveryFilter())),
        ({"order": "time", "webhook": "1"}, ("time", DeliveryFilter(webhook_id=1))),
    ):
        token = token_of(Place(Position("79739685", key)), asked)
        with pytest.raises(BadRequest, match="continuationToken"):
            api(hub).list({**query, "continuationToken": token})
