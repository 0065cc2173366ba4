"""A hub in which every text that a stranger can choose is the same one: each answer that the page asks for, made up."""

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route

EVENT = "0e8f7c52-6a3e-4b19-9c4d-1f2e3a4b5c6d"
STEP = "1e8f7c52-6a3e-4b19-9c4d-1f2e3a4b5c6d"
AT = "2026-11-30T12:00:00Z"
HOURS = [f"2026-11-30T{hour:02}:00:00Z" for hour in range(24)]
SCREENS = [
    "#/",
    "#/webhooks",
    "#/webhooks/7",
    "#/webhooks/7/edit",
    "#/webhooks/new",
    "#/events",
    f"#/events/{EVENT}",
    "#/deliveries",
    f"#/events/{EVENT}/deliveries/7",
    "#/dynamics",
    "#/dynamics/ensure",
    f"#/dynamics/{EVENT}",
    f"#/dynamics/{EVENT}/steps/{STEP}",
    "#/arcgis",
    "#/audit",
    "#/help",
]


def serve(tab: Page, text: str, rows: int = 1) -> None:
    """From now on the tab is answered by this hub; lists have so many rows. It refuses changes, with the text."""
    answers = _answers(text, rows)

    def answer(route: Route) -> None:
        request = route.request
        path = re.sub(r"^.*?/api/|\?.*$", "", request.url)
        if path == "console/session":
            response = route.fetch()
            session = {**response.json(), "user": text[:2000], "features": {"dynamics": True, "arcgis": True}}
            return route.fulfill(response=response, body=json.dumps(session))
        counted = "dryRun" in request.url or path.endswith("/Test")
        if request.method != "GET" and not counted:
            refusal = {"detail": text, "errors": [{"pointer": f"#/{text[:99]}", "detail": text}]}
            return route.fulfill(status=400, body=json.dumps(refusal))
        found = next(make for pattern, make in answers if re.fullmatch(pattern, path))()
        return route.fulfill(status=200, body=json.dumps(found))

    tab.route(re.compile(r"/api/(v1/|health|console/session$)"), answer)


