"""`DELETE /api/v1/events/{id}` and `POST /api/v1/events/purge`: answers, and what is refused."""

import json

import azure.functions as func
import pytest

from shared.api.deliveries import serve_deliveries
from shared.api.events import list_events, show_event
from shared.api.forget_requests import parse_purge, serve_forgetting
from shared.api.parameters import token_of
from shared.audit.recording import Kind, Recording, recording
from shared.delivery.record import DeliveryState, new_record
from shared.errors import BadRequest
from shared.events.event import Event
from shared.http import answer
from shared.hub.hub import Hub
from shared.keeping.purging import PurgeFilter
from shared.storage.paging import Place, Position
from tests.fakes.receiver import Receiver
from tests.support.cases import holds_for
from tests.support.delivering import EVENT, delivering_hub, register
from tests.support.events import PAYLOAD, make_event

ROW = {"entity": "connection", "entityId": "37C7C867-D571-E911-A956-000D3A1BC3F6"}
USER = {"initiator": "CC03D281-C95C-E911-A979-000D3A1CC8FE"}
JSON = {"content-type": "application/json"}


@pytest.fixture
def hub(connection_string: str) -> Hub:
    return delivering_hub(connection_string)


def answered(hub: Hub, method: str, path: str, body: bytes = b"", **query: str) -> tuple[int, dict[str, object]]:
    request = func.HttpRequest(method, f"http://localhost/{path}", headers=JSON, params=query, body=body)
    response = answer(request, lambda asked: serve_forgetting(hub, asked, tuple(path.split("/"))))
    return response.status_code, json.loads(response.get_body() or b"{}")


def purge(hub: Hub, wanted: dict[str, str], **query: str) -> dict[str, object]:
    status, document = answered(hub, "POST", "purge", json.dumps(wanted).encode(), **query)
    assert status == 200, document
    return document


def stored(hub: Hub) -> Event:
    event = make_event(type=EVENT)
    hub.events.append(event, PAYLOAD)
    return event


def test_an_event_is_forgotten_once_and_again_and_shown_without_its_contents(hub: Hub) -> None:
    event = stored(hub)
    for spelling in (event.id, event.id.upper()):
        assert answered(hub, "DELETE", spelling) == (204, {})
    shown = json.loads(show_event(hub.events, event.id))
    assert (shown["forgotten"], shown["payload"], shown["fieldValues"]) == (True, None, {})
    listed = list_events(hub.events, {}, url="")["value"]
    assert isinstance(listed, list)
    assert [(one["id"], one["forgotten"]) for one in listed] == [(event.id, True)]


@pytest.mark.parametrize("path", ["37c7c867-d571-e911-a956-000d3a1bc3f6", "x", "deliveries", "audit", "a/deliveries"])
def test_what_is_unknown_is_not_found(hub: Hub, path: str) -> None:
    assert answered(hub, "DELETE", path)[0] == 404


def test_a_parameter_is_refused(hub: Hub) -> None:
    status, document = answered(hub, "DELETE", stored(hub).id, dryRun="true")
    assert (status, document["errors"][0]["pointer"]) == (400, "#/dryRun")  # type: ignore[index]


def test_a_delivery_of_it_is_not_replayed(hub: Hub, receiver: Receiver) -> None:
    webhook, event = register(hub, receiver.url), stored(hub)
    hub.receivers.deliveries.write(new_record(webhook.id, event))
    answered(hub, "DELETE", event.id)
    path = f"{event.id}/deliveries/{webhook.id}/replay"
    request = func.HttpRequest("POST", f"http://localhost/{path}", body=b"")
    response = answer(request, lambda asked: serve_deliveries(hub, asked, tuple(path.split("/"))))
    assert (response.status_code, "was forgotten" in response.get_body().decode()) == (409, True)
    record = hub.receivers.deliveries.get(webhook.id, event)
    assert record is not None
    assert record.state is DeliveryState.FAILED


@pytest.mark.parametrize("wanted", [ROW, USER], ids=["row", "user"])
def test_a_purge_counts_first_and_then_says_what_it_did(hub: Hub, wanted: dict[str, str]) -> None:
    events = [stored(hub) for _ in range(3)]
    end = {"more": False, "continuationToken": None}
    assert purge(hub, wanted, dryRun="true") == {"count": 3, **end}
    assert purge(hub, wanted) == {"purged": 3, **end}
    assert purge(hub, wanted) == {"purged": 0, **end}
    assert all(json.loads(show_event(hub.events, event.id))["forgotten"] for event in events)


