"""What real clients send without being asked: a wrong type, chunks, a trailing comma. Through the running app."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
import requests

from tests.e2e.running import CONNECTION_PATH, RunningApp
from tests.e2e.test_receiving import eventually, new_connection, stored
from tests.e2e.webhooks import (
    Json,
    created,
    events_of,
    new_event_name,
    ok,
    one,
    refusal,
    register,
    request,
    stopped,
)
from tests.fakes.receiver import Receiver
from tests.support.cases import holds_for

type Written = Callable[[object], bytes]

FORM = "application/x-www-form-urlencoded"
AGENT = "Agents/Webhook"
CONNECTION = "AAAAAAAAAAAAAAAAAAAAAA"
ID = "37c7c867-d571-e911-a956-000d3a1bc3f6"


def as_curl(document: object) -> bytes:
    """`curl -d`, and PowerShell's Invoke-RestMethod."""
    return json.dumps(document).encode()


def as_curl_urlencode(document: object) -> bytes:
    """`curl --data-urlencode` of a text without an equals sign."""
    return quote(json.dumps(document), safe="").encode()


def as_java(document: object) -> bytes:
    """Java's URLEncoder, which writes blanks as plus signs."""
    return quote_plus(json.dumps(document)).encode()


def as_search_params(document: object) -> bytes:
    """JavaScript's URLSearchParams."""
    return urlencode({json.dumps(document): ""}).encode()


def with_mark(document: object) -> bytes:
    """A file as Windows' editors write it."""
    return b"\xef\xbb\xbf\r\n" + json.dumps(document, indent=2).encode() + b"\r\n"


WAYS = pytest.mark.parametrize(
    "written", [as_curl, as_curl_urlencode, as_java, as_search_params, with_mark], ids=lambda way: way.__name__
)


def changes(receiver: Receiver, event: str) -> list[Json]:
    """Events of this name that the receiver got."""
    bodies = [json.loads(call.body) for call in events_of(receiver.journal)]
    return [body for body in bodies if body["Event"] == event]


@WAYS
def test_the_rest_api_reads_json_that_says_it_is_a_form(app: RunningApp, receiver: Receiver, written: Written) -> None:
    made = ok(request(app, "POST", "Webhook", written(stopped(Name="In plus + and % and é")), Content_Type=FORM))
    assert made["Name"] == "In plus + and % and é"
    put = ok(request(app, "PUT", one(made), written(stopped(Description="d")), Content_Type=FORM))
    assert (put["Name"], put["Description"]) == ("Stopped", "d")
    merged = ok(request(app, "PATCH", one(made), written({"Name": "Merged"}), Content_Type=FORM))
    patch = [{"op": "replace", "path": "/Description", "value": "patched"}]
    patched = ok(request(app, "PATCH", one(made), written(patch), Content_Type=FORM))
    assert (merged["Name"], patched["Name"], patched["Description"]) == ("Merged", "Merged", "patched")
    tested = ok(request(app, "POST", "Webhook/Test", written({"TargetUrl": receiver.url}), Content_Type=FORM))
    assert (tested["Success"], len(receiver.journal)) == (True, 1)


@WAYS
def test_what_is_signalled_in_json_that_says_it_is_a_form_arrives(
    app: RunningApp, receiver: Receiver, written: Written
) -> None:
    event = new_event_name()
    register(app, receiver.url, event)
    assert request(app, "POST", f"Webhook/{event}/5", written({"reason": "done"}), Content_Type=FORM).status_code == 204
    signal = {"EventName": event, "PrimaryKey": 6, "Data": {"reason": "done"}}
    assert request(app, "POST", f"{AGENT}/SignalEvent", written(signal), Content_Type=FORM).status_code == 204
    assert eventually(lambda: len(changes(receiver, event)) == 2)
    assert {body["PrimaryKey"]: body["Changes"] for body in changes(receiver, event)} == {5: ["reason"], 6: ["reason"]}


