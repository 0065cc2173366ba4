"""`/api/v1/Webhook` through the running app: every row of the endpoint table (docs/sources/superoffice.md 1.1)."""

import base64
import json
import time
from typing import Any

import pytest
import requests

from tests.e2e.running import RunningApp
from tests.e2e.test_receiving import eventually
from tests.e2e.webhooks import (
    MASK,
    Json,
    created,
    events_of,
    is_signed,
    new_event_name,
    ok,
    one,
    refusal,
    register,
    request,
    signal,
    stopped,
)
from tests.fakes.receiver import Receiver, answers
from tests.support.cases import holds_for
from tests.support.superoffice import DEFAULT_WEBHOOK, Webhook, WebhookResult, WebhookWithLinks

SECRET = "correct horse battery staple"
JSON_TYPE = "application/json; charset=utf-8"
DEFAULTS = {
    **DEFAULT_WEBHOOK,
    "TotalCalls": 0,
    "TotalErrors": 0,
    "ConsecutiveErrors": 0,
    "LastError": None,
}
SERVER_SET = {
    "WebhookId": 77,
    "Registered": "2001-01-01T00:00:00",
    "Updated": "2001-01-01T00:00:00",
    "RegisteredAssociate": {"AssociateId": 3, "Name": "Mallory"},
    "UpdatedAssociate": {"AssociateId": 3, "Name": "Mallory"},
    "TotalCalls": 9,
    "TotalErrors": 9,
    "ConsecutiveErrors": 9,
    "LastError": "mine",
    "_Links": {"Self": "http://elsewhere.example/"},
    "TableRight": None,
    "Unheard": {"Of": 1},
}


def ids(entities: list[Json]) -> list[int]:
    return [entity["WebhookId"] for entity in entities]


def test_default_is_the_documented_webhook_without_links(app: RunningApp) -> None:
    found = ok(request(app, "GET", "Webhook/default"))
    assert found.items() >= DEFAULTS.items()
    assert "_Links" not in found
    Webhook.model_validate(found)


def test_a_created_webhook_is_answered_with_200_and_links_that_resolve(app: RunningApp, receiver: Receiver) -> None:
    event = new_event_name()
    made = register(app, receiver.url, event.upper(), secret=SECRET, name="Mine")
    WebhookWithLinks.model_validate(made)
    assert (made["Name"], made["Events"], made["Secret"], made["State"]) == ("Mine", [event], SECRET, "Active")
    assert made["_Links"] == {"Self": f"{app.url}/api/v1/{one(made)}", "Archive": f"{app.url}/api/v1/Webhook"}
    headers, params = {"Authorization": f"Bearer {app.seed.api_key}"}, {"code": app.code}
    read = requests.get(made["_Links"]["Self"], params, headers=headers, timeout=30).json()
    assert read == made | {"Secret": MASK}
    assert made["WebhookId"] in ids(requests.get(made["_Links"]["Archive"], params, headers=headers, timeout=30).json())


def test_saving_an_active_webhook_sends_one_signed_test_event(app: RunningApp, receiver: Receiver) -> None:
    made = register(app, f"{receiver.url}/hook?a=b", new_event_name(), Secret=SECRET, Headers={"X-Token": "t"})
    [call] = receiver.journal
    assert (call.method, call.path, call.query) == ("POST", "/hook", {"a": "b"})
    named = ("x-superoffice-event", "x-hook-test", "x-token", "content-type")
    assert [call.headers.get(name) for name in named] == ["test", "true", "t", JSON_TYPE]
    assert is_signed(SECRET, call)
    body = json.loads(call.body)
    assert body.items() >= {"Event": "test", "Entity": "test", "PrimaryKey": 0, "Changes": []}.items()
    assert (body["EventId"], body["WebhookName"]) == (call.headers["x-superoffice-eventid"], made["Name"])
    assert body["ChangedByAssociateId"] == made["RegisteredAssociate"]["AssociateId"]


