"""The agent's operations: where each finds its arguments, and what it refuses."""

from shared.api.superoffice.agent import OPERATIONS
from tests.api.superoffice.calling import Client, content, refusal
from tests.fakes.receiver import Receiver
from tests.support.delivering import EVENT


def stopped(**members: object) -> dict[str, object]:
    """A document that is stored without a call."""
    return {"Name": "Mine", "Events": [EVENT], "TargetUrl": "http://127.0.0.1/", "State": "Stopped", **members}


def test_get_describes_all_operations_or_one(client: Client) -> None:
    listed = content(client.agent("", method="GET"))
    assert [one["Address"].rpartition("/")[2].lower() for one in listed] == [*OPERATIONS]
    assert content(client.agent("savewebhook", method="GET")) == OPERATIONS["savewebhook"].describe()


def test_an_operation_that_does_not_exist_is_not_found(client: Client) -> None:
    for method in ("GET", "POST"):
        assert refusal(client.agent("Explode", method=method)) == (404, "the Webhook agent has no operation Explode")


def test_a_webhook_is_saved_read_changed_listed_and_removed(client: Client) -> None:
    blank = content(client.agent("CreateDefaultWebhook"))
    saved = content(client.agent("SaveWebhook", {**blank, **stopped()}))
    by_id = {"WEBHOOKID": str(saved["WebhookId"])}
    assert content(client.agent("GetWebhook", query=by_id)) == saved
    changed = content(client.agent("SaveWebhook", {**saved, "Name": "Other"}))
    assert (changed["WebhookId"], changed["Name"]) == (saved["WebhookId"], "Other")
    passing: list[object] = [
        {"namefilter": "other"},
        {"EventFilter": EVENT},
        {"StatusFilter": 2},
        {"StateFilter": "Stopped"},
    ]
    for filters in (*passing, None):
        assert content(client.agent("GetAllWebhooks", filters)) == [changed]
    others: list[object] = [
        {"NameFilter": "Mine"},
        {"StateFilter": "Active"},
        {"StatusFilter": "Active", "StateFilter": 2},
    ]
    for filters in others:
        assert content(client.agent("GetAllWebhooks", filters)) == []
    assert content(client.agent("GetLastError", {"WebhookId": saved["WebhookId"]})) == ""
    assert client.agent("DeleteWebhook", query=by_id).status_code == 204
    assert refusal(client.agent("GetWebhook", query=by_id)) == (404, f"Webhook id {saved['WebhookId']} not found")


def test_an_id_of_nobody_is_no_new_webhook(client: Client) -> None:
    assert refusal(client.agent("SaveWebhook", stopped(WebhookId=99)))[0] == 404
    for id_ in (0, "0", "", None):
        assert content(client.agent("SaveWebhook", stopped(webhookId=id_)))["WebhookId"] > 0


def test_a_webhook_is_tested_without_being_saved(client: Client, receiver: Receiver) -> None:
    result = content(client.agent("TestWebhook", {"Webhook": {"TargetUrl": receiver.url}}))
    assert (result["Success"], len(receiver.journal)) == (True, 1)
    assert content(client.agent("GetAllWebhooks")) == []


def test_a_signal_stores_an_event_unless_a_receiver_passes_a_test_on(client: Client) -> None:
    document = {"EventName": EVENT, "PrimaryKey": 7, "Data": {"a": 1}}
    assert client.agent("SignalEvent", document, X_Hook_Test="true").status_code == 204
    assert client.hub.storage.queue("events").count() == 0
    assert client.agent("SignalEvent", document).status_code == 204
    assert client.hub.storage.queue("events").count() == 1


def test_what_is_missing_or_of_another_kind_is_refused_by_its_name(client: Client) -> None:
    cases: list[tuple[str, object, str]] = [
        ("GetWebhook", None, "webhookId is required"),
        ("DeleteWebhook", None, "webhookId is required"),
        ("TestWebhook", {"Webhook": 5}, "Webhook must be an object"),
        ("SignalEvent", {"EventName": 5}, "EventName must be a string"),
        ("SignalEvent", {"EventName": EVENT, "PrimaryKey": "7"}, "PrimaryKey must be a 32-bit integer"),
        ("SignalEvent", {"EventName": EVENT, "PrimaryKey": True}, "PrimaryKey must be a 32-bit integer"),
        ("SignalEvent", {"EventName": EVENT, "Data": []}, "Data must be an object"),
        ("GetAllWebhooks", {"NameFilter": 5}, "NameFilter must be a string"),
        ("SaveWebhook", None, "the body must be an object"),
    ]
    for operation, document, message in cases:
        assert refusal(client.agent(operation, document)) == (400, message)
