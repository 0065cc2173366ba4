"""Listings of deliveries, counts, search and redrive through the running app."""

from functools import partial

import pytest
import requests

from shared.roles.table import ROLES_TABLE, TableRoles
from tests.e2e.running import RunningApp
from tests.e2e.webhooks import deliveries, new_event_name, register, signal
from tests.fakes.receiver import Receiver
from tests.support.patience import eventually


def has(app: RunningApp, webhook: dict[str, object], count: int) -> bool:
    return len(deliveries(app, webhook)) == count


def test_what_a_webhook_got_is_listed_newest_first_counted_and_found(app: RunningApp, receiver: Receiver) -> None:
    name = new_event_name()
    webhook = register(app, receiver.url, name)
    for number in (1, 2):
        signal(app, name, number)
        assert eventually(partial(has, app, webhook, number))
    found = app.get("v1/events/deliveries", order="time", type=name).json()["value"]
    assert [(one["webhookId"], one["last"]["status"]) for one in found] == [(webhook["WebhookId"], 200)] * 2
    assert found[0]["eventAt"] > found[1]["eventAt"]
    mine = app.get("v1/events/deliveries", order="time", webhook=str(webhook["WebhookId"]), status="2xx").json()
    assert mine["value"] == found
    counts = app.get("v1/events/deliveries/counts", webhook=str(webhook["WebhookId"])).json()
    assert counts == {"pending": 0, "delivered": 2, "failed": 0, "held": 0, "waiting": 0, "more": False}
    whole = app.get(f"v1/events/{found[0]['eventId']}/deliveries", log="true").json()["value"]
    assert [(one["webhookId"], len(one["log"])) for one in whole] == [(webhook["WebhookId"], 1)]
    searched = app.get("v1/events", q=found[0]["eventId"][4:30].upper()).json()
    assert [one["id"] for one in searched["value"]] == [found[0]["eventId"]]
    assert searched["scannedUntil"]


@pytest.mark.parametrize("parameter", [{"q": "x" * 10_000}, {"q": "x", "Limit": "1"}])
def test_a_search_that_cannot_be_made_is_refused(app: RunningApp, parameter: dict[str, str]) -> None:
    assert app.get("v1/events", **parameter).status_code in {400, 414}


def test_an_administrator_redrives_and_the_audit_says_so(app: RunningApp) -> None:
    dry = app.send("POST", "v1/events/redrive", dryRun="true")
    assert dry.status_code == 200
    assert {one["queue"] for one in dry.json()["queues"]} >= {"events-poison", "wakeups"}
    assert app.send("POST", "v1/events/redrive").status_code == 202
    (entry,) = app.get("v1/events/audit", target="queues", limit="1").json()["value"]
    assert (entry["action"], entry["outcome"]) == ("queue.redrive", "done")


def test_a_relationship_manager_alone_may_not_redrive(app: RunningApp) -> None:
    TableRoles(app.hub.storage.table(ROLES_TABLE)).grant("listings@hub.example", "Relationship Manager")
    key, _ = app.hub.api_keys.issue("listings@hub.example")
    assert app.get("v1/events/deliveries/counts", api_key=key).status_code == 200
    headers = {"Authorization": f"Bearer {key}"}
    answer = requests.post(f"{app.url}/api/v1/events/redrive", params={"code": app.code}, headers=headers, timeout=30)
    assert answer.status_code == 403
