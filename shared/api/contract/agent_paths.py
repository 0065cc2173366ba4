"""SuperOffice's agent API for webhooks: one operation an address (docs/superoffice.md). Pure."""

from collections.abc import Mapping

from shared.api.contract.parts import (
    Json,
    Operation,
    integer,
    items,
    mapping,
    members,
    nothing_or,
    parameter,
    ref,
    text,
)
from shared.api.contract.refusals import SUPEROFFICE
from shared.api.contract.security import HUB_CALLER
from shared.api.contract.superoffice_paths import HOPS, SAVED_HEADERS, SAVING, SELECT, TIME_ZONE, gone, sent, shown
from shared.api.contract.superoffice_schemas import DEFAULT, NEW_WEBHOOK, TESTED, WEBHOOK
from shared.api.parameters import MAX_WEBHOOK_ID

TAG = "Webhook agent"
_PATH = "/v1/Agents/Webhook"
_ID = parameter("webhookId", integer(minimum=0, maximum=MAX_WEBHOOK_ID), "The webhook's id.", required=True, example=1)
_DESCRIBED: Json = {
    "Method": "POST",
    "Address": "api/v1/Agents/Webhook/GetWebhook",
    "Description": "A webhook by its id.",
    "Takes": "query: webhookId, $select",
}
SCHEMAS: dict[str, Json] = {
    "TestRequest": members({"Webhook": ref("WebhookToSave")}, description="What TestWebhook takes."),
    "SignalRequest": members(
        {
            "EventName": text(pattern="^[A-Za-z0-9_.-]{1,250}$"),
            "PrimaryKey": nothing_or(integer(minimum=-(2**31), maximum=2**31 - 1)),
            "Data": nothing_or(mapping(True)),
        },
        optional=("PrimaryKey", "Data"),
        description="What SignalEvent takes.",
    ),
    "LastErrorRequest": members({"WebhookId": integer(minimum=0)}, description="What GetLastError takes."),
}


def _operation(
    method: str,
    name: str,
    id_: str,
    summary: str,
    description: str,
    made: Mapping[int, Json],
    *statuses: int,
    parameters: tuple[Json, ...] = (),
    body: Json | None = None,
) -> Operation:
    answers = {**made, **SUPEROFFICE(401, 403, 503, *statuses)}
    path = f"{_PATH}/{name}" if name else _PATH
    return Operation(method, path, id_, TAG, summary, description, answers, HUB_CALLER, parameters, body)


OPERATIONS = (
    _operation(
        "get",
        "",
        "agentListOperations",
        "The operations of the agent",
        "What there is, and what each takes.",
        {200: shown("The operations.", items(ref("AgentOperation")), [_DESCRIBED])},
    ),
    _operation(
        "get",
        "{operation}",
        "agentDescribeOperation",
        "One operation of the agent",
        "What it does, and what it takes.",
        {200: shown("The operation.", ref("AgentOperation"), _DESCRIBED)},
        404,
        parameters=(parameter("operation", text(), "Its name, in any case.", place="path", example="GetWebhook"),),
    ),
    _operation(
        "post",
        "CreateDefaultWebhook",
        "agentCreateDefaultWebhook",
        "A webhook with default values",
        "It is not saved. A body is not read.",
        {200: shown("The webhook.", ref("Webhook"), DEFAULT)},
        parameters=(TIME_ZONE,),
    ),
    _operation(
        "post",
        "SaveWebhook",
        "agentSaveWebhook",
        "Save a webhook",
        "A new one where `WebhookId` is 0 or missing; else it replaces the one with this id.",
        {200: shown("The webhook.", ref("Webhook"), WEBHOOK, headers=SAVED_HEADERS)},
        404,
        *SAVING,
        parameters=(SELECT, TIME_ZONE, HOPS),
        body=sent("WebhookToSave", {"WebhookId": 0, **NEW_WEBHOOK}),
    ),
    _operation(
        "post",
        "GetWebhook",
        "agentGetWebhook",
        "One webhook",
        "With its counters. A body is not read.",
        {200: shown("The webhook.", ref("Webhook"), WEBHOOK, headers=SAVED_HEADERS)},
        400,
        404,
        parameters=(_ID, SELECT, TIME_ZONE),
    ),
    _operation(
        "post",
        "DeleteWebhook",
        "agentDeleteWebhook",
        "Remove a webhook",
        "With its deliveries and counters. A body is not read.",
        {204: gone("It is gone.")},
        400,
        404,
        409,
        parameters=(_ID,),
    ),
    _operation(
        "post",
        "GetAllWebhooks",
        "agentListWebhooks",
        "List webhooks",
        "Ordered by id, all that pass the filters.",
        {200: shown("The webhooks.", items(ref("Webhook")), [WEBHOOK])},
        400,
        411,
        413,
        415,
        parameters=(SELECT, TIME_ZONE),
        body=sent("WebhookFilter", {"EventFilter": "window.closed"}, required=False),
    ),
    _operation(
        "post",
        "TestWebhook",
        "agentTestWebhook",
        "Send a test event",
        "To a webhook that need not be saved, and needs nothing but a target.",
        {200: shown("How it ended.", ref("TestResult"), TESTED)},
        400,
        411,
        413,
        415,
        parameters=(SELECT, HOPS),
        body=sent("TestRequest", {"Webhook": NEW_WEBHOOK}),
    ),
    _operation(
        "post",
        "SignalEvent",
        "agentSignalEvent",
        "Signal an event",
        "So many a minute. With `X-Hook-Test: true` it is ignored.",
        {204: gone("It is stored, and will be delivered.")},
        400,
        411,
        413,
        415,
        429,
        parameters=(HOPS, ref("HookTest", "parameters")),
        body=sent("SignalRequest", {"EventName": "window.closed", "PrimaryKey": 17, "Data": {"reason": "done"}}),
    ),
    _operation(
        "post",
        "GetLastError",
        "agentGetLastError",
        "How a webhook last failed",
        "In the hub's own words; empty if it never did.",
        {200: shown("A text.", text(), "HTTP 503 Service Unavailable")},
        400,
        404,
        411,
        413,
        415,
        body=sent("LastErrorRequest", {"WebhookId": 1}),
    ),
)