def test_what_the_server_sets_and_what_nobody_knows_is_ignored(app: RunningApp) -> None:
    made = created(app, **SERVER_SET)
    assert made["WebhookId"] != 77
    assert (made["TotalCalls"], made["ConsecutiveErrors"], made["LastError"]) == (0, 0, None)
    assert made["RegisteredAssociate"]["Name"] == app.seed.manager["upn"] == made["UpdatedAssociate"]["Name"]
    assert made["Registered"] == made["Updated"] > "2026"
    assert "Unheard" not in made
    replaced = ok(request(app, "PUT", one(made), stopped(**SERVER_SET)))
    assert replaced["WebhookId"] == made["WebhookId"]
    assert (replaced["Registered"], replaced["TotalCalls"]) == (made["Registered"], 0)


def test_all_members_come_back_as_they_were_set(app: RunningApp) -> None:
    members = {
        "Headers": {"X-Tenant": "7"},
        "Properties": {"tenant": 7, "nested": {"list": [1, 2.5, None, True, "é"]}},
        "ErrorsEmail": "one@hub.example",
        "ErrorEmails": ["two@hub.example", "three@hub.example"],
        "ErrorAssociates": [{"Id": 5, "Name": "Mira"}],
        "Description": "what it does",
        "NotifyVia": "InApp",
        "NotifyWhen": "FirstFailure",
    }
    made = created(app, **members)
    read = ok(request(app, "GET", one(made)))
    assert read == made
    assert read.items() >= members.items()


def test_ids_ascend_and_are_never_given_twice(app: RunningApp) -> None:
    first = created(app)
    assert request(app, "DELETE", one(first)).status_code == 204
    assert created(app)["WebhookId"] > first["WebhookId"]


def test_names_filter_exactly_events_and_states_too(app: RunningApp) -> None:
    event, name = new_event_name(), f"Name {new_event_name()}"
    mine = created(app, Events=[event, "a.b"], Name=name)["WebhookId"]
    other = created(app, Events=[event], Name=f"{name} too")["WebhookId"]

    def listed(**filters: str) -> list[int]:
        found = ok(request(app, "GET", "Webhook", query=filters))
        assert not any("_Links" in entity for entity in found)
        return ids(found)

    assert listed(nameFilter=name) == listed(NAMEFILTER=name.upper()) == [mine]
    assert listed(nameFilter=name[:-1]) == []
    assert listed(eventFilter=event) == listed(eventFilter=event.upper()) == [mine, other]
    assert listed(eventFilter=event, nameFilter=name, statusFilter="Stopped") == [mine]
    assert listed(eventFilter=event, statusFilter="2") == listed(eventFilter=event, statusFilter="stopped")
    assert listed(eventFilter=event, statusFilter="Active") == listed(eventFilter=event, statusFilter="3") == []
    assert listed(eventFilter=event, nameFilter="", statusFilter="Unknown") == [mine, other]
    everything = listed(nameFilter="", eventFilter="", statusFilter="0")
    assert {mine, other} <= set(everything) == set(listed())
    Webhook.model_validate(ok(request(app, "GET", "Webhook", query={"nameFilter": name}))[0])


def test_an_unknown_status_is_refused(app: RunningApp) -> None:
    status, message = refusal(request(app, "GET", "Webhook", query={"statusFilter": "Sleeping"}))
    assert (status, "StatusFilter" in message) == (400, True)


def test_an_event_name_is_found_although_table_keys_could_not_hold_it(app: RunningApp) -> None:
    for name in ("a/b", "a\\b?#", "é", "x" * 250):
        assert ok(request(app, "GET", "Webhook", query={"eventFilter": name})) == []
        assert ok(request(app, "GET", "Webhook", query={"nameFilter": name})) == []


def test_put_replaces_all_and_what_is_left_out_gets_its_default(app: RunningApp) -> None:
    made = created(
        app, Secret=SECRET, Description="d", Headers={"X-A": "1"}, NotifyVia="Email", ErrorEmails=["a@b.example"]
    )
    document = stopped(Name="Other")
    replaced = ok(request(app, "PUT", one(made), document))
    assert replaced.items() >= document.items()
    gone = ("Secret", "Description", "Headers", "NotifyVia", "ErrorEmails")
    assert [replaced[name] for name in gone] == [None, None, None, "None", []]
    assert (replaced["WebhookId"], "_Links" in replaced) == (made["WebhookId"], True)
    assert ok(request(app, "GET", one(made))) == replaced


