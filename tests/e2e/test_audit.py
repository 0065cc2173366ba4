"""Who did what, through the running app: made, listed and filtered."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.e2e.arcgis import ArcGisClient
from tests.e2e.running import RunningApp, running_app
from tests.e2e.webhooks import created, deliveries, new_event_name, patch, register, request, signal, stopped
from tests.fakes.receiver import Receiver, answers
from tests.fakes.server import Reply
from tests.support.arcgis import MANAGER, ArcGisOrganization, connection_document
from tests.support.patience import eventually

AUDIT = "v1/events/audit"
SECRET = "correct horse battery staple"

type Json = dict[str, Any]


@pytest.fixture(scope="module")
def app(new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app of its own: the refusals of other tests would use up the rows that its manager's refusals get a minute."""
    with running_app(new_account(), tmp_path_factory.mktemp("app")) as running:
        yield running


def audit(app: RunningApp, **query: str) -> list[Json]:
    response = app.get(AUDIT, **query)
    assert response.status_code == 200, response.text
    entries: list[Json] = response.json()["value"]
    return entries


def told(entries: list[Json]) -> list[tuple[str, str, list[str]]]:
    return [(one["action"], one["outcome"], one["changed"]) for one in entries]


def test_the_life_of_a_webhook_is_told_by_its_id(app: RunningApp) -> None:
    since = datetime.now(UTC).isoformat()
    webhook = created(app, Secret=SECRET, Headers={"Authorization": f"Bearer {SECRET}"})
    target = f"webhooks/{webhook['WebhookId']}"
    one = f"Webhook/{webhook['WebhookId']}"
    patch(app, webhook, Name="Another", Secret=SECRET + "!")
    assert request(app, "PUT", one, stopped(Name="Another", Headers=None)).status_code == 200
    assert request(app, "PATCH", one, {"Name": ""}).status_code == 400
    assert request(app, "DELETE", one).status_code == 204
    assert request(app, "DELETE", one).status_code == 404
    entries = audit(app, target=target)
    assert told(entries) == [
        ("webhook.delete", "refused", []),
        ("webhook.delete", "done", []),
        ("webhook.update", "refused", []),
        ("webhook.update", "done", ["Events", "Headers", "Secret"]),
        ("webhook.update", "done", ["Name", "Secret"]),
        ("webhook.create", "done", []),
    ]
    assert [one["status"] for one in entries] == [404, 204, 400, 200, 200, 200]
    assert {one["who"] for one in entries} == {app.seed.manager["upn"]}
    assert all(since < one["at"] for one in entries)
    assert SECRET not in str(entries)


def test_the_agent_says_whether_it_made_or_changed_a_webhook(app: RunningApp) -> None:
    made = request(app, "POST", "Agents/Webhook/SaveWebhook", stopped()).json()
    document = {**stopped(), "WebhookId": made["WebhookId"], "Events": made["Events"], "Name": "Another"}
    assert request(app, "POST", "Agents/Webhook/SaveWebhook", document).status_code == 200
    delete = {"webhookId": str(made["WebhookId"])}
    assert request(app, "POST", "Agents/Webhook/DeleteWebhook", query=delete).status_code == 204
    assert told(audit(app, target=f"webhooks/{made['WebhookId']}")) == [
        ("webhook.delete", "done", []),
        ("webhook.update", "done", ["Name"]),
        ("webhook.create", "done", []),
    ]


def test_a_save_that_is_refused_is_told_under_what_it_would_have_been(app: RunningApp) -> None:
    since = datetime.now(UTC).isoformat()
    assert request(app, "POST", "Agents/Webhook/SaveWebhook", {"Name": "x"}).status_code == 400
    assert request(app, "POST", "Agents/Webhook/SaveWebhook", b"{").status_code == 415
    entries = audit(app, since=since)
    assert told(entries) == [("webhook.save", "refused", []), ("webhook.create", "refused", [])]


def test_a_test_and_a_replay_are_told_and_a_signal_is_not(app: RunningApp, receiver: Receiver) -> None:
    name = new_event_name()
    webhook = register(app, receiver.url, name)
    id_ = webhook["WebhookId"]
    signal(app, name)
    assert eventually(lambda: [one["state"] for one in deliveries(app, webhook)] == ["delivered"])
    [delivery] = deliveries(app, webhook)
    assert app.send("POST", "v1/Webhook/test", {**webhook, "Secret": None}).status_code == 200
    path = f"v1/events/{delivery['eventId']}/deliveries/{id_}"
    assert app.send("POST", f"{path}/replay").status_code == 202
    counted = {"webhook": str(id_), "state": "delivered"}
    assert app.send("POST", "v1/events/deliveries/replay", dryRun="true", **counted).status_code == 200
    assert app.send("POST", "v1/events/deliveries/replay", **counted).status_code == 202
    assert [one["action"] for one in audit(app, target=f"webhooks/{id_}")] == [
        "delivery.replay",
        "webhook.test",
        "webhook.create",
    ]
    one = f"events/{delivery['eventId']}/deliveries/{id_}"
    assert told(audit(app, target=one)) == [("delivery.replay", "done", [])]


