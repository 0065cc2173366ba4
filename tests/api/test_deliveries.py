"""The routes of Events for deliveries: listings, one delivery, replays, and what is refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import azure.functions as func
import pytest

from shared.api.deliveries import Deliveries, serve_deliveries
from shared.api.parameters import token_of
from shared.delivery.attempt import Attempt
from shared.delivery.record import DeliveryState, new_record
from shared.errors import BadRequest
from shared.events.event import Event
from shared.http import answer
from shared.hub.hub import Hub
from shared.storage.paging import Place, Position
from shared.storage.scan import WorkBudget
from shared.webhooks.registration import Registration
from tests.fakes.receiver import Receiver, answers
from tests.support.cases import holds_for
from tests.support.delivering import EVENT, attempt, delivering_hub, register, waiting
from tests.support.events import PAYLOAD, make_event
from tests.support.host import QuietHost
from tests.support.requests import post as request_with
from tests.support.transport import JournalTransport

SECRET = "correct horse battery staple"
TOKEN = token_of(Place(Position("0000000001", "98226441599999999-37c7c867-d571-e911-a956-000d3a1bc3f6")), "another")
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.fixture
def hub(connection_string: str) -> Hub:
    return delivering_hub(connection_string)


@pytest.fixture
def webhook(hub: Hub, receiver: Receiver) -> Registration:
    registration = register(hub, receiver.url, Secret=SECRET, Headers={"Authorization": f"Bearer {SECRET}"})
    receiver.reset()
    return registration


def call(
    hub: Hub, method: str, path: str, /, *, hops: str | None = None, **query: str
) -> tuple[int, dict[str, object]]:
    """Status and document of the answer to a request below `/api/v1/events/`."""
    url = f"http://localhost/api/v1/events/{path}"
    headers = {} if hops is None else {"X-Hub-Hops": hops}
    return answered(hub, path, func.HttpRequest(method, url, headers=headers, params=query, body=b""))


def post(hub: Hub, path: str, body: bytes, **headers: str) -> tuple[int, dict[str, object]]:
    """The same for a POST with a body; underscores in the names of headers stand for hyphens."""
    return answered(hub, path, request_with(body, **headers))


def answered(hub: Hub, path: str, request: func.HttpRequest) -> tuple[int, dict[str, object]]:
    response = answer(request, lambda asked: serve_deliveries(hub, asked, tuple(path.split("/"))))
    document = json.loads(response.get_body())
    if response.status_code >= 400:
        assert response.mimetype == "application/problem+json"
        assert document["status"] == response.status_code
    return response.status_code, document


def accepted(hub: Hub, number: int = 0) -> Event:
    event = make_event(type=EVENT, received_at=NOON + timedelta(hours=number))
    hub.events.append(event, PAYLOAD)
    return event


def listed(hub: Hub, *asked: int, number: int = 0) -> Event:
    """One whose dispatch asked these webhooks."""
    event = accepted(hub, number)
    hub.events.begin_dispatch(event, None, asked)
    return event


def in_state(hub: Hub, webhook_id: int, event: Event, state: DeliveryState) -> None:
    hub.receivers.deliveries.write(replace(new_record(webhook_id, event), state=state))


def ids(document: dict[str, object]) -> list[str]:
    value = document["value"]
    assert isinstance(value, list)
    return [delivery["eventId"] for delivery in value]


@holds_for(
    ("name", "value"),
    [
        ("webhook", "x"),
        ("webhook", "-1"),
        ("webhook", ""),
        ("webhook", "2147483648"),
        ("webhook", "٣"),
        ("webhook", "1\n"),
        ("webhook", " 1"),
        ("webhook", "²"),
        ("state", "lost"),
        ("state", ""),
        ("state", "failed,"),
        ("state", ",failed"),
        ("state", "failed, held"),
        ("state", "failed;held"),
        ("state", "failed,lost"),
        ("state", "x" * 10_000),
        ("since", "yesterday"),
        ("until", "2026-02-30T00:00:00Z"),
        ("since", "2026-01-31\n12:00:00Z"),
        ("since", "2026-01-31T12:00:00Z\n"),
        ("until", "2026-01-31\u00a012:00"),
        ("state", "failed\n"),
        ("limit", "5\n"),
        ("limit", "\u0665"),
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "many"),
        ("continuationToken", "1.2"),
        ("continuationToken", f"{TOKEN}\n"),
        ("continuationToken", TOKEN),
        ("continuationToken", "79739685.98226441599999999-37c7c867-d571-e911-a956-000d3a1bc3f6"),
        ("dryRun", "true\n"),
        ("dryRun", "maybe"),
    ],
)
def test_a_wrong_parameter_is_refused_by_its_name_and_nothing_is_replayed(
    hub: Hub, webhook: Registration, connection_string: str, name: str, value: str
) -> None:
    in_state(hub, webhook.id, accepted(hub), DeliveryState.FAILED)
    routes = [("GET", "deliveries")] if name != "dryRun" else []
    routes += [("POST", "deliveries/replay")] if name != "limit" else []
    for method, path in routes:
        status, problem = call(hub, method, path, **{name: value})
        assert status == 400
        assert f"#/{name}" in json.dumps(problem)
        assert name in str(problem["detail"])
    assert waiting(connection_string) == []


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        (
            "GET",
            "deliveries",
            "webhook, state, errorClass, status, type, since, until, order, limit, continuationToken",
        ),
        ("GET", "deliveries/counts", "webhook, type, since, until, continuationToken"),
        ("GET", "{event}/deliveries", "log, limit, continuationToken"),
        ("GET", "{event}/deliveries/1", ""),
        (
            "POST",
            "deliveries/replay",
            "webhook, state, errorClass, status, type, since, until, dryRun, continuationToken",
        ),
        ("POST", "{event}/deliveries/1/replay", ""),
    ],
)
@pytest.mark.parametrize("name", ["State", "Type", "dryrun", "$filter"])
def test_a_parameter_that_is_none_is_refused_by_its_name_and_nothing_is_replayed(
    hub: Hub, webhook: Registration, connection_string: str, method: str, path: str, known: str, name: str
) -> None:
    event = accepted(hub)
    in_state(hub, webhook.id, event, DeliveryState.FAILED)
    status, problem = call(hub, method, path.format(event=event.id), **{name: "true"})
    told = f"known are {known}" if known else "there are none here"
    assert (status, problem["detail"]) == (400, f"{name} is not a known parameter; {told}")
    assert waiting(connection_string) == []
    assert call(hub, method, path.format(event=event.id), code="a function key")[0] in {200, 202}


def test_an_unknown_state_is_named_beside_those_that_there_are(hub: Hub) -> None:
    for asked, named in (("failed,lost", "lost"), ("failed,", ""), ("failed\n", "failed\\n"), ("x" * 99, "x" * 50)):
        _, problem = call(hub, "GET", "deliveries", state=asked)
        assert problem["detail"] == (
            "state must be pending, delivered, failed, held or waiting, or several of them with commas between: "
            f"'{named}' is none"
        )


def test_several_states_may_be_asked_for_at_once(hub: Hub, webhook: Registration) -> None:
    events = {state: accepted(hub, number) for number, state in enumerate(DeliveryState)}
    for state, event in events.items():
        in_state(hub, webhook.id, event, state)
    wanted = [events[DeliveryState.HELD].id, events[DeliveryState.FAILED].id]
    for text in ("failed,held", "HELD,failed,held"):
        assert ids(call(hub, "GET", "deliveries", state=text)[1]) == wanted
        assert ids(call(hub, "GET", "deliveries", state=text, webhook=str(webhook.id))[1]) == wanted
    first = call(hub, "GET", "deliveries", state="failed,held", limit="1")[1]
    token = str(first["continuationToken"])
    assert f"state=failed%2Cheld&limit=1&continuationToken={token}" in str(first["nextLink"])
    # Written in another order it is the same query.
    rest = call(hub, "GET", "deliveries", state="held,failed", continuationToken=token)[1]
    assert [*ids(first), *ids(rest)] == wanted


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "37c7c867-d571-e911-a956-000d3a1bc3f6/deliveries"),
        ("GET", "x/deliveries"),
        ("GET", "{event}/deliveries/2"),
        ("GET", "{event}/deliveries/x"),
        ("GET", "{event}/deliveries/1/log"),
        ("POST", "{event}/deliveries/2/replay"),
        ("POST", "{event}/deliveries/99999999999/replay"),
        ("POST", "37c7c867-d571-e911-a956-000d3a1bc3f6/deliveries/1/replay"),
        ("POST", "{event}/deliveries"),
        ("POST", "deliveries"),
        ("GET", "deliveries/replay"),
    ],
)
def test_what_is_not_there_is_404(hub: Hub, webhook: Registration, method: str, path: str) -> None:
    event = accepted(hub)
    in_state(hub, webhook.id, event, DeliveryState.FAILED)
    assert call(hub, method, path.format(event=event.id))[0] == 404


@pytest.mark.parametrize("path", ["{event}\n/deliveries", "{event} /deliveries/1", "{event}/deliveries/1\n"])
def test_an_id_with_white_space_after_it_is_nobodys(hub: Hub, webhook: Registration, path: str) -> None:
    event = accepted(hub)
    in_state(hub, webhook.id, event, DeliveryState.FAILED)
    assert call(hub, "GET", path.format(event=event.id))[0] == 404


@pytest.mark.parametrize("path", ["deliveries/replay", "{event}/deliveries/1/replay"])
@pytest.mark.parametrize("body", [b'{"webhook": 7}', b'{"dryRun": true}', b"webhook=7", b"[]", b"x" * 2**20])
def test_filters_of_a_replay_in_its_body_are_refused_and_nothing_is_replayed(
    hub: Hub, webhook: Registration, connection_string: str, path: str, body: bytes
) -> None:
    event = accepted(hub)
    in_state(hub, webhook.id, event, DeliveryState.FAILED)
    status, problem = post(hub, path.format(event=event.id), body)
    assert (status, "go into the query" in str(problem["detail"])) == (400, True)
    assert waiting(connection_string) == []


@pytest.mark.parametrize("path", ["deliveries/replay", "{event}/deliveries/1/replay"])
def test_a_replay_whose_body_was_lost_on_its_way_is_refused(
    hub: Hub, webhook: Registration, connection_string: str, path: str
) -> None:
    event = accepted(hub)
    in_state(hub, webhook.id, event, DeliveryState.FAILED)
    assert post(hub, path.format(event=event.id), b"", Transfer_Encoding="chunked")[0] == 411
    assert waiting(connection_string) == []


@pytest.mark.parametrize("body", [b"", b" \r\n", b"{}", b"null"])
def test_what_clients_send_for_nothing_stops_no_replay(hub: Hub, webhook: Registration, body: bytes) -> None:
    in_state(hub, webhook.id, accepted(hub), DeliveryState.FAILED)
    assert post(hub, "deliveries/replay", body) == (202, {"replayed": 1, "more": False})


def test_one_delivery_is_shown_with_its_attempts_and_no_secret(
    hub: Hub, webhook: Registration, receiver: Receiver
) -> None:
    receiver.behave(answers(500, b"oh no"))
    event = listed(hub, webhook.id)
    attempt(hub, webhook, event)
    status, shown = call(hub, "GET", f"{event.id}/deliveries/{webhook.id}")
    assert (status, shown["state"], shown["eventId"]) == (200, "pending", event.id)
    log = shown["log"]
    assert isinstance(log, list)
    assert [(made["status"], made["errorClass"]) for made in log] == [(500, "http")]
    assert "oh no" in log[0]["reply"]
    assert SECRET not in json.dumps(shown)
    every = call(hub, "GET", f"{event.id}/deliveries")[1]
    assert ids(every) == ids(call(hub, "GET", "deliveries")[1]) == [event.id]
    assert SECRET not in json.dumps(every)


def test_a_delivery_on_its_way_to_its_first_attempt_is_pending_and_not_replayed(
    hub: Hub, webhook: Registration, connection_string: str
) -> None:
    # Nothing is stored of it while its message is worked on, be it for the first time or after it waited.
    path = f"{listed(hub, webhook.id).id}/deliveries/{webhook.id}"
    status, shown = call(hub, "GET", path)
    assert (status, shown["state"], shown["attempts"], shown["log"]) == (200, "pending", 0, [])
    status, problem = call(hub, "POST", f"{path}/replay")
    assert (status, "first time" in str(problem["detail"])) == (409, True)
    assert waiting(connection_string) == []


def test_an_event_that_did_not_ask_a_webhook_has_no_delivery_to_it(hub: Hub, webhook: Registration) -> None:
    for event in (listed(hub, webhook.id + 1), accepted(hub)):
        assert call(hub, "GET", f"{event.id}/deliveries/{webhook.id}")[0] == 404
    asked, stored = listed(hub, webhook.id), hub.receivers.webhooks.get(webhook.id)
    assert stored is not None
    hub.receivers.webhooks.delete(stored)
    assert call(hub, "GET", f"{asked.id}/deliveries/{webhook.id}")[0] == 404


def test_filters_and_pages_show_each_delivery_once(hub: Hub) -> None:
    events = [accepted(hub, number) for number in range(4)]
    for webhook_id, state in ((1, DeliveryState.HELD), (2, DeliveryState.FAILED)):
        for event in events:
            in_state(hub, webhook_id, event, state)
    newest_first = [event.id for event in reversed(events)]
    assert ids(call(hub, "GET", "deliveries", webhook="2")[1]) == newest_first
    assert ids(call(hub, "GET", "deliveries", state="HELD")[1]) == newest_first
    between = {"since": (NOON + timedelta(hours=1)).isoformat(), "until": (NOON + timedelta(hours=3)).isoformat()}
    assert ids(call(hub, "GET", "deliveries", webhook="1", **between)[1]) == newest_first[1:3]
    found, query = [], {"limit": "3"}
    while True:
        page = call(hub, "GET", "deliveries", **query)[1]
        found += ids(page)
        if page["continuationToken"] is None:
            break
        query["continuationToken"] = str(page["continuationToken"])
    assert found == newest_first * 2


def test_replaying_counts_first_and_then_takes_what_failed_or_is_held(
    hub: Hub, webhook: Registration, receiver: Receiver, connection_string: str
) -> None:
    events = {state: accepted(hub) for state in DeliveryState}
    for state, event in events.items():
        in_state(hub, webhook.id, event, state)
    undone = {events[DeliveryState.FAILED].id, events[DeliveryState.HELD].id}
    assert call(hub, "POST", "deliveries/replay", dryRun="true") == (200, {"count": 2, "more": False})
    assert waiting(connection_string) == []
    done = {"replayed": 2, "more": False}
    assert call(hub, "POST", "deliveries/replay") == (202, done)
    assert {message.event_id for message in waiting(connection_string)} == undone
    QuietHost(connection_string).run(hub)
    # The host has dispatched the events too: their first deliveries come besides.
    assert undone <= {visit.headers["x-superoffice-eventid"] for visit in receiver.journal}
    assert call(hub, "POST", "deliveries/replay") == (202, {**done, "replayed": 0})


@pytest.mark.parametrize(
    "asked",
    [{"errorClass": "dns"}, {"status": "503"}, {"status": "5xx", "errorClass": "http"}, {"type": "other.changed"}],
)
def test_a_replay_takes_what_all_filters_of_the_listing_pass(
    hub: Hub, webhook: Registration, connection_string: str, asked: dict[str, str]
) -> None:
    events = [accepted(hub, number) for number in range(3)]
    other = make_event(type="other.changed", received_at=NOON)
    hub.events.append(other, PAYLOAD)
    ends = [("dns", None), ("http", 503), ("http", 404), ("timeout", None)]
    for event, (error, status) in zip([*events, other], ends, strict=True):
        made = Attempt(NOON, timedelta(milliseconds=7), status, error, "")
        hub.receivers.deliveries.write(new_record(webhook.id, event).after(made, DeliveryState.FAILED))
    wanted = {"dns": events[0].id, "503": events[1].id, "5xx": events[1].id, "other.changed": other.id}
    assert call(hub, "POST", "deliveries/replay", dryRun="true", **asked) == (200, {"count": 1, "more": False})
    assert call(hub, "POST", "deliveries/replay", **asked) == (202, {"replayed": 1, "more": False})
    assert [message.event_id for message in waiting(connection_string)] == [wanted[next(iter(asked.values()))]]


def test_one_delivery_is_replayed_and_only_that(hub: Hub, webhook: Registration, connection_string: str) -> None:
    event, other = accepted(hub), accepted(hub)
    for one in (event, other):
        in_state(hub, webhook.id, one, DeliveryState.DELIVERED)
    assert call(hub, "POST", f"{event.id}/deliveries/{webhook.id}/replay") == (202, {"replayed": 1})
    (message,) = waiting(connection_string)
    assert (message.event_id, message.cycle, message.attempt) == (event.id, 1, 0)


def test_a_replay_of_very_many_goes_on_where_the_call_before_ended(
    hub: Hub, webhook: Registration, connection_string: str
) -> None:
    events = [accepted(hub, number) for number in range(10)]
    for event in events:
        in_state(hub, webhook.id, event, DeliveryState.PENDING)
    deliveries = deliveries_of(hub, transactions=20)
    asked = {"state": "pending"}
    first = deliveries.replay_all(asked)
    assert (first["replayed"], first["more"]) == (8, True)
    token = {"continuationToken": str(first["continuationToken"])}
    with pytest.raises(BadRequest, match="same query"):
        deliveries.replay_all({"state": "pending,failed", **token})
    # Where a count ends, a replay has not begun, nor the other way round.
    with pytest.raises(BadRequest, match="same query"):
        deliveries.replay_all({**asked, **token, "dryRun": "true"})
    assert deliveries.replay_all({**asked, **token}) == {"replayed": 2, "more": False}
    assert sorted(message.event_id for message in waiting(connection_string)) == sorted(event.id for event in events)


def test_a_count_of_very_many_goes_on_too(hub: Hub, webhook: Registration) -> None:
    for number in range(3):
        in_state(hub, webhook.id, accepted(hub, number), DeliveryState.HELD)
    in_state(hub, webhook.id + 1, accepted(hub), DeliveryState.HELD)
    deliveries = deliveries_of(hub, transactions=2)
    first = deliveries.replay_all({"dryRun": "true"})
    assert (first["count"], first["more"]) == (3, True)
    token = str(first["continuationToken"])
    # The other webhook is not registered.
    assert deliveries.replay_all({"dryRun": "true", "continuationToken": token}) == {"count": 0, "more": False}


def deliveries_of(hub: Hub, *, transactions: int) -> Deliveries:
    """The API with so many transactions a call."""
    parts = hub.receivers
    replay, secrets, url = parts.replay, parts.known_secrets, "https://hub.example/api/v1/events"
    budget = partial(WorkBudget, transactions=transactions)
    return Deliveries(hub.events, parts.webhooks, parts.deliveries, replay, secrets, url, budget)


def test_nothing_is_replayed_to_a_webhook_that_was_removed(
    hub: Hub, webhook: Registration, connection_string: str
) -> None:
    event = accepted(hub)
    in_state(hub, webhook.id, event, DeliveryState.FAILED)
    stored = hub.receivers.webhooks.get(webhook.id)
    assert stored is not None
    hub.receivers.webhooks.delete(stored)
    assert call(hub, "POST", f"{event.id}/deliveries/{webhook.id}/replay")[0] == 404
    assert call(hub, "POST", "deliveries/replay", dryRun="true") == (200, {"count": 0, "more": False})
    assert call(hub, "POST", "deliveries/replay")[1]["replayed"] == 0
    # What became of it can still be read.
    assert call(hub, "GET", f"{event.id}/deliveries/{webhook.id}")[1]["state"] == "failed"
    assert waiting(connection_string) == []


@pytest.mark.parametrize("hops", ["1", "5", "one"])
def test_a_delivery_cannot_have_itself_replayed(
    hub: Hub, webhook: Registration, connection_string: str, hops: str
) -> None:
    event = accepted(hub)
    in_state(hub, webhook.id, event, DeliveryState.HELD)
    for path in (f"{event.id}/deliveries/{webhook.id}/replay", "deliveries/replay"):
        status, document = call(hub, "POST", path, hops=hops)
        assert (status, "X-Hub-Hops" in str(document["detail"])) == (400, True)
    assert waiting(connection_string) == []
    assert call(hub, "POST", f"{event.id}/deliveries/{webhook.id}/replay", hops="0")[0] == 202


def test_the_deliveries_of_an_event_come_in_pages(hub: Hub) -> None:
    event, other = listed(hub, *range(1, 6)), listed(hub, *range(1, 6), number=1)
    for webhook_id in (3, 1, 2, 5, 4):
        in_state(hub, webhook_id, event, DeliveryState.DELIVERED)
        in_state(hub, webhook_id, other, DeliveryState.DELIVERED)
    found: list[int] = []
    query = {"limit": "2"}
    while True:
        status, page = call(hub, "GET", f"{event.id}/deliveries", **query)
        value, token = page["value"], page["continuationToken"]
        assert status == 200
        assert isinstance(value, list)
        assert {delivery["eventId"] for delivery in value} == {event.id}
        found += [delivery["webhookId"] for delivery in value]
        if token is None:
            break
        query["continuationToken"] = str(token)
        assert page["nextLink"] == (
            f"https://hub.example/api/v1/events/{event.id}/deliveries?limit=2&continuationToken={token}"
        )
    assert found == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("path", ["deliveries", "{event}/deliveries"])
def test_a_listing_says_of_a_delivery_what_its_record_does_and_reads_none_of_what_was_answered(
    connection_string: str, transport: JournalTransport, path: str
) -> None:
    hub = delivering_hub(connection_string, transport)
    event = listed(hub, 7)
    attempts = tuple(Attempt(NOON, timedelta(milliseconds=7), 503, "http", "x" * 4000) for _ in range(30))
    record = replace(new_record(7, event), log=attempts, state=DeliveryState.FAILED, cycle=2)
    hub.receivers.deliveries.write(record)
    transport.forget()
    _, document = call(hub, "GET", path.format(event=event.id))
    [read] = [one for one in transport.calls if one.path == "deliveries"]
    assert not any("Log0" in column or column == "*" for column in read.query["$select"][0].split(","))
    assert document["value"] == [record.as_json()]


@pytest.mark.parametrize("limit", ["limit", "continuationToken"])
def test_a_page_of_the_deliveries_of_an_event_wants_good_parameters(hub: Hub, limit: str) -> None:
    status, problem = call(hub, "GET", f"{accepted(hub).id}/deliveries", **{limit: "x"})
    assert (status, str(problem["detail"]).split(" must ")[0]) == (400, limit)


def test_a_replay_that_only_counts_reads_none_of_what_was_answered(
    connection_string: str, transport: JournalTransport, receiver: Receiver
) -> None:
    hub = delivering_hub(connection_string, transport)
    webhook = register(hub, receiver.url)
    in_state(hub, webhook.id, accepted(hub), DeliveryState.FAILED)
    transport.forget()
    assert call(hub, "POST", "deliveries/replay", dryRun="true") == (200, {"count": 1, "more": False})
    [read] = [one for one in transport.calls if one.path == "deliveries"]
    assert "$select" in read.query
