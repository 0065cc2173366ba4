"""What clients really send: JSON that calls itself a form, bodies in chunks, commas behind the last item."""

import json
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

import pytest
import requests

from tests.e2e.running import CONNECTION_PATH, SAMPLE, RunningApp
from tests.e2e.test_receiving import eventually
from tests.e2e.webhooks import created, events_of, new_event_name, ok, one, refusal, register, request, stopped
from tests.fakes.receiver import Receiver, answers

FORM = "application/x-www-form-urlencoded"
AS_FORMS: dict[str, Callable[[str], bytes]] = {
    "as it is": lambda text: text.encode(),
    "behind white space": lambda text: f" \r\n{text}".encode(),
    "behind a byte order mark": lambda text: f"\ufeff{text}".encode(),
    "percent-encoded": lambda text: quote(text, safe="").encode(),
    "encoded with plus signs": lambda text: quote_plus(text).encode(),
}
EACH_FORM = pytest.mark.parametrize("as_form", AS_FORMS.values(), ids=AS_FORMS)
ORDERS: dict[str, tuple[str, str, bytes]] = {
    "ConnectionWebhook": ("POST", CONNECTION_PATH, SAMPLE),
    "create": ("POST", "v1/Webhook", b'{"Name": "x"}'),
    "replace": ("PUT", "v1/Webhook/{id}", b'{"Name": "x"}'),
    "patch": ("PATCH", "v1/Webhook/{id}", b'{"Name": "x"}'),
    "signal": ("POST", "v1/Webhook/some.event/1", b'{"reason": "done"}'),
    "save": ("POST", "v1/Agents/Webhook/SaveWebhook", b'{"Name": "x"}'),
    "list": ("POST", "v1/Agents/Webhook/GetAllWebhooks", b'{"NameFilter": "x"}'),
    "signal of the agent": ("POST", "v1/Agents/Webhook/SignalEvent", b'{"EventName": "a.b"}'),
    "executeWebhook": ("POST", "org/item/webhookConnections/some/executeWebhook", b"[]"),
    "connection": ("POST", "org/item/webhookConnections", b"{}"),
}


def called_a_form(app: RunningApp, method: str, path: str, body: bytes) -> requests.Response:
    return request(app, method, path, body, Content_Type=FORM)


@EACH_FORM
def test_json_that_calls_itself_a_form_is_signalled_as_json(
    app: RunningApp, receiver: Receiver, as_form: Callable[[str], bytes]
) -> None:
    receiver.behave(answers(204))
    name = new_event_name()
    register(app, receiver.url, name)
    body = as_form(json.dumps({"reason": "50% & more", "by": "Anna Åberg"}))
    assert called_a_form(app, "POST", f"Webhook/{name}/7", body).status_code == 204
    eventually(lambda: len(events_of(receiver.journal)) == 1)
    [call] = events_of(receiver.journal)
    assert json.loads(call.body)["Changes"] == ["reason", "by"]


@EACH_FORM
def test_a_patch_that_calls_itself_a_form_is_a_patch(app: RunningApp, as_form: Callable[[str], bytes]) -> None:
    webhook = created(app)
    merged = ok(called_a_form(app, "PATCH", one(webhook), as_form('{"Description": "a b"}')))
    operation = '[{"op": "replace", "path": "/Name", "value": "c d"}]'
    patched = ok(called_a_form(app, "PATCH", one(webhook), as_form(operation)))
    assert (merged["Description"], patched["Name"]) == ("a b", "c d")


@EACH_FORM
def test_filters_that_call_themselves_a_form_filter(app: RunningApp, as_form: Callable[[str], bytes]) -> None:
    webhook = created(app, Name=new_event_name())
    created(app)
    body = as_form(json.dumps({"NameFilter": webhook["Name"]}))
    listed = ok(called_a_form(app, "POST", "Agents/Webhook/GetAllWebhooks", body))
    assert [found["WebhookId"] for found in listed] == [webhook["WebhookId"]]


@pytest.mark.parametrize(("method", "path"), [("POST", "Webhook"), ("POST", "Agents/Webhook/SaveWebhook")])
def test_a_webhook_that_calls_itself_a_form_is_saved(app: RunningApp, method: str, path: str) -> None:
    document = stopped(Name="A form?", Headers={"X-Tenant": "7"})
    entity = ok(called_a_form(app, method, path, json.dumps(document).encode()))
    assert (entity["Name"], entity["Headers"]) == ("A form?", {"X-Tenant": "7"})
    replaced = ok(called_a_form(app, "PUT", one(entity), json.dumps(document | {"Name": "B"}).encode()))
    assert replaced["Name"] == "B"


@pytest.mark.parametrize("body", [b"Description=a", b"Description", b"Headers=%7B", b"Name=%FF", b"Name={}"])
def test_a_patch_is_never_a_form(app: RunningApp, body: bytes) -> None:
    webhook = created(app)
    status, message = refusal(called_a_form(app, "PATCH", one(webhook), body))
    assert (status, "must be JSON" in message) == (415, True)
    assert ok(request(app, "GET", one(webhook))) == webhook


