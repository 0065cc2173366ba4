"""`/api/v1/Agents/Webhook/{operation}` through the running app: every row of the table, as raw HTTP."""

import json
from typing import Any

import pytest
import requests

from tests.e2e.running import RunningApp
from tests.e2e.test_receiving import eventually
from tests.e2e.webhooks import (
    MASK,
    created,
    events_of,
    is_signed,
    new_event_name,
    ok,
    one,
    refusal,
    register,
    request,
    stopped,
)
from tests.fakes.receiver import Receiver, answers
from tests.support.cases import holds_for
from tests.support.superoffice import Webhook, WebhookResult

SECRET = "correct horse battery staple"
NO_IDS: tuple[object, ...] = ([], {}, False, " 0", "0\n", "\u0660")
NO_KEYS: tuple[object, ...] = ("", False, [], {}, "5\n")
OPERATIONS = (
    "CreateDefaultWebhook",
    "SaveWebhook",
    "GetWebhook",
    "DeleteWebhook",
    "GetAllWebhooks",
    "TestWebhook",
    "SignalEvent",
    "GetLastError",
)


def call(app: RunningApp, operation: str, body: object = None, **query: object) -> requests.Response:
    """One operation."""
    return request(app, "POST", f"Agents/Webhook/{operation}", body, query={k: str(v) for k, v in query.items()})


def select(names: str) -> dict[str, Any]:
    """The parameter as it is spelled."""
    return {"$select": names}


def test_a_default_webhook_is_that_of_the_rest_api(app: RunningApp) -> None:
    assert ok(call(app, "CreateDefaultWebhook")) == ok(request(app, "GET", "Webhook/default"))


def test_a_webhook_is_saved_read_changed_and_removed(app: RunningApp) -> None:
    document = ok(call(app, "CreateDefaultWebhook")) | stopped(Secret=SECRET)
    made = ok(call(app, "SaveWebhook", document))
    Webhook.model_validate(made)
    assert (made["WebhookId"] > 0, made["Secret"], "_Links" in made) == (True, SECRET, False)
    read = ok(call(app, "getwebhook", WebhookID=made["WebhookId"]))
    assert read == made | {"Secret": MASK}
    changed = ok(call(app, "SaveWebhook", {"webhookid": made["WebhookId"], **stopped(Name="Changed", Secret=MASK)}))
    assert (changed["WebhookId"], changed["Name"], changed["Secret"]) == (made["WebhookId"], "Changed", MASK)
    response = call(app, "DeleteWebhook", webhookId=made["WebhookId"])
    assert (response.status_code, response.content) == (204, b"")
    for operation in ("GetWebhook", "DeleteWebhook"):
        assert refusal(call(app, operation, webhookId=made["WebhookId"]))[0] == 404
    assert refusal(call(app, "SaveWebhook", changed))[0] == 404
    assert refusal(call(app, "GetLastError", {"WebhookId": made["WebhookId"]}))[0] == 404


def test_webhooks_are_listed_by_name_event_and_state(app: RunningApp) -> None:
    made = created(app, Name=f"Name {new_event_name()}")

    def listed(**filters: object) -> list[int]:
        return [entity["WebhookId"] for entity in ok(call(app, "GetAllWebhooks", filters))]

    name, event = made["Name"], made["Events"][0]
    assert listed(NameFilter=name, EventFilter=event, StatusFilter="Stopped") == [made["WebhookId"]]
    assert listed(namefilter=name, eventfilter="", statusfilter=0) == listed(NameFilter=name) == [made["WebhookId"]]
    assert listed(NameFilter=name, StatusFilter="Active") == listed(NameFilter=name, StatusFilter=3) == []
    assert made["WebhookId"] in listed()
    assert made["WebhookId"] in [entity["WebhookId"] for entity in ok(call(app, "GetAllWebhooks"))]
    [selected] = ok(call(app, "GetAllWebhooks", {"NameFilter": name}, **select("events")))
    assert (selected["Events"], selected["Name"]) == ([event], None)


def test_a_webhook_is_tested_and_not_saved(app: RunningApp, receiver: Receiver) -> None:
    webhook = {"TargetUrl": receiver.url, "Secret": SECRET}
    found = ok(call(app, "TestWebhook", {"Webhook": webhook}))
    WebhookResult.model_validate(found)
    assert (found["Success"], is_signed(SECRET, receiver.journal[-1])) == (True, True)
    receiver.behave(answers(503, b"closed"))
    assert ok(call(app, "TestWebhook", {"webhook": webhook}, **select("success"))) | {"Success": False} == {
        "Success": False,
        "Message": None,
        "TableRight": None,
        "FieldProperties": None,
    }