def _answers(text: str, rows: int) -> list[tuple[str, Callable[[], Any]]]:
    # A list of many is about names that are long, and not about how much a browser can be sent.
    own = text if rows == 1 else "own"
    attempt = {"at": AT, "status": 503, "errorClass": own, "durationMs": 3, "reply": own}
    delivery = {
        "eventId": EVENT, "webhookId": 7, "event": text, "eventAt": AT, "state": "failed", "attempts": 1, "replays": 0,
        "nextAttemptAt": None, "waitingReason": None, "waitingUntil": None, "last": attempt, "log": [attempt],
    }  # fmt: skip
    named = {own: own, "__proto__": {own: [own]}, "constructor": own}
    event = {
        "id": EVENT, "type": text, "source": text, "entity": text, "entityId": text, "initiator": text,
        "receivedAt": AT, "dispatchedAt": AT, "state": "dispatched", "forgotten": False, "changes": [own], "trace": own,
        "fieldValues": named,
        "previousValues": named, "values": named, "parameters": named, "payload": named,
    }  # fmt: skip
    webhook = {
        "WebhookId": 7, "Name": text, "Events": [text], "TargetUrl": text, "Type": text, "State": "Active",
        "Description": own, "LastError": text, "Headers": named, "Properties": named, "Secret": "********",
        "ErrorsEmail": own, "ErrorEmails": [own], "ErrorAssociates": [{"Name": own}], "NotifyVia": "constructor",
        "NotifyWhen": own, "SealedHeaders": [own], "Registered": AT, "Updated": AT, "OldSecretUntil": None,
        "RegisteredAssociate": {"FullName": own}, "UpdatedAssociate": {"Name": own},
        "TotalCalls": 9, "TotalErrors": 9, "ConsecutiveErrors": 3,
    }  # fmt: skip
    zeros, ones = [0] * 24, [1] * 24
    figures = {"delivered": zeros, "failed": ones, "duration": {"p50": ones, "p95": ones}}
    each = [
        {
            "id": 7 + row,
            **figures,
            "failingSince": AT,
            "lastCallAt": AT,
            "lastSuccessAt": AT,
            "classes": [{own: 1}] * 24,
        }
        for row in range(rows)
    ]
    stats = {
        "hours": HOURS, "webhooks": each, "continuationToken": None,
        "total": {**figures, "latency": {"p50": ones, "p95": ones}, "classes": [{own: 1}] * 24},
    }  # fmt: skip
    authentication = {"type": text, "isSet": True}
    step = {
        "id": STEP, "webhookId": EVENT, "message": text, "table": text, "name": text, "enabled": True, "mode": "async",
        "stage": text, "filteringAttributes": [text], "warnings": [text],
    }  # fmt: skip
    dataverse = {
        "id": EVENT, "name": text, "url": text, "description": text, "isManaged": False, "warnings": [text],
        "authentication": authentication, "steps": [step],
    }  # fmt: skip
    job = {
        "id": EVENT, "completedOn": text, "kind": "refused", "recordType": text, "recordId": text, "errorCode": text,
        "explanation": text, "friendlyMessage": text, "message": text,
    }  # fmt: skip
    connection = {
        "orgId": text, "workflowItemId": text, "connectionId": "1", "connectionName": text, "enabled": True,
        "itemId": text, "managed": True, "username": text, "fallbackUsername": text, "updated": AT, "updatedBy": text,
    }  # fmt: skip
    entry = {"at": AT, "who": text, "action": text, "target": text, "outcome": text, "status": 200, "changed": [text]}
    counts = {"failed": 1, "held": 1, "waiting": 0, "pending": 0, "delivered": 0, "more": False}
    health = {"version": own, "poison": {own: 1}, "queues": {own: 1}, "warnings": [own]}

    def listed(one: dict[str, Any], **changing: Callable[[int], str | int]) -> Callable[[], dict[str, Any]]:
        made = [{**one, **{name: make(row) for name, make in changing.items()}} for row in range(rows)]
        return lambda: {"value": made, "continuationToken": None, "more": False}

    def uuid(row: int) -> str:
        return f"{row:08x}{EVENT[8:]}"

    return [
        ("health", lambda: health),
        ("v1/Webhook", lambda: [{**webhook, "WebhookId": 7 + row} for row in range(rows)]),
        ("v1/Webhook/Test", lambda: {"Success": False, "Message": text}),
        (r"v1/Webhook/\d+", lambda: webhook),
        ("v1/events", listed(event, id=uuid)),
        ("v1/events/stats", lambda: stats),
        ("v1/events/types", listed({"name": own, "source": "constructor"})),
        ("v1/events/audit", listed(entry, target=lambda row: f"{row}{text}")),
        ("v1/events/deliveries", listed(delivery, eventId=uuid)),
        ("v1/events/deliveries/counts", lambda: counts),
        ("v1/events/(deliveries/replay|purge)", lambda: {"count": 1, "more": False, "continuationToken": None}),
        ("v1/events/redrive", lambda: {"queues": [{"queue": text, "left": 1, "putBack": 0}], "more": False}),
        (f"v1/events/{EVENT}", lambda: event),
        (f"v1/events/{EVENT}/deliveries", listed(delivery, webhookId=lambda row: 7 + row)),
        (f"v1/events/{EVENT}/deliveries/7", lambda: delivery),
        ("v1/dynamics/webhooks", listed(dataverse, id=uuid)),
        ("v1/dynamics/webhooks/[0-9a-f-]+", lambda: dataverse),
        (f"v1/dynamics/webhooks/[0-9a-f-]+/steps/{STEP}/failures", listed(job, id=uuid)),
        ("v1/arcgis/connections", listed(connection, connectionId=str)),
    ]
