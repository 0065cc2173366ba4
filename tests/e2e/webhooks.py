"""What a Relationship Manager does with webhooks through the running app."""

import uuid
from typing import Any

from tests.e2e.running import RunningApp
from tests.fakes.server import Received

type Json = dict[str, Any]


def new_event_name() -> str:
    """The name of an event that nothing else subscribes to."""
    return f"e{uuid.uuid4().hex}.changed"


def register(app: RunningApp, target_url: str, *events: str, **members: object) -> Json:
    """Register an active webhook; the entity that was stored."""
    document = {"Name": "My handler", "TargetUrl": target_url, "Events": list(events), **members}
    response = app.send("POST", "v1/Webhook", document)
    assert response.status_code == 200, response.text
    entity: Json = response.json()
    return entity


def patch(app: RunningApp, webhook: Json, **members: object) -> Json:
    """Change some members of a webhook; the entity that was stored."""
    response = app.send("PATCH", f"v1/Webhook/{webhook['WebhookId']}", members)
    assert response.status_code == 200, response.text
    entity: Json = response.json()
    return entity


def state_of(app: RunningApp, webhook: Json) -> str:
    """Its state."""
    return str(app.get(f"v1/Webhook/{webhook['WebhookId']}").json()["State"])


def signal(app: RunningApp, name: str, primary_key: int = 1, **data: object) -> None:
    """Signal an event."""
    response = app.send("POST", f"v1/Webhook/{name}/{primary_key}", data)
    assert response.status_code == 204, response.text


def deliveries(app: RunningApp, webhook: Json, **filters: str) -> list[Json]:
    """What the log has on a webhook, newest event first."""
    found: list[Json] = app.get("v1/events/deliveries", webhook=str(webhook["WebhookId"]), **filters).json()["value"]
    return found


def states(app: RunningApp, webhook: Json) -> list[str]:
    """The states of its deliveries."""
    return [delivery["state"] for delivery in deliveries(app, webhook)]


def attempts(app: RunningApp, delivery: Json) -> list[Json]:
    """The attempts at a delivery, in their order."""
    made: list[Json] = app.get(f"v1/events/{delivery['eventId']}/deliveries/{delivery['webhookId']}").json()["log"]
    return made


def replay(app: RunningApp, webhook: Json, **filters: str) -> Json:
    """Replay, or count, what the filters let through."""
    response = app.send("POST", "v1/events/deliveries/replay", webhook=str(webhook["WebhookId"]), **filters)
    assert response.status_code in {200, 202}, response.text
    told: Json = response.json()
    return told


def events_of(journal: list[Received]) -> list[Received]:
    """What a receiver got, without handshakes and test events."""
    return [call for call in journal if call.method == "POST" and "x-hook-test" not in call.headers]
