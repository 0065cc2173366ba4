"""CloudEvents 1.0 over HTTP in both modes, read back by the vendor-neutral SDK; and its handshake."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.http import HTTPMessage, from_binary, from_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from standardwebhooks.webhooks import Webhook

from shared.delivery.attempt import Verdict
from shared.delivery.callback import callback_content, callback_event
from shared.delivery.cloudevents import CloudEvents
from shared.delivery.deliverer import ReceiverConsent
from shared.errors import BadRequest
from shared.version import __version__
from shared.webhooks.webhook import WEBHOOK_TYPES, WebhookInput, parse_webhook
from tests.fakes.receiver import Receiver, answers, redirects
from tests.fakes.server import Received
from tests.outbound.calling import http_client
from tests.support.delivering import delivering_hub, register, save
from tests.support.events import make_event

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
ORIGIN = "hub.example"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TYPES = ["cloudevents", "cloudevents-binary"]
EVENT = make_event(changes=("title",))


def deliverer(type_: str) -> CloudEvents:
    is_binary = type_ == "cloudevents-binary"
    return CloudEvents(http_client(), lambda: NOW, public_url=f"https://{ORIGIN}", is_binary=is_binary)


def webhook(receiver: Receiver, type_: str, **members: object) -> WebhookInput:
    document = {"Name": "Mine", "Events": ["x"], "TargetUrl": f"{receiver.url}/hook?a=b", "Type": type_, **members}
    return parse_webhook(document, types=WEBHOOK_TYPES)


def deliver(receiver: Receiver, type_: str, *, at: datetime = NOW, **members: object) -> Received:
    event = callback_event(EVENT)
    attempt = deliverer(type_).deliver(webhook(receiver, type_, **members), [SECRET], event, retry=0, at=at)
    assert attempt.verdict is Verdict.DELIVERED
    return receiver.journal[-1]


@pytest.mark.parametrize("type_", TYPES)
def test_the_head_of_the_answer_is_told(receiver: Receiver, type_: str) -> None:
    heads: list[int] = []
    told = callback_event(EVENT)
    deliverer(type_).deliver(
        webhook(receiver, type_), [], told, retry=0, at=NOW, on_head=lambda: heads.append(len(receiver.journal))
    )
    assert heads == [1]


def as_event(call: Received, type_: str) -> BaseCloudEvent:
    """The event as a receiver with the SDK has it; raises what the SDK finds wrong."""
    read = from_binary if type_ == "cloudevents-binary" else from_structured
    return read(HTTPMessage(dict(call.headers), call.body), JSONFormat(), CloudEvent)


@pytest.mark.parametrize("type_", TYPES)
def test_the_sdk_reads_every_attribute_and_the_data(receiver: Receiver, type_: str) -> None:
    event = as_event(deliver(receiver, type_), type_)
    assert event.get_attributes() == {
        "specversion": "1.0",
        "id": EVENT.id,
        "source": f"https://{ORIGIN}/dynamics",
        "type": "connection.created",
        "time": EVENT.received_at,
        "subject": f"connection/{EVENT.entity_id}",
        "datacontenttype": "application/json",
    }
    data = event.get_data()
    assert data == callback_content(callback_event(EVENT), "Mine")


@pytest.mark.parametrize("type_", TYPES)
def test_a_delivery_says_how_far_it_is_from_the_first_event(receiver: Receiver, type_: str) -> None:
    event = callback_event(replace(EVENT, hops=3))
    given = webhook(receiver, type_, Headers={"X-HUB-HOPS": "0"})
    deliverer(type_).deliver(given, [], event, retry=0, at=NOW)
    assert receiver.journal[-1].headers["x-hub-hops"] == "4"


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("source", ["arcgis/myorg", "signal", "hub"])
def test_the_source_is_the_hubs_address_and_the_kind_of_neighbour(receiver: Receiver, type_: str, source: str) -> None:
    told = callback_event(replace(EVENT, source=source))
    given = webhook(receiver, type_, Properties={"source": "mine", "Source": "mine"})
    deliverer(type_).deliver(given, [], told, retry=0, at=NOW)
    event, kind = as_event(receiver.journal[-1], type_), source.partition("/")[0]
    data = event.get_data()
    assert isinstance(data, dict)
    assert (event.get_attributes()["source"], data["Source"]) == (f"https://{ORIGIN}/{kind}", kind)


@pytest.mark.parametrize(
    ("type_", "content_type"),
    [("cloudevents", "application/cloudevents+json"), ("cloudevents-binary", "application/json")],
)
def test_the_content_type_says_which_mode_it_is(receiver: Receiver, type_: str, content_type: str) -> None:
    call = deliver(receiver, type_)
    assert call.headers["content-type"].partition(";")[0] == content_type
    assert (call.method, call.path, call.query) == ("POST", "/hook", {"a": "b"})
    assert any(name.startswith("ce-") for name in call.headers) is (type_ == "cloudevents-binary")


@pytest.mark.parametrize("type_", TYPES)
def test_properties_are_extensions_where_names_and_values_may_be(receiver: Receiver, type_: str) -> None:
    properties = {"tenant": 7, "flag": True, "text": "grüße, 100 %", "Upper": 1, "with_line": 2, "id": "mine", "x": {}}
    attributes = as_event(deliver(receiver, type_, Properties=properties), type_).get_attributes()
    extensions = {name: attributes.get(name) for name in ("tenant", "flag", "text")}
    assert extensions == {"tenant": "7", "flag": "true", "text": "grüße, 100 %"}
    assert attributes["id"] == EVENT.id
    assert {"Upper", "upper", "with_line", "x"} & set(attributes) == set()


@pytest.mark.parametrize("type_", TYPES)
def test_a_delivery_is_signed_by_standard_webhooks_and_says_who_sends(receiver: Receiver, type_: str) -> None:
    call = deliver(receiver, type_, at=datetime.now(UTC), Headers={"X-Token": "t", "ce-id": "x", "Authorization": "B"})
    Webhook(SECRET).verify(call.body, dict(call.headers))
    assert call.headers["webhook-id"] == EVENT.id
    assert call.headers["webhook-request-origin"] == ORIGIN
    assert (call.headers["x-token"], call.headers["authorization"]) == ("t", "B")
    assert "x-superoffice-signature" not in call.headers
    assert call.headers.get("ce-id") in {None, EVENT.id}


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("name", ["dataschema", "data", "subject", "datacontenttype"])
def test_no_property_passes_for_an_attribute_of_the_specification(receiver: Receiver, type_: str, name: str) -> None:
    plain = as_event(deliver(receiver, type_), type_)
    with_property = as_event(deliver(receiver, type_, Properties={name: "v2"}), type_)
    assert with_property.get_attributes() == plain.get_attributes()
    assert with_property.get_data() == plain.get_data()


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("text", ["a\nb", "\x00", "\x7f", "\x85", "\ufdd0", "\ufffe", "\U0010ffff", "\U0001fffe"])
def test_a_property_that_no_attribute_may_hold_is_not_sent(receiver: Receiver, type_: str, text: str) -> None:
    attributes = as_event(
        deliver(receiver, type_, Properties={"bad": text, "good": "\xe9\U0001f600 \ufffd"}), type_
    ).get_attributes()
    assert ("bad" in attributes, attributes["good"]) == (False, "\xe9\U0001f600 \ufffd")


@pytest.mark.parametrize("type_", TYPES)
def test_without_a_secret_nothing_is_signed(receiver: Receiver, type_: str) -> None:
    event = replace(callback_event(EVENT), timestamp=NOW + timedelta(days=1))
    deliverer(type_).deliver(webhook(receiver, type_), [], event, retry=0, at=NOW)
    assert "webhook-signature" not in receiver.journal[0].headers


@pytest.mark.parametrize(
    ("fields", "consent"),
    [
        ([f"WebHook-Allowed-Origin: {ORIGIN}"], ReceiverConsent()),
        (["WebHook-Allowed-Origin: HUB.example"], ReceiverConsent()),
        (["webhook-allowed-origin: *"], ReceiverConsent()),
        (["WebHook-Allowed-Origin: *", "WebHook-Allowed-Rate: *"], ReceiverConsent()),
        (["WebHook-Allowed-Origin: *", "WebHook-Allowed-Rate: 120"], ReceiverConsent(per_minute=120)),
        (["WebHook-Allowed-Origin: *"] * 2 + ["WebHook-Allowed-Rate: 120"] * 2, ReceiverConsent(per_minute=120)),
        (
            [f"WebHook-Allowed-Origin: {ORIGIN}, {ORIGIN}", "WebHook-Allowed-Rate: *, 90, 70"],
            ReceiverConsent(per_minute=70),
        ),
        (["WebHook-Allowed-Origin: other.example", "WebHook-Allowed-Origin: *"], ReceiverConsent()),
    ],
)
@pytest.mark.parametrize("status", [200, 204, 405])
def test_consent_is_a_header_whatever_the_status(
    receiver: Receiver, fields: list[str], consent: ReceiverConsent, status: int
) -> None:
    receiver.behave(answers(status, b"", *fields))
    assert deliverer("cloudevents").ask_consent(webhook(receiver, "cloudevents")) == consent
    (call,) = receiver.journal
    assert (call.method, call.path, call.query) == ("OPTIONS", "/hook", {"a": "b"})
    assert call.headers["webhook-request-origin"] == ORIGIN
    assert (call.headers["user-agent"], call.headers["accept"]) == (f"DynamicsWebhookHub/{__version__}", "*/*")


def test_the_handshake_has_the_owners_user_agent_too(receiver: Receiver) -> None:
    given = webhook(receiver, "cloudevents", Headers={"user-agent": "mine/2", "ACCEPT": "text/html"})
    deliverer("cloudevents").ask_consent(given)
    assert (receiver.journal[0].headers["user-agent"], receiver.journal[0].headers["accept"]) == ("mine/2", "text/html")


def test_a_refusal_shows_what_was_answered_instead_without_secrets(receiver: Receiver) -> None:
    receiver.behave(answers(403, b"blocked by rule 920300 for HUNTER22: " + b"x" * 500))
    given = webhook(receiver, "cloudevents", Headers={"X-Api-Key": "HUNTER22"})
    refusal = deliverer("cloudevents").ask_consent(given).refusal or ""
    shown = "it was answered 403: blocked by rule 920300 for ********: xx"
    assert f"WebHook-Allowed-Origin must be {ORIGIN} or *; {shown}" in refusal
    assert len(refusal) < 400


def test_a_refusal_names_the_address_that_a_redirect_leads_to(receiver: Receiver) -> None:
    receiver.behave(redirects("/new?k=HUNTER22"))
    given = webhook(receiver, "cloudevents", Headers={"X-Api-Key": "HUNTER22"})
    refusal = deliverer("cloudevents").ask_consent(given).refusal or ""
    assert refusal.endswith(f"answered 307: redirects are not followed; register {receiver.url}/new?k=******** instead")


@pytest.mark.parametrize(
    "fields",
    [
        [],
        ["WebHook-Allowed-Origin: other.example"],
        ["WebHook-Allowed-Origin:"],
        *(
            ["WebHook-Allowed-Origin: *", f"WebHook-Allowed-Rate: {rate}"]
            for rate in ("120, 0", "0", "-1", "1.5", "soon", "1" * 11)
        ),
    ],
)
def test_anything_else_is_a_refusal_that_names_the_header(receiver: Receiver, fields: list[str]) -> None:
    receiver.behave(answers(200, b"", *fields))
    consent = deliverer("cloudevents").ask_consent(webhook(receiver, "cloudevents"))
    assert "WebHook-Allowed-" in (consent.refusal or "")


@pytest.mark.parametrize("type_", TYPES)
def test_a_webhook_without_consent_is_a_400_and_not_saved(
    connection_string: str, receiver: Receiver, type_: str
) -> None:
    hub = delivering_hub(connection_string)
    with pytest.raises(BadRequest) as caught:
        register(hub, receiver.url, Type=type_)
    assert caught.value.errors[0].pointer == "#/TargetUrl"
    assert "no consent" in caught.value.detail
    assert [call.method for call in receiver.journal] == ["OPTIONS"]
    assert hub.receivers.webhooks.get(1) is None


def test_the_rate_that_was_allowed_is_stored_and_belongs_to_the_type(
    connection_string: str, receiver: Receiver
) -> None:
    hub = delivering_hub(connection_string)
    receiver.behave(answers(200, b"", "WebHook-Allowed-Origin: *", "WebHook-Allowed-Rate: 30"))
    registration = register(hub, receiver.url, Type="cloudevents")
    stored = hub.receivers.webhooks.get(registration.id)
    assert stored is not None
    assert (stored.per_minute, [call.method for call in receiver.journal]) == (30, ["OPTIONS", "POST"])
    assert json.loads(receiver.journal[1].body)["type"] == "test"
    assert save(hub, registration.id, Name="Another name").per_minute == 30
    assert save(hub, registration.id, Type="webhook").per_minute is None