@WAYS
def test_the_agent_api_reads_json_that_says_it_is_a_form(app: RunningApp, receiver: Receiver, written: Written) -> None:

    def call(operation: str, document: object) -> Any:  # noqa: ANN401 - whatever JSON the answer holds
        return ok(request(app, "POST", f"{AGENT}/{operation}", written(document), Content_Type=FORM))

    made = call("SaveWebhook", stopped(Name=f"Name {new_event_name()}"))
    assert call("GetAllWebhooks", {"NameFilter": made["Name"]}) == [made]
    assert call("GetAllWebhooks", {"NameFilter": "no such"}) == []
    assert call("GetLastError", {"WebhookId": made["WebhookId"]}) == ""
    assert call("TestWebhook", {"Webhook": {"TargetUrl": receiver.url}})["Success"]


@pytest.mark.parametrize(
    "body", ["'{NameFilter:zzz}'", '"{\\"NameFilter\\":\\"zzz\\"}"', "%257B%2522NameFilter%2522%253A1%257D", "\u00a0{}"]
)
def test_a_text_that_resembles_json_is_not_taken_for_a_form(app: RunningApp, body: str) -> None:
    for path in ("Webhook/a.b/1", f"{AGENT}/GetAllWebhooks"):
        status, message = refusal(request(app, "POST", path, body.encode(), Content_Type=FORM))
        assert (status, FORM in message, "application/json" in message) == (400, True, True)


@pytest.mark.parametrize("body", [b"null", b"zzz", b'body={"NameFilter":"zzz"}', b"filters[NameFilter]=zzz"])
def test_a_form_without_a_filter_does_not_list_everything(app: RunningApp, body: bytes) -> None:
    status, message = refusal(request(app, "POST", f"{AGENT}/GetAllWebhooks", body, Content_Type=FORM))
    assert (status, "StatusFilter" in message, "application/json" in message) == (400, True, True)


def test_forms_stay_forms(app: RunningApp) -> None:
    made = created(app, Name=f"Name {new_event_name()}")
    for body in (urlencode({"nameFilter": made["Name"]}).encode(), b"StateFilter=Stopped"):
        listed = ok(request(app, "POST", f"{AGENT}/GetAllWebhooks", body, Content_Type=FORM))
        assert made["WebhookId"] in [entity["WebhookId"] for entity in listed]
    assert request(app, "POST", "Webhook/a.b/1", b"reason=done", Content_Type=FORM).status_code == 204


@pytest.mark.parametrize(("value", "number"), [("true", 0), ("TRUE", 0), ("1", 0), ("false", 1), ("0", 1), ("", 1)])
def test_a_signal_is_left_out_only_where_it_says_that_it_is_a_test(app: RunningApp, value: str, number: int) -> None:
    event = new_event_name()
    assert request(app, "POST", f"Webhook/{event}/1", X_Hook_Test=value).status_code == 204
    assert request(app, "POST", f"Webhook/{event}/2").status_code == 204
    assert eventually(lambda: len(app.get("v1/events", type=event).json()["value"]) == number + 1)


def test_a_form_is_no_patch_and_changes_nothing(app: RunningApp) -> None:
    made = created(app)
    for body in (b"State=Active", b"Name=Other&Description=x", b"null", b"e"):
        status, message = refusal(request(app, "PATCH", one(made), body, Content_Type=FORM))
        assert (status, "must not be a form" in message, "application/json" in message) == (415, True, True)
    assert ok(request(app, "GET", one(made))) == made


@pytest.mark.parametrize("body", [b"<Data><a>1</a></Data>", b"%3CData%3E%3Ca%3E1%3C%2Fa%3E%3C%2FData%3E"])
def test_xml_that_says_it_is_a_form_is_xml(app: RunningApp, receiver: Receiver, body: bytes) -> None:
    event = new_event_name()
    register(app, receiver.url, event)
    assert request(app, "POST", f"Webhook/{event}/5", body, Content_Type=FORM).status_code == 204
    assert eventually(lambda: len(changes(receiver, event)) == 1)
    assert changes(receiver, event)[0]["Changes"] == ["a"]