def test_a_signal_is_delivered_and_an_error_is_told(app: RunningApp, receiver: Receiver) -> None:
    event = new_event_name()
    made = register(app, receiver.url, event)
    assert ok(call(app, "GetLastError", {"WebhookId": made["WebhookId"]})) == ""
    receiver.behave(answers(500, b"out of order"))
    response = call(app, "SignalEvent", {"EventName": event, "PrimaryKey": 5, "Data": {"name": "x"}})
    assert (response.status_code, response.content) == (204, b"")
    assert eventually(lambda: bool(events_of(receiver.journal)))
    body = json.loads(events_of(receiver.journal)[0].body)
    assert (body["Event"], body["PrimaryKey"], body["Changes"]) == (event, 5, ["name"])
    told = "HTTP 500 Internal Server Error"
    assert eventually(lambda: ok(call(app, "GetLastError", {"webhookId": made["WebhookId"]})) == told)


def test_conditions_do_not_apply_to_agents(app: RunningApp) -> None:
    made = created(app)
    path, query = "Agents/Webhook/GetWebhook", {"webhookId": str(made["WebhookId"])}
    since = "Fri, 01 Jan 2038 00:00:00 GMT"
    assert ok(request(app, "POST", path, query=query, If_Modified_Since=since))["WebhookId"] == made["WebhookId"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_get_describes_a_call_and_executes_nothing(app: RunningApp, operation: str) -> None:
    made = created(app)
    query = {"webhookId": str(made["WebhookId"])}
    told = ok(request(app, "GET", f"Agents/Webhook/{operation}", query=query))
    assert (told["Method"], told["Address"]) == ("POST", f"api/v1/Agents/Webhook/{operation}")
    assert ok(request(app, "GET", one(made))) == made
    assert operation in {one["Address"].rpartition("/")[2] for one in ok(request(app, "GET", "Agents/Webhook"))}


@holds_for(
    ("operation", "body", "status"),
    [
        ("SignWebhook", {}, 404),
        ("TestWebhookEvent", {}, 404),
        ("", {}, 404),
        ("SaveWebhook", None, 400),
        ("SaveWebhook", [], 400),
        ("SaveWebhook", {}, 400),
        ("SaveWebhook", {"WebhookId": 999_999_999}, 404),
        ("SaveWebhook", {"WebhookId": -1}, 404),
        ("SaveWebhook", {"WebhookId": {"a": 1}}, 404),
        *(("SaveWebhook", {**stopped(), "WebhookId": id_}, 404) for id_ in NO_IDS),
        ("GetWebhook", None, 400),
        ("DeleteWebhook", None, 400),
        ("GetAllWebhooks", {"StatusFilter": "Sleeping"}, 400),
        ("GetAllWebhooks", {"NameFilter": 7}, 400),
        ("TestWebhook", {}, 400),
        ("TestWebhook", {"Webhook": 7}, 400),
        ("TestWebhook", {"Webhook": {}}, 400),
        ("SignalEvent", None, 400),
        ("SignalEvent", {}, 400),
        ("SignalEvent", {"EventName": "test"}, 400),
        ("SignalEvent", {"EventName": "a b"}, 400),
        ("SignalEvent", {"EventName": 7}, 400),
        *(("SignalEvent", {"EventName": f"{a}c.d{b}"}, 400) for a, b in (("", "\n"), (" ", ""), ("", "\u00a0"))),
        *(("SignalEvent", {"EventName": "a.b", "PrimaryKey": key}, 400) for key in NO_KEYS),
        ("SignalEvent", {"EventName": "a.b", "PrimaryKey": "x"}, 400),
        ("SignalEvent", {"EventName": "a.b", "PrimaryKey": 2**31}, 400),
        ("SignalEvent", {"EventName": "a.b", "Data": [1]}, 400),
        ("GetAllWebhooks", {"EventFilter": "c.d\n"}, 400),
        ("GetAllWebhooks", {"EventFilter": " c.d"}, 400),
        ("GetLastError", {"WebhookId": "1\n"}, 404),
        ("GetLastError", {"WebhookId": "\u0661"}, 404),
        ("GetLastError", None, 400),
        ("GetLastError", {"WebhookId": 999_999_999}, 404),
    ],
)
def test_what_cannot_be_done_is_refused(app: RunningApp, operation: str, body: object, status: int) -> None:
    assert refusal(call(app, operation, body))[0] == status


def test_nobody_is_let_in_without_a_caller(app: RunningApp) -> None:
    for method in ("GET", "POST"):
        url = f"{app.url}/api/v1/Agents/Webhook/GetAllWebhooks"
        assert refusal(requests.request(method, url, params={"code": app.code}, timeout=30))[0] == 401