def test_put_without_an_entity_is_a_400(app: RunningApp) -> None:
    made = created(app)
    assert refusal(request(app, "PUT", one(made)))[0] == 400
    assert refusal(request(app, "PUT", one(made), []))[0] == 400
    assert ok(request(app, "GET", one(made))) == made | {"Secret": None}


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json-patch+json", "application/merge-patch+json"]
)
def test_patch_is_told_by_its_shape_whatever_its_content_type(app: RunningApp, content_type: str) -> None:
    made = created(app, Events=["a.b"], Headers={"X-A": "1", "X-B": "2"}, Description="d")

    def patched(body: bytes) -> Json:
        found: Json = ok(request(app, "PATCH", one(made), body, Content_Type=content_type))
        assert "_Links" in found
        return found

    changed = patched(
        b'[{"op":"test","path":"/Name","value":"Stopped"},{"op":"replace","path":"name","value":"New"},'
        b'{"op":"add","path":"/events/-","value":"c.d"},{"op":"remove","path":"HEADERS/X-A"}]'
    )
    assert (changed["Name"], changed["Events"], changed["Headers"]) == ("New", ["a.b", "c.d"], {"X-B": "2"})
    changed = patched(
        b'{"name":"Newer","description":null,"Headers":{"X-C":"3","X-B":null},"ErrorAssociates":{"Id":4}}'
    )
    assert (changed["Name"], changed["Description"], changed["Headers"]) == ("Newer", None, {"X-C": "3"})
    assert changed["ErrorAssociates"] == [{"Id": 4}]
    assert patched(b'{"Events":["e.f"]}')["Events"] == ["e.f"]
    assert ok(request(app, "GET", one(made)))["Events"] == ["e.f"]


@pytest.mark.parametrize(
    ("patch", "status"),
    [
        ([{"op": "test", "path": "/Name", "value": "Another"}, {"op": "replace", "path": "/Name", "value": "x"}], 409),
        (
            [{"op": "replace", "path": "/Name", "value": "x"}, {"op": "move", "from": "/Name", "path": "/Description"}],
            400,
        ),
        ([{"op": "copy", "from": "/Name", "path": "/Description"}], 400),
        ([{"op": "frobnicate", "path": "/Name", "value": 1}], 400),
        ([{"op": "replace", "path": "/Nothing/Below", "value": 1}], 400),
        ([{"op": "remove", "path": "/Name"}], 400),
        ([{"op": "add", "path": "/Events/-", "value": "no comma, please"}], 400),
        ([{"path": "/Name"}], 400),
        ([7], 400),
        ("text", 400),
        ({"Name": None}, 400),
        ({"State": "Sleeping"}, 400),
    ],
)
def test_a_patch_that_fails_changes_nothing(app: RunningApp, patch: object, status: int) -> None:
    made = created(app)
    assert refusal(request(app, "PATCH", one(made), patch))[0] == status
    assert ok(request(app, "GET", one(made))) == made


def test_delete_is_a_204_without_a_body_and_the_webhook_is_gone(app: RunningApp) -> None:
    made = created(app)
    response = request(app, "DELETE", one(made))
    assert (response.status_code, response.content) == (204, b"")
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        status, message = refusal(request(app, method, one(made), {"Name": "x"}))
        assert (status, message) == (404, f"Webhook id {made['WebhookId']} not found")
    assert ok(request(app, "GET", "Webhook", query={"eventFilter": made["Events"][0]})) == []


@holds_for("id_", ["0", "-1", "999999999", "2147483648", "99999999999999999999", "abc", "%D9%A1", "1.0"])
def test_an_id_that_nobody_has_is_a_404(app: RunningApp, id_: str) -> None:
    assert refusal(request(app, "GET", f"Webhook/{id_}"))[0] == 404
    assert refusal(request(app, "GET", f"Webhook/{id_}/LastError"))[0] == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "Webhook"),
        ("DELETE", "Webhook"),
        ("PATCH", "Webhook"),
        ("POST", "Webhook/1"),
        ("GET", "Webhook/1/2"),
        ("POST", "Webhook/a.b/1/2"),
        ("PUT", "Webhook/1/LastError"),
        ("GET", "Webhook/1/LastError/2"),
    ],
)
def test_an_operation_that_does_not_exist_is_a_404(app: RunningApp, method: str, path: str) -> None:
    assert refusal(request(app, method, path, {}))[0] == 404


