import json
import logging

import pytest

from shared.arcgis.layer_event import event_id
from shared.arcgis.payload import parse_changes
from shared.arcgis.webhook_connection import WebhookConnection, Workflow
from shared.errors import BadRequest, NotFound, StorageDown, Unauthenticated
from shared.hub.hub import Hub
from shared.telemetry.tracing import at_invocation
from tests.arcgis.samples import BODY, CRC_TOKEN, HEX, PING, RESPONSE_TOKEN, SECRET, body_of, entry
from tests.arcgis.stored import WORKFLOW, store
from tests.fakes.feature_service import signature as sign
from tests.support.invoking import TRACE, TRACEPARENT, invocation_context
from tests.support.lines import lines_in
from tests.support.queues import announcements
from tests.support.transport import Fault, JournalTransport

LAYERS = body_of(entry(layerId=0), entry(layerId=1), entry(layerId=2))


@pytest.fixture
def connection(arcgis_hub: Hub) -> WebhookConnection:
    return store(arcgis_hub)


def receive(hub: Hub, connection: WebhookConnection, body: bytes, signature: str | None = None) -> int:
    signed = signature or sign(body, SECRET)
    return hub.arcgis.notifications.receive(connection.workflow, connection.id, body, signed)


def stored_payloads(hub: Hub, connection: WebhookConnection, body: bytes) -> list[object]:
    found = [hub.events.get_with_payload(event_id(connection, change)) for change in parse_changes(body)]
    return [json.loads(one.payload) for one in found if one is not None]


def test_the_documented_notification_is_stored_and_announced(
    arcgis_hub: Hub, connection: WebhookConnection, connection_string: str
) -> None:
    assert receive(arcgis_hub, connection, BODY, f"sha256={HEX}") == 1
    (change,) = parse_changes(BODY)
    assert stored_payloads(arcgis_hub, connection, BODY) == json.loads(BODY)
    assert [one.event_id for one in announcements(connection_string)] == [event_id(connection, change)]


def test_receiving_costs_one_read_and_two_transactions_a_layer(
    arcgis_hub: Hub, connection: WebhookConnection, transport: JournalTransport
) -> None:
    receive(arcgis_hub, connection, BODY)
    transport.forget()
    assert receive(arcgis_hub, connection, LAYERS.replace(b"1768553100413", b"1768553100414")) == 3
    assert transport.summary == ["GET connections", *["POST events/messages", "POST events"] * 3]


def test_a_notification_that_comes_twice_is_stored_once(arcgis_hub: Hub, connection: WebhookConnection) -> None:
    assert [receive(arcgis_hub, connection, LAYERS) for _ in range(2)] == [3, 3]
    assert stored_payloads(arcgis_hub, connection, LAYERS) == json.loads(LAYERS)


def test_a_form_is_taken_by_the_signature_in_it(arcgis_hub: Hub, connection: WebhookConnection) -> None:
    form = b"payload=" + BODY + b"&x-esriHook-Signature=" + sign(BODY, SECRET).replace("=", "%3D").encode()
    assert arcgis_hub.arcgis.notifications.receive(WORKFLOW, connection.id, form, None) == 1


def test_a_form_that_was_encoded_is_taken_by_the_signature_of_its_text(
    arcgis_hub: Hub, connection: WebhookConnection
) -> None:
    form = b"payload=" + BODY.replace(b"%", b"%25").replace(b'"', b"%22")
    assert arcgis_hub.arcgis.notifications.receive(WORKFLOW, connection.id, form, sign(BODY, SECRET)) == 1


@pytest.mark.parametrize("signature", [None, "sha256=", f"sha256={HEX}", sign(BODY, "another secret")])
def test_a_wrong_signature_is_refused_before_anything_is_read(
    arcgis_hub: Hub, connection: WebhookConnection, transport: JournalTransport, signature: str | None
) -> None:
    transport.forget()
    with pytest.raises(Unauthenticated):
        arcgis_hub.arcgis.notifications.receive(WORKFLOW, connection.id, b"no json", signature)
    assert transport.summary == ["GET connections"]


