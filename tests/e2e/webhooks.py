"""What a Relationship Manager does with webhooks through the running app."""

import json
import uuid
from typing import Any

import requests

from devhost.receiver import is_genuine
from tests.e2e.running import RunningApp
from tests.fakes.server import Received

type Json = dict[str, Any]


MASK = "********"
_JSON_TYPE = "application/json; charset=utf-8"


def request(
    app: RunningApp, method: str, path: str, body: object = None, *, query: dict[str, str] | None = None, **headers: str
) -> requests.Response:
    """Any request below /api/v1 with the manager's keys, redirects not followed; headers' underscores are hyphens.

    Bytes go as they are, anything else as JSON.
    """
    given = {"Authorization": f"Bearer {app.seed.api_key}"}
    if body is not None and not isinstance(body, bytes):
        body, given["Content-Type"] = json.dumps(body).encode(), "application/json"
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    url, params = f"{app.url}/api/v1/{path}", {"code": app.code, **(query or {})}
    return requests.request(method, url, params=params, data=body, headers=given, timeout=60, allow_redirects=False)


def is_signed(secret: str, call: Received) -> bool:
    """Whether a call has SuperOffice's signature, made with this secret."""
    return is_genuine(secret, call.body, call.headers.get("x-superoffice-signature", ""))


def refusal(response: requests.Response) -> tuple[int, str]:
    """Status and message of an answer that is an error in SuperOffice's shape, with nothing beside it."""
    error = response.json()
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert (set(error), error["Error"]) == ({"Error", "ErrorType", "ErrorMessage", "ErrorSource"}, True)
    assert error["ErrorType"].endswith("Exception")
    assert error["ErrorSource"]
    return response.status_code, error["ErrorMessage"]


def stopped(**members: object) -> Json:
    """A document that is stored without a call: its target is an address that nobody looks up."""
    target = "https://93.184.216.34/"
    return {"Name": "Stopped", "Events": [new_event_name()], "TargetUrl": target, "State": "Stopped", **members}


def created(app: RunningApp, **members: object) -> Json:
    """A stored webhook that is stopped."""
    entity: Json = ok(request(app, "POST", "Webhook", stopped(**members)))
    return entity


def ok(response: requests.Response) -> Any:  # noqa: ANN401 - whatever JSON the answer holds
    """The JSON of an answer that is a 200."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == _JSON_TYPE
    return response.json()


def one(webhook: Json) -> str:
    """The path of a webhook."""
    return f"Webhook/{webhook['WebhookId']}"


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