def test_testing_calls_a_target_and_stores_nothing(app: RunningApp, receiver: Receiver) -> None:
    name = f"Name {new_event_name()}"
    found = ok(request(app, "POST", "Webhook/Test", {"TargetUrl": receiver.url, "Name": name, "Secret": SECRET}))
    WebhookResult.model_validate(found)
    assert (found["Success"], receiver.journal[-1].headers["x-hook-test"]) == (True, "true")
    assert is_signed(SECRET, receiver.journal[-1])
    receiver.behave(answers(500, b"down for the day", "X-Why: because"))
    found = ok(request(app, "POST", "webhook/TEST", {"targeturl": receiver.url}))
    assert found["Success"] is False
    assert "500" in found["Message"]
    assert "down for the day" in found["Message"]
    with Receiver() as gone:
        url = gone.url
    assert ok(request(app, "POST", "Webhook/Test", {"TargetUrl": url}))["Success"] is False
    assert ok(request(app, "GET", "Webhook", query={"nameFilter": name})) == []


def test_testing_needs_a_target_that_may_be_called(app: RunningApp) -> None:
    for target in ({}, {"TargetUrl": "http://10.0.0.1/"}, {"TargetUrl": "not a url"}):
        assert refusal(request(app, "POST", "Webhook/Test", target))[0] == 400


def test_a_stored_webhook_is_tested_with_its_secret_behind_the_mask(app: RunningApp, receiver: Receiver) -> None:
    made = register(app, receiver.url, new_event_name(), Secret=SECRET)
    assert ok(request(app, "POST", "Webhook/Test", made | {"Secret": MASK}))["Success"] is True
    assert is_signed(SECRET, receiver.journal[-1])


def test_a_signalled_event_is_delivered_with_the_names_of_its_data(app: RunningApp, receiver: Receiver) -> None:
    event = new_event_name()
    register(app, receiver.url, event, Properties={"tenant": 7, "Event": "mine"})
    response = request(app, "POST", f"Webhook/{event.upper()}/-17", {"name": "x", "category_idx": 4})
    assert (response.status_code, response.content) == (204, b"")
    assert eventually(lambda: bool(events_of(receiver.journal)))
    body = json.loads(events_of(receiver.journal)[0].body)
    assert (body["Event"], body["Entity"], body["PrimaryKey"]) == (event, event.rpartition(".")[0], -17)
    assert (body["Changes"], body["tenant"]) == (["name", "category_idx"], 7)


def test_a_signal_needs_no_data(app: RunningApp) -> None:
    assert request(app, "POST", f"Webhook/{new_event_name()}/0").status_code == 204


@holds_for(
    "path",
    [
        "Webhook/test/1",
        "Webhook/webhook7.errors/1",
        "Webhook/WEBHOOK.started/1",
        "Webhook/a%20b/1",
        "Webhook/a,b/1",
        "Webhook/*/1",
        "Webhook/a.b/x",
        "Webhook/a.b/2147483648",
        "Webhook/a.b/00000000000000000000017a",
        "Webhook/a.b/1_7",
        "Webhook/a.b/1.0",
        f"Webhook/{'e' * 251}/1",
    ],
)
def test_what_may_not_be_signalled_is_a_400(app: RunningApp, path: str) -> None:
    assert refusal(request(app, "POST", path, {}))[0] == 400


@pytest.mark.parametrize("data", [[], "text", 7])
def test_data_that_is_no_object_is_a_400(app: RunningApp, data: object) -> None:
    assert refusal(request(app, "POST", "Webhook/a.b/1", data))[0] == 400


