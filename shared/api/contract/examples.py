"""Values that several examples have: one event, one delivery, one webhook, as the app would answer them. Pure."""

EVENT_ID = "8beb086c-1bcb-5ce8-b2b5-0aec2c2b08a7"
ORGANIZATION = "3609bbbd-a041-5c9e-acb0-045d2dff171d"
RECORD = "37c7c867-d571-e911-a956-000d3a1bc3f6"
USER = "cc03d281-c95c-e911-a979-000d3a1cc8fe"
MOMENT = "2026-01-31T12:00:00.123456Z"

EVENT: dict[str, object] = {
    "id": EVENT_ID,
    "type": "opportunity.updated",
    "source": f"dynamics/{ORGANIZATION}",
    "entity": "opportunity",
    "entityId": RECORD,
    "initiator": USER,
    "receivedAt": MOMENT,
    "fieldValues": {"opportunityid": RECORD, "name": "Harbour", "estimatedvalue": 1250000.75},
    "changes": ["name", "estimatedvalue"],
    "values": None,
    "previousValues": {"name": "Port"},
    "parameters": None,
    "trimmed": False,
    "reconstructed": False,
    "truncated": False,
    "forgotten": False,
    "state": "dispatched",
}
_LAST = {"at": MOMENT, "status": 503, "errorClass": "http", "durationMs": 42}
DELIVERY: dict[str, object] = {
    "eventId": EVENT_ID,
    "webhookId": 12,
    "event": "opportunity.updated",
    "eventAt": MOMENT,
    "state": "failed",
    "attempts": 1,
    "nextAttemptAt": None,
    "replays": 0,
    "waitingReason": None,
    "waitingUntil": None,
    "last": _LAST,
}
DELIVERY_WITH_LOG: dict[str, object] = {**DELIVERY, "log": [{**_LAST, "reply": "HTTP 503 Service Unavailable"}]}
_HOUR = {
    "delivered": [3],
    "failed": [1],
    "latency": {"p50": [180], "p95": [420]},
    "duration": {"p50": [74], "p95": [210]},
    "classes": [{"http": 1}],
}
HOURS = ["2026-01-31T12:00:00Z"]
STATS: dict[str, object] = {
    "hours": HOURS,
    "webhooks": [{"id": 12, "failingSince": None, "lastCallAt": MOMENT, "lastSuccessAt": MOMENT, **_HOUR}],
    "total": _HOUR,
    "continuationToken": None,
}
AUDIT_ENTRY: dict[str, object] = {
    "at": MOMENT,
    "who": "megan@contoso.example",
    "action": "webhook.update",
    "target": "webhooks/12",
    "outcome": "done",
    "status": 200,
    "changed": ["Name"],
}
