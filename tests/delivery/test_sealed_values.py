"""Deliveries with secrets in headers and properties: receivers get them, and nobody reads them in what comes back."""

import json

import pytest
from cryptography.fernet import Fernet

from shared.delivery.record import DeliveryRecord
from shared.errors import BadRequest, Misconfigured
from shared.events.event import Event
from shared.hub.hub import Hub
from shared.webhooks.registration import Registration
from tests.delivery import scripts
from tests.fakes.graph import FakeGraph
from tests.fakes.receiver import Receiver, answers, echoes, sends
from tests.support.delivering import attempt, delivering_hub, new_event, register, save, waiting
from tests.support.tenant import Tenant

MASK = "********"
HEADERS = {"Authorization": "Bearer HEADERTOKEN123"}
PROPERTIES: dict[str, object] = {"apikey": "PROP/SE\u00e9CRET", "nested": {"token": "INNERSECRET"}}
SECRETS = ("SIGNINGSECRET", "HEADERTOKEN123", "PROP/SE", "PROP%2FSE", "INNERSECRET")
ALL = {"Headers": HEADERS, "Properties": PROPERTIES, "Secret": "SIGNINGSECRET"}
CONSENT = answers(200, b"", "WebHook-Allowed-Origin: *")


@pytest.fixture
def hub(connection_string: str) -> Hub:
    return delivering_hub(connection_string)


def in_clear(value: object) -> list[str]:
    return [secret for secret in SECRETS if secret in str(value)]


def record(hub: Hub, webhook: Registration, event: Event) -> DeliveryRecord:
    found = hub.receivers.deliveries.get(webhook.id, event)
    assert found is not None
    return found


def test_cloudevents_carry_them_where_their_specification_has_a_place(hub: Hub, receiver: Receiver) -> None:
    receiver.behave(CONSENT)
    for type_ in ("cloudevents", "cloudevents-binary"):
        webhook = register(hub, receiver.url, Type=type_, **ALL)
        attempt(hub, webhook)
        assert receiver.journal[-1].headers["authorization"] == HEADERS["Authorization"]
    handshake, _, structured, _, _, binary = receiver.journal
    assert handshake.headers["authorization"] == HEADERS["Authorization"]
    assert json.loads(structured.body)["apikey"] == PROPERTIES["apikey"]
    assert binary.headers["ce-apikey"] == "PROP/SE%C3%A9CRET"


def test_a_script_is_told_them_and_its_exceptions_are_cleaned(connection_string: str) -> None:
    notes, tells = "tests.delivery.scripts:notes", "tests.delivery.scripts:tells"
    hub = delivering_hub(connection_string, CRMSCRIPT_ENTRY_POINTS=f"{notes},{tells}")
    scripts.told.clear()
    attempt(hub, register(hub, notes, Type="crmscript", **ALL))
    assert [one["nested"] for one in scripts.told] == [{"token": "INNERSECRET"}] * 2
    with pytest.raises(BadRequest) as refusal:
        register(hub, tells, Type="crmscript", **ALL)
    assert (in_clear(refusal.value.detail), MASK in refusal.value.detail) == ([], True)


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("type_", ["webhook", "cloudevents", "cloudevents-binary"])
def test_what_a_receiver_echoes_is_neither_logged_nor_shown(
    hub: Hub, receiver: Receiver, status: int, type_: str
) -> None:
    receiver.behave(CONSENT)
    webhook = register(hub, receiver.url, Type=type_, **ALL)
    receiver.behave(echoes(receiver, status))
    event = attempt(hub, webhook)
    [made] = record(hub, webhook, event).log
    assert (in_clear(made.text), made.status, f"x-echo: {MASK}" in made.text) == ([], status, True)
    assert in_clear(hub.receivers.webhooks.usage(webhook.id).last_error) == []
    # Not everything is gone: what else was sent can be read.
    assert event.id in made.text


def test_what_a_receiver_echoes_is_not_in_the_refusal_of_a_save_and_in_a_test(hub: Hub, receiver: Receiver) -> None:
    receiver.behave(echoes(receiver, 500))
    with pytest.raises(BadRequest) as refusal:
        register(hub, receiver.url, **ALL)
    assert (in_clear(refusal.value.detail), MASK in refusal.value.detail) == ([], True)


def test_a_receiver_that_still_has_the_secrets_of_before_is_not_shown_either(hub: Hub, receiver: Receiver) -> None:
    webhook = register(hub, receiver.url, **ALL)
    told = b"not SIGNINGSECRET and not HEADERTOKEN123 any more, nor INNERSECRET?"
    receiver.behave(answers(500, told))
    with pytest.raises(BadRequest) as refusal:
        save(hub, webhook.id, Secret="ANOTHERSECRET", Headers={"Authorization": "Bearer NEW"}, Properties=None)
    assert (in_clear(refusal.value.detail), refusal.value.detail.count(MASK)) == ([], 3)


@pytest.mark.parametrize("type_", ["webhook", "cloudevents"])
def test_what_is_no_http_is_cleaned_too(hub: Hub, receiver: Receiver, type_: str) -> None:
    receiver.behave(sends(b"SIGNINGSECRET HEADERTOKEN123 " + b"x" * 145 + b"SIGNINGSECRET\r\n\r\n"))
    with pytest.raises(BadRequest, match="the answer is not HTTP") as refusal:
        register(hub, receiver.url, Type=type_, **ALL)
    assert (in_clear(refusal.value.detail), "SIGN" in refusal.value.detail) == ([], False)


def test_a_notice_holds_none(connection_string: str, tenant: Tenant, receiver: Receiver) -> None:
    tenant.graph.add_user("0a1b", "hub@contoso.example")
    graph: FakeGraph = tenant.graph
    hub = delivering_hub(connection_string, GRAPH_URL=graph.url, NOTICE_MAILBOX="hub@contoso.example")
    webhook = register(hub, receiver.url, ErrorsEmail="one@contoso.example", **ALL)
    receiver.behave(echoes(receiver, 410))
    attempt(hub, webhook)
    [mail] = [call for call in graph.journal if call.path.endswith("/sendMail")]
    assert in_clear(mail.body) == []


def test_where_the_key_is_lost_a_webhook_is_saved_with_its_secrets_given_anew(
    connection_string: str, hub: Hub, receiver: Receiver
) -> None:
    webhook = register(hub, receiver.url, **ALL)
    new_hub = delivering_hub(connection_string, SECRETS_KEY=Fernet.generate_key().decode())
    with pytest.raises(Misconfigured):
        save(new_hub, webhook.id, Name="With masks")
    anew = save(new_hub, webhook.id, **ALL)
    attempt(new_hub, anew)
    assert receiver.journal[-1].headers["authorization"] == HEADERS["Authorization"]


def test_values_that_no_key_opens_lose_no_delivery(connection_string: str, hub: Hub, receiver: Receiver) -> None:
    webhook = register(hub, receiver.url, Headers=HEADERS)
    receiver.journal.clear()
    locked, event = delivering_hub(connection_string, SECRETS_KEY=Fernet.generate_key().decode()), new_event()
    with pytest.raises(Misconfigured, match="SECRETS_KEY does not hold the key"):
        attempt(locked, webhook, event)
    # The host keeps the message, and nothing was sent, counted or written.
    assert (receiver.journal, waiting(connection_string)) == ([], [])
    assert hub.receivers.deliveries.get(webhook.id, event) is None
    attempt(hub, webhook, event)
    assert receiver.journal[0].headers["authorization"] == HEADERS["Authorization"]
