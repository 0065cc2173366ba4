"""A hub moves to an empty account: every answer of its APIs is the same afterwards, but for what happened."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devhost.keys import KeyStore
from devhost.launch import keys_folder
from shared.roles.table import ROLES_TABLE, TableRoles
from tests.admin.command import admin
from tests.e2e.arcgis import ArcGisClient
from tests.e2e.running import RunningApp, running_app
from tests.e2e.webhooks import created, events_of, is_signed, ok, one, register, request, signal
from tests.fakes.receiver import Receiver
from tests.support.arcgis import HOOK_KEY, MANAGER, WORKFLOW_ITEM, ArcGisOrganization
from tests.support.patience import eventually

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
SECRET = "a secret, long enough: 1234567890"
COUNTERS = ("TotalCalls", "TotalErrors", "ConsecutiveErrors", "LastError")


def answers(app: RunningApp, api_key: str, token: str, connection_id: str) -> str:
    """What the administrative functions answer, without usage, to the keys that the first app gave out."""

    def get(path: str, **params: str) -> Any:  # noqa: ANN401 - whatever JSON the answer holds
        answer = app.get(path, api_key=api_key, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    client = ArcGisClient(app, token, WORKFLOW_ITEM)
    listed = get("v1/Webhook")
    webhooks = [get(f"v1/Webhook/{webhook['WebhookId']}") for webhook in listed]
    filters = {"NameFilter": "", "EventFilter": "", "StatusFilter": "Unknown"}
    agent = ok(request(app, "POST", "Agents/Webhook/GetAllWebhooks", filters, Authorization=f"Bearer {api_key}"))
    told = {
        "listed": listed,
        "webhooks": webhooks,
        "agent": agent,
        "connections": client.ask("GET"),
        "connection": client.ask("GET", f"/{connection_id}"),
        "health": get("health", deep="1")["warnings"],
    }
    for webhook in (*listed, *webhooks, *agent):
        for counter in COUNTERS:
            webhook.pop(counter)
    return json.dumps(told, indent=1).replace(app.url, "URL")


def test_every_answer_is_the_same_in_an_empty_account(
    new_account: Callable[[], str],
    arcgis: ArcGisOrganization,
    receiver: Receiver,
    tmp_path: Path,
) -> None:
    settings = {**arcgis.settings, "SECRETS_KEY": KEY, "ROLE_CACHE_SECONDS": "0"}
    first, second, file = new_account(), new_account(), str(tmp_path / "hub.export")
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        KeyStore(keys_folder(folder)).set_function_key("WebhookConnections", "arcgis", HOOK_KEY)
    token = arcgis.portal.sign_in(MANAGER)
    with running_app(first, tmp_path / "first", lease_seconds=60, **settings) as app:
        TableRoles(app.hub.storage.table(ROLES_TABLE)).grant(f"arcgis:{MANAGER}", "Relationship Manager")
        webhook = register(app, receiver.url, "thing.changed", Secret=SECRET)
        created(app, Headers={"Authorization": "Bearer HIDDEN", "X-Tenant": "7"})
        gone = created(app)
        assert request(app, "DELETE", one(gone)).status_code == 204
        connection_id = ArcGisClient(app, token, WORKFLOW_ITEM).create(arcgis.add_item())
        api_key, before = app.seed.api_key, answers(app, app.seed.api_key, token, connection_id)
        exported = admin("export", file, "--json", AzureWebJobsStorage=first, SECRETS_KEY=KEY)
        assert (exported.code, exported.err) == (0, "")
    imported = admin("import", file, "--json", AzureWebJobsStorage=second, SECRETS_KEY=KEY)
    assert (imported.code, imported.err) == (0, "")
    with running_app(second, tmp_path / "second", lease_seconds=60, **settings) as app:
        assert answers(app, api_key, token, connection_id) == before
        # The secret came along, and the index: an event is delivered, signed as before.
        receiver.reset()
        signal(app, "thing.changed")
        assert eventually(lambda: len(events_of(receiver.journal)) == 1)
        [call] = events_of(receiver.journal)
        assert is_signed(SECRET, call)
        assert created(app)["WebhookId"] == gone["WebhookId"] + 1
        # While the app runs, a second import changes nothing but what was changed since.
        request(app, "PATCH", one(webhook), {"Name": "Changed since"})
        again = admin("import", file, "--json", AzureWebJobsStorage=second, SECRETS_KEY=KEY)
        assert isinstance(again.json, dict)
        assert [change["what"] for change in again.json["changes"]] == [f"webhooks/{webhook['WebhookId']}"]
        assert ok(request(app, "GET", one(webhook)))["Name"] == "My handler"