@pytest.mark.parametrize("content_type", [FORM, "application/json", "application/xml", "text/plain", ""])
@holds_for("body", [b'{"reason": ', b"<Data>", b"[1]", b'{"reason" "done"}', b"%7B%22reason%22"])
def test_a_body_that_is_not_understood_is_never_left_out(app: RunningApp, body: bytes, content_type: str) -> None:
    places = ["Webhook/a.b/1", "Webhook/Test", *(f"{AGENT}/{name}" for name in ("SignalEvent", "GetAllWebhooks"))]
    for path in places:
        assert refusal(request(app, "POST", path, body, Content_Type=content_type))[0] in {400, 415}


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"7", b"[{}]", b"true"])
def test_filters_that_are_no_object_are_refused_and_not_dropped(app: RunningApp, body: bytes) -> None:
    status, message = refusal(request(app, "POST", f"{AGENT}/GetAllWebhooks", body, Content_Type="application/json"))
    assert (status, message) == (400, "the body must be an object")


@pytest.mark.parametrize("body", [None, b"", b"null", b"{}"])
def test_no_filters_are_no_filter(app: RunningApp, body: bytes | None) -> None:
    made = created(app)
    listed = ok(request(app, "POST", f"{AGENT}/GetAllWebhooks", body, Content_Type="application/json"))
    assert made["WebhookId"] in [entity["WebhookId"] for entity in listed]


@pytest.mark.parametrize("name", ["StateFilter", "StatusFilter"])
def test_the_filter_by_state_has_both_of_the_vendors_names(app: RunningApp, name: str) -> None:
    made = created(app, Name=f"Name {new_event_name()}")

    def number(state: object) -> int:
        filters = {"NameFilter": made["Name"], name: state}
        return len(ok(request(app, "POST", f"{AGENT}/GetAllWebhooks", filters)))

    assert [number("Stopped"), number(2), number(0), number("Active"), number(3)] == [1, 1, 1, 0, 0]
    assert refusal(request(app, "POST", f"{AGENT}/GetAllWebhooks", {name: "Sleeping"}))[0] == 400


def chunks() -> Iterator[bytes]:
    yield b'{"Name": "n", '
    yield b'"Events": ["a.b"]}'


def in_chunks(app: RunningApp, method: str, path: str) -> requests.Response:
    """A request with a body in chunks, as .NET's PostAsJsonAsync sends it, with all keys."""
    headers = {"Authorization": f"Bearer {app.seed.api_key}", "Content-Type": "application/json"}
    url = f"{app.url}/api/{path}"
    return requests.request(method, url, params={"code": app.code}, data=chunks(), headers=headers, timeout=60)


def is_told(sentence: str) -> bool:
    return "send Content-Length" in sentence and "LoadIntoBufferAsync" in sentence


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "v1/Webhook"),
        ("PUT", "v1/Webhook/{id}"),
        ("PATCH", "v1/Webhook/{id}"),
        ("POST", "v1/Webhook/Test"),
        ("POST", "v1/Webhook/a.b/1"),
        *(
            ("POST", f"v1/{AGENT}/{name}")
            for name in ("SaveWebhook", "GetAllWebhooks", "TestWebhook", "SignalEvent", "GetLastError")
        ),
    ],
)
def test_superoffice_clients_that_send_chunks_are_told(app: RunningApp, method: str, path: str) -> None:
    made = created(app)
    status, message = refusal(in_chunks(app, method, path.format(id=made["WebhookId"])))
    assert (status, is_told(message)) == (411, True)
    assert ok(request(app, "GET", one(made))) == made


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", CONNECTION_PATH),
        ("POST", "v1/events/deliveries/replay"),
        ("POST", f"v1/events/{ID}/deliveries/1/replay"),
    ],
)
def test_other_clients_that_send_chunks_are_told_in_a_problem(app: RunningApp, method: str, path: str) -> None:
    response = in_chunks(app, method, path)
    assert (response.status_code, response.headers["Content-Type"]) == (411, "application/problem+json")
    problem = response.json()
    assert (problem["title"], problem["status"], is_told(problem["detail"])) == ("Length required", 411, True)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", ""), ("PUT", f"/{CONNECTION}"), ("POST", f"/{CONNECTION}/executeWebhook")],
)
def test_arcgis_clients_that_send_chunks_are_told_in_esris_shape(app: RunningApp, method: str, path: str) -> None:
    response = in_chunks(app, method, f"org/item/webhookConnections{path}")
    error = response.json()["error"]
    assert (response.status_code, error["code"], is_told(error["message"])) == (411, 411, True)
    assert (error["type"], error["details"]) == ("InvalidArgumentsException", [])


