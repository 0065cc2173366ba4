"""What is far too long is refused by its name, wherever a client can write it, and storage is not asked."""

from collections.abc import Mapping

import pytest

from tests.e2e.running import RunningApp
from tests.e2e.webhooks import refusal, request
from tests.support.cases import holds_for

LONG = "x" * 50_000
ID = "0d8f7c52-6a3e-4b19-9c4d-1f2e3a4b5c6d"
FILTERS = ("since", "until", "limit", "continuationToken")
# Method, path below /api/v1, the parameter; its name as the answer gives it.
PARAMETERS = [
    *[("GET", "events", name, name) for name in ("type", *FILTERS)],
    *[("GET", "events/deliveries", name, name) for name in ("webhook", "state", *FILTERS)],
    *[
        ("POST", "events/deliveries/replay", name, name)
        for name in ("webhook", "state", "since", "until", "continuationToken", "dryRun")
    ],
    *[("GET", f"events/{ID}/deliveries", name, name) for name in ("limit", "continuationToken")],
    ("GET", "Webhook", "nameFilter", "NameFilter"),
    ("GET", "Webhook", "eventFilter", "EventFilter"),
    ("GET", "Webhook", "statusFilter", "StatusFilter"),
    ("GET", "Webhook", "$top", "$top"),
    ("GET", "Webhook", "$skip", "$skip"),
]
PATHS = [
    ("GET", f"events/{LONG}", 404),
    ("GET", f"events/{LONG}/deliveries", 404),
    ("GET", f"events/{ID}/deliveries/{LONG}", 404),
    ("POST", f"events/{ID}/deliveries/{LONG}/replay", 404),
    ("GET", f"Webhook/{LONG}", 404),
    ("DELETE", f"Webhook/{LONG}", 404),
    ("GET", f"Webhook/{LONG}/LastError", 404),
    ("POST", f"Webhook/{LONG}/1", 400),
    ("POST", f"Webhook/long.x/{LONG}", 400),
    ("GET", f"Agents/Webhook/{LONG}", 404),
    ("POST", f"Agents/Webhook/GetWebhook?webhookId={LONG}", 404),
    ("POST", f"Agents/Webhook/DeleteWebhook?webhookId={LONG}", 404),
]
BODIES: list[tuple[str, Mapping[str, object], int]] = [
    ("GetAllWebhooks", {"NameFilter": LONG}, 400),
    ("GetAllWebhooks", {"EventFilter": LONG}, 400),
    ("GetAllWebhooks", {"StatusFilter": LONG}, 400),
    ("GetLastError", {"WebhookId": LONG}, 404),
    ("SignalEvent", {"EventName": LONG, "PrimaryKey": 1}, 400),
    ("SaveWebhook", {"WebhookId": LONG, "Name": "n", "Events": ["a.b"]}, 404),
]

REPLY = "storage is out of reach"


@holds_for(("method", "path", "parameter", "named"), PARAMETERS)
def test_a_parameter_that_is_far_too_long_is_refused_by_its_name(
    app: RunningApp, method: str, path: str, parameter: str, named: str
) -> None:
    answer = request(app, method, path, query={parameter: LONG})
    told = answer.json()
    message = told.get("detail") or told.get("ErrorMessage")
    assert (answer.status_code, message.split()[0]) == (400, named)
    assert len(message) < 500


@holds_for(("method", "path", "status"), PATHS)
def test_a_path_that_is_far_too_long_leads_nowhere(app: RunningApp, method: str, path: str, status: int) -> None:
    answer = request(app, method, path)
    assert (answer.status_code, len(answer.text) < 500, REPLY in answer.text) == (status, True, False)


@pytest.mark.parametrize(("operation", "body", "status"), BODIES, ids=map(str, range(len(BODIES))))
def test_a_member_that_is_far_too_long_is_refused(
    app: RunningApp, operation: str, body: Mapping[str, object], status: int
) -> None:
    answered, message = refusal(request(app, "POST", f"Agents/Webhook/{operation}", body))
    assert (answered, len(message) < 500) == (status, True)


@holds_for(
    "path",
    [
        f"v1/dynamics/webhooks/{LONG}",
        f"v1/dynamics/webhooks/{ID}/steps/{LONG}",
        f"v1/dynamics/webhooks/{ID}/steps/{ID}/failures?since={LONG}",
        f"v1/dynamics/webhooks/{ID}/steps/{ID}/failures?top={LONG}",
        f"{LONG}/item/webhookConnections",
        f"org/{LONG}/webhookConnections",
        f"org/item/webhookConnections/{LONG}",
        f"org/item/webhookConnections/{LONG}/executeWebhook?crc_token={LONG}",
        f"org/item/webhookConnections?token={LONG}",
        f"health?deep={LONG}",
    ],
)
def test_no_address_makes_what_is_too_long_an_outage(app: RunningApp, path: str) -> None:
    path, _, query = path.partition("?")
    answer = app.get(path, **dict([query.split("=")] if query else []))
    assert answer.status_code < 500
    assert len(answer.text) < 1000