def test_a_test_that_failed_and_what_was_switched_are_told_as_what_they_are(
    app: RunningApp, receiver: Receiver
) -> None:
    webhook = register(app, receiver.url, new_event_name())
    receiver.behave(answers(503))
    tested = app.send("POST", "v1/Webhook/test", {**webhook, "Secret": None})
    assert (tested.status_code, tested.json()["Success"]) == (200, False)
    patch(app, webhook, State="Stopped")
    one = f"Webhook/{webhook['WebhookId']}"
    assert request(app, "PATCH", one, {"State": "Active"}).status_code == 400
    receiver.behave(answers(204))
    patch(app, webhook, State="Active", Name="Another")
    entries = audit(app, target=f"webhooks/{webhook['WebhookId']}")
    assert told(entries) == [
        ("webhook.update", "done", ["Name", "State: Active"]),
        ("webhook.update", "refused", []),
        ("webhook.update", "done", ["State: Stopped"]),
        ("webhook.test", "failed", []),
        ("webhook.create", "done", []),
    ]
    assert [one["status"] for one in entries] == [200, 400, 200, 200, 200]


@pytest.mark.parametrize("dry_run", ["true", "TRUE"])
def test_what_knows_no_dry_run_is_told_as_the_change_that_it_is(app: RunningApp, dry_run: str) -> None:
    query = {"dryRun": dry_run}
    made = request(app, "POST", "Webhook", stopped(), query=query).json()
    id_ = made["WebhookId"]
    saved = {**stopped(Name="Another"), "WebhookId": id_}
    assert request(app, "POST", "Agents/Webhook/SaveWebhook", saved, query=query).status_code == 200
    assert request(app, "DELETE", f"Webhook/{id_}", query=query).status_code == 204
    actions = [one["action"] for one in audit(app, target=f"webhooks/{id_}")]
    assert actions == ["webhook.delete", "webhook.update", "webhook.create"]


def test_a_webhook_that_the_hub_disables_is_told_as_the_hubs_doing(app: RunningApp, receiver: Receiver) -> None:
    name = new_event_name()
    webhook = register(app, receiver.url, name)
    receiver.behave(answers(410))
    signal(app, name)
    target = f"webhooks/{webhook['WebhookId']}"
    assert eventually(lambda: any(one["who"] == "hub" for one in audit(app, target=target)))
    [disabled, _] = audit(app, target=target)
    assert (disabled["action"], disabled["outcome"], disabled["status"]) == ("webhook.disable", "done", None)
    assert disabled["changed"] == ["State: TooManyErrors"]


def test_the_life_of_a_connection_is_told_with_what_was_left_undone(
    arcgis_app: RunningApp, client: ArcGisClient, arcgis: ArcGisOrganization
) -> None:
    item = arcgis.add_item()
    id_ = client.create(item)
    target = f"connections/{client.org}/{client.workflow_item}/{id_}"
    document = connection_document(item, connectionName="Another", secret="********", enabled=False)
    assert client.ask("PUT", f"/{id_}", document)["success"] is True
    arcgis.service.answer_always(Reply(500))
    assert client.ask("PUT", f"/{id_}", {**document, "secret": SECRET})["success"] is False
    arcgis.service.be_well()
    assert client.refusal("PUT", f"/{id_}", {**document, "itemId": "x"})[0] == 400
    assert client.ask("DELETE", f"/{id_}")["success"] is True
    entries = audit(arcgis_app, target=target)
    assert told(entries) == [
        ("connection.delete", "done", []),
        ("connection.update", "refused", []),
        ("connection.update", "partial", ["secret"]),
        ("connection.update", "done", ["connectionName", "enabled: false"]),
        ("connection.create", "done", []),
    ]
    assert {MANAGER in one["who"] for one in entries} == {True}
    assert SECRET not in str(entries)


def test_a_notification_of_a_feature_service_is_no_change(
    arcgis_app: RunningApp, client: ArcGisClient, arcgis: ArcGisOrganization
) -> None:
    id_ = client.create(arcgis.add_item())
    since = datetime.now(UTC).isoformat()
    assert client.post_hook(id_, b"[]", "sha256=00").status_code in {400, 401, 403}
    assert audit(arcgis_app, since=since) == []


def test_pages_go_on_where_the_one_before_ended(app: RunningApp) -> None:
    webhook = created(app)
    for number in range(3):
        patch(app, webhook, Name=f"Name {number}")
    query = {"target": f"webhooks/{webhook['WebhookId']}", "limit": "3"}
    first = app.get(AUDIT, **query).json()
    second = app.get(AUDIT, **query, continuationToken=first["continuationToken"]).json()
    assert [len(page["value"]) for page in (first, second)] == [3, 1]
    assert f"{AUDIT}?target=webhooks%2F{webhook['WebhookId']}&limit=3&continuationToken=" in first["nextLink"]
    assert second["continuationToken"] is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("user", "x"),
        ("who", "x" * 50_000),
        ("who", "a\x00b"),
        ("target", " "),
        ("since", "soon"),
        ("limit", "0"),
        ("continuationToken", "1.2"),
    ],
)
def test_a_parameter_that_is_none_is_a_400_that_names_it(app: RunningApp, name: str, value: str) -> None:
    response = app.get(AUDIT, **{name: value})
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, f"#/{name}")


def test_reading_is_not_written_down(app: RunningApp) -> None:
    webhook = created(app)
    key, _ = app.hub.api_keys.issue(user := f"{uuid.uuid4().hex}@hub.example")
    for path in (f"v1/Webhook/{webhook['WebhookId']}", "v1/events", AUDIT):
        assert app.get(path).status_code == 200
        assert app.get(path, api_key=key).status_code == 403
    assert audit(app, who=user) == []
    assert [one["action"] for one in audit(app, target=f"webhooks/{webhook['WebhookId']}")] == ["webhook.create"]