@pytest.mark.parametrize("wanted", [{"entity": "nothing", "entityId": "1"}, {"initiator": "nobody"}])
def test_a_purge_of_an_unknown_row_or_user_answers_0(hub: Hub, wanted: dict[str, str]) -> None:
    assert purge(hub, wanted)["purged"] == 0
    assert purge(hub, wanted, dryRun="TRUE")["count"] == 0


def test_a_purge_goes_on_behind_its_token_and_not_behind_that_of_another(hub: Hub) -> None:
    event = stored(hub)
    place = Place(Position("ff", "g"))
    counted = token_of(place, ("count", parse_purge(json.dumps(ROW).encode())))
    status, document = answered(hub, "POST", "purge", json.dumps(ROW).encode(), continuationToken=counted)
    assert (status, document["errors"][0]["pointer"]) == (400, "#/continuationToken")  # type: ignore[index]
    mine = token_of(place, ("purge", parse_purge(json.dumps(ROW).encode())))
    assert purge(hub, ROW, continuationToken=mine)["purged"] == 0
    status, document = answered(hub, "POST", "purge", json.dumps(USER).encode(), continuationToken=mine)
    assert (status, document["errors"][0]["pointer"]) == (400, "#/continuationToken")  # type: ignore[index]
    assert not json.loads(show_event(hub.events, event.id))["forgotten"]


@holds_for(
    ("body", "pointers"),
    [
        ("{}", ["#"]),
        ("[]", ["#"]),
        ('{"entity": "contact"}', ["#/entityId"]),
        ('{"entityId": "1"}', ["#/entity"]),
        ('{"entity": "contact", "entityId": "1", "initiator": "kim"}', ["#/entity", "#/entityId"]),
        ('{"entity": "contact", "initiator": "kim"}', ["#/entity"]),
        ('{"initiator": null}', ["#/initiator"]),
        ('{"initiator": 7}', ["#/initiator"]),
        ('{"initiator": ["kim"]}', ["#/initiator"]),
        ('{"initiator": ""}', ["#/initiator"]),
        ('{"initiator": " "}', ["#/initiator"]),
        ('{"initiator": " kim"}', ["#/initiator"]),
        ('{"initiator": "k\\u0000im"}', ["#/initiator"]),
        ('{"initiator": "' + "x" * 1001 + '"}', ["#/initiator"]),
        ('{"Initiator": "kim"}', ["#/Initiator"]),
        ('{"entity": 1, "entityID": "1"}', ["#/entity", "#/entityID"]),
        ('{"initiator": "kim", "dryRun": true}', ["#/dryRun"]),
        ("", []),
        ("initiator=kim", []),
    ],
)
def test_a_body_that_is_wrong_is_refused_and_nothing_is_purged(body: str, pointers: list[str]) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_purge(body.encode())
    assert [error.pointer for error in caught.value.errors] == pointers


@pytest.mark.parametrize(
    ("name", "value"), [("dryRun", "yes"), ("dryrun", "true"), ("limit", "5"), ("continuationToken", "x")]
)
def test_a_parameter_of_a_purge_that_is_wrong_is_refused(hub: Hub, name: str, value: str) -> None:
    event = stored(hub)
    status, document = answered(hub, "POST", "purge", json.dumps(USER).encode(), **{name: value})
    assert (status, document["errors"][0]["pointer"]) == (400, f"#/{name}")  # type: ignore[index]
    assert not json.loads(show_event(hub.events, event.id))["forgotten"]


def test_the_audit_has_the_names_of_what_was_asked_for_and_no_values(hub: Hub) -> None:
    with recording(Recording("event.purge", Kind.CHANGE, "events")) as record:
        for wanted in (ROW, USER):
            purge(hub, wanted)
            assert record.changed == tuple(wanted)


def test_a_filter_takes_what_the_body_says() -> None:
    assert parse_purge(b'{"entity": "Contact", "entityId": "1"}') == PurgeFilter("Contact", "1")
    assert parse_purge(b'{"initiator": "kim"}') == PurgeFilter(initiator="kim")