def test_who_may_not_call_is_told_that_first(app: RunningApp) -> None:
    url, headers = f"{app.url}/api/v1/Webhook", {"Content-Type": "application/json"}
    response = requests.post(url, params={"code": app.code}, data=chunks(), headers=headers, timeout=60)
    assert refusal(response)[0] == 401
    assert requests.post(url, data=chunks(), headers=headers, timeout=60).content == b""


def test_the_same_connection_with_its_length_is_taken(app: RunningApp) -> None:
    id_, body = new_connection()
    headers = {"Content-Type": "application/json"}
    url = f"{app.url}/api/{CONNECTION_PATH}"
    lost = requests.post(url, iter([body]), params={"code": app.code}, headers=headers, timeout=60)
    assert (lost.status_code, stored(app, id_)) == (411, False)
    assert (app.post(body).status_code, stored(app, id_)) == (201, True)


def test_requests_without_a_body_need_no_length(app: RunningApp) -> None:
    for operation in ("CreateDefaultWebhook", "GetAllWebhooks"):
        ok(in_chunks(app, "POST", f"v1/{AGENT}/CreateDefaultWebhook"))
        ok(request(app, "POST", f"{AGENT}/{operation}"))
    assert request(app, "POST", "Webhook/a.b/1").status_code == 204


def test_the_vendors_samples_that_end_in_a_comma_are_taken(app: RunningApp) -> None:
    filters = b'{\n  "NameFilter": "no such",\n  "EventFilter": "",\n  "StateFilter": 0,\n}'
    assert ok(request(app, "POST", f"{AGENT}/GetAllWebhooks", filters, Content_Type="application/json")) == []
    made = created(app)
    text = json.dumps(stopped(Name="a,}", Secret="")).removesuffix("}").replace('"],', '", ],') + ",\n}\n"
    put = ok(request(app, "PUT", one(made), text.encode(), Content_Type="application/json"))
    assert put["Name"] == "a,}"
    patch = b'[{"op": "replace", "path": "/Name", "value": "b",},]'
    for content_type in ("application/json-patch+json", "text/json", FORM):
        assert ok(request(app, "PATCH", one(made), patch, Content_Type=content_type))["Name"] == "b"


@pytest.mark.parametrize("body", [b"[,]", b"{,}", b'{"Name": "a",,}', b'{"Name":,}', b'{"Events": ["a",,]}'])
def test_other_commas_are_still_refused(app: RunningApp, body: bytes) -> None:
    made = created(app)
    for method in ("PUT", "PATCH"):
        status, message = refusal(request(app, method, one(made), body, Content_Type="application/json"))
        assert (status, "not JSON" in message) == (400, True)


def test_the_json_of_other_neighbours_stays_strict(app: RunningApp) -> None:
    _, body = new_connection()
    assert app.post(body.rstrip().removesuffix(b"}") + b",}").status_code == 400
    headers = {"Authorization": f"Bearer {app.seed.api_key}"}
    url = f"{app.url}/api/org/item/webhookConnections"
    response = requests.post(url, b'{"enabled": true,}', params={"code": app.code}, headers=headers, timeout=60)
    assert (response.status_code, "not JSON" in response.json()["error"]["message"]) == (400, True)