def test_last_error_is_a_json_text_empty_where_nothing_failed(app: RunningApp, receiver: Receiver) -> None:
    event = new_event_name()
    made = register(app, receiver.url, event)
    assert ok(request(app, "GET", f"{one(made)}/LastError")) == ""
    receiver.behave(answers(500, b"out of order", "X-Why: because"))
    signal(app, event)
    assert eventually(lambda: ok(request(app, "GET", f"{one(made)}/lasterror")))
    told = ok(request(app, "GET", f"{one(made)}/LastError"))
    # The hub's own words: what the receiver answered stands in the delivery log alone.
    assert told == "HTTP 500 Internal Server Error"
    read = ok(request(app, "GET", one(made)))
    assert (read["LastError"], read["TotalErrors"] >= 1, read["ConsecutiveErrors"] >= 1) == (told, True, True)


def test_without_a_key_a_caller_or_the_role_nothing_is_answered(app: RunningApp) -> None:
    url, params = f"{app.url}/api/v1/Webhook", {"code": app.code}
    assert requests.get(url, headers={"Authorization": f"Bearer {app.seed.api_key}"}, timeout=30).status_code == 401
    for headers in ({}, {"Authorization": "Bearer nobody"}, {"X-XSRF-TOKEN": "x"}):
        response = requests.get(url, params, headers=headers, timeout=30)
        assert refusal(response)[0] == 401
        assert "Basic" in response.headers["WWW-Authenticate"]
    key, _ = app.hub.api_keys.issue("someone@hub.example")
    response = requests.get(url, params, headers={"Authorization": f"Bearer {key}"}, timeout=30)
    assert refusal(response)[0] == 403
    basic = base64.b64encode(f"{app.seed.manager['upn']}:{app.seed.api_key}".encode()).decode()
    assert requests.get(url, params, headers={"Authorization": f"Basic {basic}"}, timeout=30).status_code == 200


def test_the_mask_keeps_a_secret_and_anything_else_replaces_it(app: RunningApp, receiver: Receiver) -> None:
    made = register(app, receiver.url, new_event_name(), Secret=SECRET)
    read = ok(request(app, "GET", one(made)))
    assert read["Secret"] == MASK
    assert ok(request(app, "PUT", one(made), read))["Secret"] == MASK
    assert ok(request(app, "PATCH", one(made), {"Name": "n"}))["Secret"] == MASK
    assert ok(request(app, "PATCH", one(made), [{"op": "replace", "path": "/secret", "value": MASK}]))["Secret"] == MASK
    assert len(receiver.journal) == 1
    assert ok(request(app, "PATCH", one(made), {"Secret": "another"}))["Secret"] == "another"
    assert is_signed("another", receiver.journal[-1])
    assert ok(request(app, "PATCH", one(made), {"Secret": None}))["Secret"] is None
    assert refusal(request(app, "PATCH", one(made), {"Secret": MASK}))[0] == 400


def test_states_are_signalled_to_whoever_subscribed(app: RunningApp, receiver: Receiver) -> None:
    event = new_event_name()
    made = register(app, receiver.url, event)
    watched = f"webhook{made['WebhookId']}"
    register(app, f"{receiver.url}/watch", f"{watched}.started", f"{watched}.stopped")
    ok(request(app, "PATCH", one(made), {"State": "Stopped"}))
    ok(request(app, "PATCH", one(made), {"State": "Active"}))

    def told() -> dict[str, Any]:
        calls = [call for call in events_of(list(receiver.journal)) if call.path == "/watch"]
        return {call.headers["x-superoffice-event"]: json.loads(call.body) for call in calls}

    assert eventually(lambda: told().keys() == {f"{watched}.started", f"{watched}.stopped"})
    body = told()[f"{watched}.stopped"]
    assert (body["Event"], body["PrimaryKey"]) == ("webhook.stopped", made["WebhookId"])


def test_a_second_after_a_change_updated_has_moved_and_registered_has_not(app: RunningApp) -> None:
    made = created(app)
    time.sleep(1.1)
    changed = ok(request(app, "PATCH", one(made), {"Description": "later"}))
    assert changed["Registered"] == made["Registered"] < changed["Updated"]
