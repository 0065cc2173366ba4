"""Deliveries that wait for their receiver, as the Events API lists, shows and replays them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from shared.api.deliveries import Deliveries
from shared.delivery.attempt import Attempt
from shared.delivery.pace.circuit import Blocked
from shared.delivery.record import DELIVERIES_TABLE, DeliveryState, new_record
from shared.delivery.waiting import WaitingDelivery, WaitingReason, waiting_row
from shared.errors import Conflict, NotFound
from shared.events.event import Event
from shared.hub.hub import Hub
from shared.storage.scan import WorkBudget
from tests.fakes.receiver import Receiver
from tests.support.delivering import EVENT, delivering_hub, register, waiting
from tests.support.events import PAYLOAD, make_event
from tests.support.transport import JournalTransport

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
UNTIL = NOON + timedelta(days=1)


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


def api(hub: Hub, *, transactions: int = 200) -> Deliveries:
    parts = hub.receivers
    budget = partial(WorkBudget, transactions=transactions)
    known = parts.known_secrets
    return Deliveries(hub.events, parts.webhooks, parts.deliveries, parts.replay, known, "https://hub/events", budget)


def happened(hub: Hub, hours: int = 0) -> Event:
    event = make_event(type=EVENT, received_at=NOON + timedelta(hours=hours))
    hub.events.append(event, PAYLOAD)
    return event


def attempted(hub: Hub, webhook_id: int, event: Event, state: DeliveryState = DeliveryState.DELIVERED) -> None:
    made = Attempt(NOON, timedelta(milliseconds=7), 200, "", "")
    record = new_record(webhook_id, event).after(made, state)
    if state is DeliveryState.WAITING:
        record = replace(record, waiting_reason=WaitingReason.CIRCUIT, waiting_until=UNTIL)
        park(hub, webhook_id, event, is_logged=True)
    hub.receivers.deliveries.write(record)


def park(hub: Hub, webhook_id: int, event: Event, *, is_logged: bool = False, cycle: int = 0) -> None:
    """Have it wait; `is_logged` if it has a record too."""
    parked = WaitingDelivery(
        webhook_id=webhook_id,
        event_id=event.id,
        event_type=event.type,
        event_at=event.received_at,
        reason=WaitingReason.PAUSED,
        parked_at=NOON,
        until=UNTIL,
        cycle=cycle,
        is_logged=is_logged,
    )
    hub.storage.table(DELIVERIES_TABLE).put(waiting_row(parked))


def items(page: dict[str, object]) -> Sequence[dict[str, object]]:
    value = page["value"]
    assert isinstance(value, list)
    return value


def shown(page: dict[str, object]) -> list[tuple[object, object, object]]:
    return [(one["webhookId"], one["eventId"], one["state"]) for one in items(page)]


def all_pages(deliveries: Deliveries, **query: str) -> list[tuple[object, object, object]]:
    found: list[tuple[object, object, object]] = []
    while True:
        page = deliveries.list(query)
        found += shown(page)
        if page["continuationToken"] is None:
            return found
        query["continuationToken"] = str(page["continuationToken"])


@pytest.fixture
def log(hub: Hub) -> list[tuple[object, object, object]]:
    """Two webhooks with a delivery of each kind: as a listing has them."""
    done, failed, parked, first, second = (happened(hub, hours) for hours in range(5))
    for webhook_id in (1, 2):
        attempted(hub, webhook_id, done)
        attempted(hub, webhook_id, failed, DeliveryState.FAILED)
        attempted(hub, webhook_id, parked, DeliveryState.WAITING)
        for event in (second, first):
            park(hub, webhook_id, event)
    order = [(parked, "waiting"), (failed, "failed"), (done, "delivered"), (first, "waiting"), (second, "waiting")]
    return [(webhook_id, event.id, state) for webhook_id in (1, 2) for event, state in order]


def test_a_listing_has_attempted_ones_newest_first_then_the_others_oldest_first(
    hub: Hub, log: list[tuple[object, object, object]]
) -> None:
    assert shown(api(hub).list({})) == log
    assert shown(api(hub).list({"webhook": "2"})) == log[5:]


@pytest.mark.parametrize("limit", ["1", "2", "3", "4"])
@pytest.mark.parametrize("transactions", [1, 2, 200])
def test_pages_show_each_delivery_once(
    hub: Hub, log: list[tuple[object, object, object]], limit: str, transactions: int
) -> None:
    deliveries = api(hub, transactions=transactions)
    assert all_pages(deliveries, limit=limit) == log
    assert all_pages(deliveries, limit=limit, webhook="1") == log[:5]
    assert all_pages(deliveries, limit=limit, state="waiting,failed") == [one for one in log if one[2] != "delivered"]


@pytest.mark.parametrize("webhook", [{}, {"webhook": "1"}])
def test_states_select_in_both_ranges(
    hub: Hub, log: list[tuple[object, object, object]], webhook: dict[str, str]
) -> None:
    mine = log[:5] if webhook else log
    for states in ("waiting", "failed", "failed,waiting", "delivered,held"):
        expected = [one for one in mine if one[2] in states.split(",")]
        assert shown(api(hub).list({"state": states, **webhook})) == expected


@pytest.mark.parametrize("webhook", [{}, {"webhook": "1"}])
@pytest.mark.parametrize("since", [None, 0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("until", [None, 0, 2, 3, 4, 5])
def test_a_span_of_time_selects_in_both_ranges(
    hub: Hub, log: list[tuple[object, object, object]], since: int | None, until: int | None, webhook: dict[str, str]
) -> None:
    mine = log[:5] if webhook else log
    hours = dict(zip([event for _, event, _ in log[:5]], [2, 1, 0, 3, 4], strict=True))
    expected = [
        one for one in mine if (since is None or since <= hours[one[1]]) and (until is None or hours[one[1]] < until)
    ]
    span = {
        name: (NOON + timedelta(hours=hour)).isoformat()
        for name, hour in (("since", since), ("until", until))
        if hour is not None
    }
    assert shown(api(hub).list({**span, **webhook})) == expected


def test_every_item_says_why_and_how_long_it_waits(hub: Hub, log: list[tuple[object, object, object]]) -> None:
    told = [(one["waitingReason"], one["waitingUntil"]) for one in items(api(hub).list({"webhook": "1"}))]
    until = UNTIL.isoformat()
    assert told == [("circuit", until), (None, None), (None, None), ("paused", until), ("paused", until)]
    assert log


def test_the_deliveries_of_an_event_are_those_that_wait_too(hub: Hub) -> None:
    event, other = happened(hub), happened(hub, 1)
    hub.events.begin_dispatch(event, None, (1, 2, 3, 4, 5))
    park(hub, 1, event)
    attempted(hub, 2, event, DeliveryState.WAITING)
    attempted(hub, 3, event)
    park(hub, 4, event)
    park(hub, 1, other)
    expected = [(1, "waiting"), (2, "waiting"), (3, "delivered"), (4, "waiting")]
    found: list[tuple[object, object]] = []
    query = {"limit": "1"}
    while True:
        page = api(hub).list_of_event(event.id, query)
        found += [(one["webhookId"], one["state"]) for one in items(page)]
        if page["continuationToken"] is None:
            break
        query["continuationToken"] = str(page["continuationToken"])
    assert found == expected
    assert {one["eventId"] for one in items(api(hub).list_of_event(event.id, {}))} == {event.id}


def test_one_delivery_that_was_never_attempted_is_shown_as_it_waits(hub: Hub) -> None:
    event = happened(hub)
    park(hub, 7, event, cycle=2)
    assert api(hub).show(event.id, "7", {}) == {
        "eventId": event.id,
        "webhookId": 7,
        "event": EVENT,
        "eventAt": NOON.isoformat(),
        "state": "waiting",
        "attempts": 0,
        "nextAttemptAt": None,
        "replays": 2,
        "waitingReason": "paused",
        "waitingUntil": UNTIL.isoformat(),
        "last": None,
        "log": [],
    }
    with pytest.raises(NotFound):
        api(hub).show(event.id, "8", {})


def test_of_a_delivery_with_a_record_the_record_is_shown(hub: Hub) -> None:
    event = happened(hub)
    attempted(hub, 7, event, DeliveryState.WAITING)
    document = api(hub).show(event.id, "7", {})
    assert (document["attempts"], document["waitingReason"]) == (1, "circuit")


@pytest.mark.parametrize("is_attempted", [False, True])
def test_what_waits_is_not_replayed(hub: Hub, receiver: Receiver, connection_string: str, is_attempted: bool) -> None:
    webhook, event = register(hub, receiver.url), happened(hub)
    if is_attempted:
        attempted(hub, webhook.id, event, DeliveryState.WAITING)
    else:
        park(hub, webhook.id, event)
    with pytest.raises(Conflict, match="waits for its receiver"):
        api(hub).replay_one(event.id, str(webhook.id), {})
    for query in ({}, {"state": "waiting"}, {"state": "waiting,failed"}):
        assert api(hub).replay_all(query) == {"replayed": 0, "more": False}
        assert api(hub).replay_all({**query, "dryRun": "true"}) == {"count": 0, "more": False}
    assert waiting(connection_string) == []


def test_a_listing_of_one_webhook_reads_each_range_from_its_bound_on(hub: Hub, transport: JournalTransport) -> None:
    transport.forget()
    api(hub).list({"webhook": "1", "state": "failed"})
    assert transport.summary == ["GET deliveries"]
    transport.forget()
    api(hub).list({"webhook": "1", "since": NOON.isoformat()})
    assert transport.summary == ["GET deliveries"] * 2
    assert [" or " in read.query["$filter"][0] for read in transport.calls] == [False, False]


@pytest.mark.parametrize("is_logged", [False, True])
def test_what_waits_for_longer_than_was_known_is_shown_with_the_present_moment(
    hub: Hub, receiver: Receiver, transport: JournalTransport, is_logged: bool
) -> None:
    webhook_id, event = register(hub, receiver.url).id, happened(hub)
    if is_logged:
        attempted(hub, webhook_id, event, DeliveryState.WAITING)
    else:
        park(hub, webhook_id, event)
    shown = replace(api(hub), blocked=hub.receivers.gate.blocked.read)
    later = UNTIL + timedelta(hours=1)
    before = shown.show(event.id, str(webhook_id), {})
    for until, reason, expected in (
        (UNTIL - timedelta(hours=1), WaitingReason.PAUSED, (before["waitingReason"], UNTIL)),
        (later, WaitingReason.PLACE, (WaitingReason.PLACE, later)),
    ):
        hub.receivers.gate.blocked.put(webhook_id, Blocked(reason, until))
        transport.forget()
        listed = shown.list({})["value"]
        assert isinstance(listed, list)
        one = shown.show(event.id, str(webhook_id), {})
        for item in (*listed, one):
            assert (item["waitingReason"], item["waitingUntil"]) == (expected[0], expected[1].isoformat())
        # However many wait, the list of blocked webhooks is read once.
        assert transport.summary.count("GET usage") == 1