@pytest.mark.parametrize("body", [b"[]", b'["x"]', b'"x"', b"7", b"true"])
def test_a_body_without_filters_in_it_is_refused_instead_of_listing_all(app: RunningApp, body: bytes) -> None:
    response = request(app, "POST", "Agents/Webhook/GetAllWebhooks", body, Content_Type="application/json")
    assert refusal(response)[0] == 400


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_a_body_in_chunks_is_a_411_that_says_what_to_send(app: RunningApp, order: tuple[str, str, bytes]) -> None:
    method, path, body = order
    webhook = created(app)

    def chunks() -> Iterator[bytes]:
        yield body

    url = f"{app.url}/api/{path.format(id=webhook['WebhookId'])}"
    headers = {"Content-Type": "application/json", "x-functions-key": app.code}
    if path != CONNECTION_PATH:
        headers["Authorization"] = f"Bearer {app.seed.api_key}"
    response = requests.request(method, url, data=chunks(), headers=headers, timeout=30)
    assert response.status_code in {411, 404}, response.text
    if "some/executeWebhook" not in path:
        assert response.status_code == 411
        assert "Content-Length" in response.text
    assert ok(request(app, "GET", one(webhook)))["Name"] == webhook["Name"]


def test_a_request_without_a_body_is_none_in_chunks(app: RunningApp) -> None:
    assert request(app, "POST", f"Webhook/{new_event_name()}/1").status_code == 204


def test_a_comma_behind_the_last_item_is_taken_in_every_operation_of_superoffice(app: RunningApp) -> None:
    text = json.dumps(stopped(Name="Comma"), indent=1).replace("\n}", ",\n}")
    entity = ok(request(app, "POST", "Webhook", text.encode(), Content_Type="application/json"))
    patch = b'[{"op": "replace", "path": "/Name", "value": "a,]",}, ]'
    changed = ok(request(app, "PATCH", one(entity), patch, Content_Type="application/json-patch+json"))
    filters = b'{"NameFilter": "a,]", }'
    listed = ok(request(app, "POST", "Agents/Webhook/GetAllWebhooks", filters, Content_Type="application/json"))
    assert (changed["Name"], entity["WebhookId"] in {one["WebhookId"] for one in listed}) == ("a,]", True)


def test_a_comma_behind_the_last_item_is_refused_of_dynamics(app: RunningApp) -> None:
    assert app.post(SAMPLE.rstrip()[:-1] + b",}").status_code == 400


@pytest.mark.parametrize("name", ["c.d\n", "\nc.d", " c.d", "c.d ", "c.d\t", "c.d\r\n", "c.d\u00a0", "c.d\u2028"])
def test_a_name_of_an_event_with_anything_around_it_is_refused_wherever_it_stands(app: RunningApp, name: str) -> None:
    saved = request(app, "POST", "Webhook", stopped(Events=["a.b", name]))
    agent = request(app, "POST", "Agents/Webhook/SaveWebhook", stopped(Events=[name]))
    signalled = request(app, "POST", "Agents/Webhook/SignalEvent", {"EventName": name})
    in_path = request(app, "POST", f"Webhook/{quote(name)}/1", {})
    listed = request(app, "GET", "Webhook", query={"eventFilter": name})
    found = request(app, "POST", "Agents/Webhook/GetAllWebhooks", {"EventFilter": name})
    assert [refusal(one)[0] for one in (saved, agent, signalled, in_path, listed, found)] == [400] * 6


def test_a_space_beside_a_comma_of_a_form_belongs_to_the_comma(app: RunningApp) -> None:
    base = "Name=x&TargetUrl=https%3A%2F%2F93.184.216.34%2F&State=Stopped&Events="
    entity = ok(called_a_form(app, "POST", "Webhook", (base + "a.b, c.d").encode()))
    assert entity["Events"] == ["a.b", "c.d"]
    assert refusal(called_a_form(app, "POST", "Webhook", (base + "a.b%0A").encode()))[0] == 400


@pytest.mark.parametrize(
    "path",
    [
        "health",
        CONNECTION_PATH,
        "v1/Webhook",
        "v1/Agents/Webhook",
        "v1/events",
        "v1/dynamics/webhooks",
        "o/i/webhookConnections",
    ],
)
def test_every_answer_says_that_its_type_is_not_to_be_guessed(app: RunningApp, path: str) -> None:
    method = "POST" if path == CONNECTION_PATH else "GET"
    url, params = f"{app.url}/api/{path}", {"code": app.code}
    headers = {"Authorization": f"Bearer {app.seed.api_key}"}
    answered = requests.request(method, url, params=params, headers=headers, timeout=60)
    refused = requests.request(method, url, params={**params, "deep": "1"}, timeout=60)
    assert {one.headers.get("X-Content-Type-Options") for one in (answered, refused)} == {"nosniff"}
    assert refused.status_code >= 400