def test_each_layer_is_a_line_and_what_a_disabled_connection_ignores_too(
    arcgis_hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    receive(arcgis_hub, store(arcgis_hub, enabled=False), BODY)
    connection = store(arcgis_hub)
    with at_invocation(invocation_context(TRACEPARENT)):
        stored = receive(arcgis_hub, connection, BODY)
    ignored, *taken = lines_in(caplog.records, "event.received")
    assert (ignored["type"], ignored["source"], ignored["outcome"]) == (None, "arcgis", "ignored")
    assert [(line["outcome"], line["trace"]) for line in taken] == [("stored", TRACE)] * stored


def test_a_disabled_connection_takes_and_stores_nothing(arcgis_hub: Hub, transport: JournalTransport) -> None:
    disabled = store(arcgis_hub, enabled=False)
    transport.forget()
    assert receive(arcgis_hub, disabled, BODY) == 0
    assert transport.summary == ["GET connections"]
    with pytest.raises(Unauthenticated):
        receive(arcgis_hub, disabled, BODY, f"sha256={HEX[::-1]}")


def test_a_ping_is_taken_and_nothing_is_stored(
    arcgis_hub: Hub, connection: WebhookConnection, transport: JournalTransport
) -> None:
    transport.forget()
    assert receive(arcgis_hub, connection, PING) == 0
    assert transport.summary == ["GET connections"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"no json", b'"text"', CRC_TOKEN.encode(), b"123"])
def test_what_is_signed_and_no_payload_is_refused(arcgis_hub: Hub, connection: WebhookConnection, body: bytes) -> None:
    with pytest.raises(BadRequest):
        receive(arcgis_hub, connection, body)


@pytest.mark.parametrize("workflow", [Workflow("otherOrg", WORKFLOW.item_id), Workflow(WORKFLOW.org_id, "other")])
def test_a_connection_belongs_to_its_organization_and_workflow_item(
    arcgis_hub: Hub, connection: WebhookConnection, workflow: Workflow
) -> None:
    with pytest.raises(NotFound):
        arcgis_hub.arcgis.notifications.receive(workflow, connection.id, BODY, sign(BODY, SECRET))
    with pytest.raises(NotFound):
        arcgis_hub.arcgis.notifications.challenge(workflow, connection.id, CRC_TOKEN)


@pytest.mark.parametrize("id_", ["AAAAAAAAAAAAAAAAAAAAAA", "x", "", "a/b", "x" * 2000])
def test_an_unknown_connection_is_not_found(arcgis_hub: Hub, id_: str) -> None:
    with pytest.raises(NotFound) as caught:
        arcgis_hub.arcgis.notifications.receive(WORKFLOW, id_, BODY, sign(BODY, SECRET))
    assert caught.value.status == 404


def test_a_challenge_is_answered_with_one_transaction(
    arcgis_hub: Hub, connection: WebhookConnection, transport: JournalTransport
) -> None:
    transport.forget()
    answer = arcgis_hub.arcgis.notifications.challenge(WORKFLOW, connection.id, CRC_TOKEN)
    assert answer == {"response_token": RESPONSE_TOKEN}
    assert transport.summary == ["GET connections"]


def test_a_plus_sign_that_came_as_a_space_is_one(arcgis_hub: Hub, connection: WebhookConnection) -> None:
    challenge = arcgis_hub.arcgis.notifications.challenge
    assert challenge(WORKFLOW, connection.id, "a b") == challenge(WORKFLOW, connection.id, "a+b")


@pytest.mark.parametrize("token", [None, "", "[1]", '{"a":1}', "x" * 257, "a%b"])
def test_what_is_no_challenge_is_refused_and_nobody_is_asked(
    arcgis_hub: Hub, connection: WebhookConnection, transport: JournalTransport, token: str | None
) -> None:
    transport.forget()
    with pytest.raises(BadRequest):
        arcgis_hub.arcgis.notifications.challenge(WORKFLOW, connection.id, token)
    assert transport.calls == []


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", range(1, 8))
def test_after_any_failure_the_same_notification_is_taken_whole(
    arcgis_hub: Hub, connection: WebhookConnection, transport: JournalTransport, number: int, fault: Fault
) -> None:
    receive(arcgis_hub, connection, BODY)
    body = LAYERS.replace(b"1768553100413", b"1768553100414")
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        receive(arcgis_hub, connection, body)
    assert receive(arcgis_hub, connection, body) == 3
    assert stored_payloads(arcgis_hub, connection, body) == json.loads(body)


def test_each_event_of_a_notification_is_as_far_from_the_first_as_the_request(
    arcgis_hub: Hub, connection: WebhookConnection
) -> None:
    arcgis_hub.arcgis.notifications.receive(WORKFLOW, connection.id, LAYERS, sign(LAYERS, SECRET), hops=3)
    found = [arcgis_hub.events.get_with_payload(event_id(connection, change)) for change in parse_changes(LAYERS)]
    assert [one.event.hops for one in found if one is not None] == [3, 3, 3]
