"""The registration of webhooks and steps in Dataverse (docs/dynamics.md). Pure."""

from collections.abc import Mapping

from shared.api.contract.examples import EVENT_ID, MOMENT, RECORD
from shared.api.contract.parts import (
    Json,
    Operation,
    answer,
    body,
    integer,
    moment,
    one_of,
    parameter,
    ref,
    uuid,
)
from shared.api.contract.refusals import PROBLEMS
from shared.api.contract.security import HUB_CALLER
from shared.dynamics.registration.failure_kind import FailureKind

TAG = "Registering in Dataverse"
_PATH = "/v1/dynamics/webhooks"
_ID = "b982c4f6-305b-5255-9aa2-cd8a7f6d5e50"
_STEP_ID = "ac223c95-ba3e-57f6-b86a-849ecd81e1c0"
_JOB_ID = "7365d018-97cb-5b59-a256-758da83c102a"
_KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH"


def _id(name: str, what: str) -> Json:
    return parameter(name, uuid(), f"The id of {what} in Dataverse.", place="path")


_WEBHOOK, _STEP, _JOB = _id("id", "the webhook"), _id("stepId", "the step"), _id("jobId", "the failed job")
_EXAMPLE_STEP: Json = {
    "id": _STEP_ID,
    "webhookId": _ID,
    "name": "Update of opportunity",
    "description": None,
    "message": "Update",
    "table": "opportunity",
    "stage": "PostOperation",
    "mode": "async",
    "rank": 1,
    "filteringAttributes": ["name"],
    "asyncAutoDelete": True,
    "enabled": True,
    "runAs": None,
    "images": [{"type": "pre", "name": "PreImage", "columns": ["name"]}],
    "warnings": [],
}
_EXAMPLE: Json = {
    "id": _ID,
    "name": "Webhook hub",
    "url": "https://hub.example/api/webhooks/incoming/dynamicscrm",
    "description": None,
    "authentication": {"type": "WebhookKey", "isSet": True},
    "isManaged": False,
    "warnings": [],
    "steps": [_EXAMPLE_STEP],
}
_LISTED = {name: value for name, value in _EXAMPLE.items() if name != "steps"}
_NEW_STEP: Json = {"message": "Update", "table": "opportunity", "filteringAttributes": ["name"]}
_MADE = {"Location": ref("Location", "headers")}
# Dataverse itself may answer any of 400, 404, 405 and 412, which are passed on as 400, 404 and 409.
_READING = (400, 401, 403, 404, 409, 502, 503)
_WRITING = (*_READING, 411, 413, 415)


def _operation(
    method: str,
    path: str,
    id_: str,
    summary: str,
    description: str,
    made: Mapping[int, Json],
    *statuses: int,
    parameters: tuple[Json, ...] = (),
    sent: Json | None = None,
) -> Operation:
    answers = {**made, **PROBLEMS(*statuses)}
    told = f"{description} For Webhook Administrators."
    return Operation(method, _PATH + path, id_, TAG, summary, told, answers, HUB_CALLER, parameters, sent)


def _sent(name: str, example: Json) -> Json:
    return body(ref(name), example=example)


_GONE: dict[int, Json] = {
    204: {"description": "It is gone.", "headers": {"X-Content-Type-Options": ref("NoSniff", "headers")}}
}

OPERATIONS = (
    _operation(
        "get",
        "",
        "listDataverseWebhooks",
        "List webhooks in Dataverse",
        "All webhooks of the organization, without their steps.",
        {200: answer("The webhooks.", ref("DataverseWebhookList"), example={"value": [_LISTED]})},
        *_READING,
    ),
    _operation(
        "post",
        "",
        "registerDataverseWebhook",
        "Register a webhook in Dataverse",
        "With its steps, all or nothing.",
        {201: answer("It is registered.", ref("DataverseWebhook"), headers=_MADE, example=_EXAMPLE)},
        *_WRITING,
        sent=_sent(
            "NewDataverseWebhook",
            {
                "name": "Webhook hub",
                "url": "https://hub.example/api/webhooks/incoming/dynamicscrm",
                "authentication": {"type": "WebhookKey", "key": _KEY},
                "steps": [_NEW_STEP],
            },
        ),
    ),
    _operation(
        "post",
        "/ensure",
        "ensureDataverseWebhook",
        "Have events posted to this app",
        "Makes or corrects the webhooks and steps that bring these events here; doing it again changes nothing. Without"
        " `events` it is about created connections, and the answer is one webhook; with `events` a list.",
        {
            200: answer(
                "All was there.",
                {"anyOf": [ref("DataverseWebhookList"), ref("DataverseWebhook")]},
                example={"value": [_EXAMPLE]},
            ),
            201: answer(
                "Something was made.",
                {"anyOf": [ref("DataverseWebhookList"), ref("DataverseWebhook")]},
                example={"value": [_EXAMPLE]},
            ),
        },
        *_WRITING,
        sent=_sent(
            "EnsureWebhook",
            {"key": _KEY, "events": [{"event": "opportunity.updated", "columns": ["name"], "preImage": True}]},
        ),
    ),
    _operation(
        "get",
        "/{id}",
        "getDataverseWebhook",
        "One webhook in Dataverse",
        "With its steps.",
        {200: answer("The webhook.", ref("DataverseWebhook"), example=_EXAMPLE)},
        *_READING,
        parameters=(_WEBHOOK,),
    ),
    _operation(
        "patch",
        "/{id}",
        "updateDataverseWebhook",
        "Change a webhook in Dataverse",
        "Members that are left out stay. Another `url` only together with `authentication`.",
        {200: answer("The webhook.", ref("DataverseWebhook"), example=_EXAMPLE)},
        *_WRITING,
        parameters=(_WEBHOOK,),
        sent=_sent("DataverseWebhookChange", {"name": "Webhook hub"}),
    ),
    _operation(
        "delete",
        "/{id}",
        "deleteDataverseWebhook",
        "Delete a webhook in Dataverse",
        "With its steps, all or nothing. One of a managed solution is a 409.",
        _GONE,
        *_READING,
        parameters=(_WEBHOOK,),
    ),
    _operation(
        "get",
        "/{id}/steps",
        "listDataverseSteps",
        "The steps of a webhook",
        "All of them.",
        {200: answer("The steps.", ref("DataverseStepList"), example={"value": [_EXAMPLE_STEP]})},
        *_READING,
        parameters=(_WEBHOOK,),
    ),
    _operation(
        "post",
        "/{id}/steps",
        "registerDataverseStep",
        "Register a step",
        "A second one for the same message, table and stage is a 409.",
        {201: answer("It is registered.", ref("DataverseStep"), headers=_MADE, example=_EXAMPLE_STEP)},
        *_WRITING,
        parameters=(_WEBHOOK,),
        sent=_sent("NewDataverseStep", _NEW_STEP),
    ),
    _operation(
        "get",
        "/{id}/steps/{stepId}",
        "getDataverseStep",
        "One step",
        "As Dataverse has it.",
        {200: answer("The step.", ref("DataverseStep"), example=_EXAMPLE_STEP)},
        *_READING,
        parameters=(_WEBHOOK, _STEP),
    ),
    _operation(
        "patch",
        "/{id}/steps/{stepId}",
        "updateDataverseStep",
        "Change a step",
        "Members that are left out stay; `images` take the place of all that it has.",
        {200: answer("The step.", ref("DataverseStep"), example=_EXAMPLE_STEP)},
        *_WRITING,
        parameters=(_WEBHOOK, _STEP),
        sent=_sent("DataverseStepChange", {"enabled": False}),
    ),
    _operation(
        "delete",
        "/{id}/steps/{stepId}",
        "deleteDataverseStep",
        "Delete a step",
        "Its failed jobs stay in Dataverse.",
        _GONE,
        *_READING,
        parameters=(_WEBHOOK, _STEP),
    ),
    _operation(
        "get",
        "/{id}/steps/{stepId}/failures",
        "listFailedJobs",
        "The failed jobs of a step",
        "Newest first.",
        {
            200: answer(
                "The jobs.",
                ref("FailedJobList"),
                example={
                    "value": [
                        {
                            "id": _JOB_ID,
                            "name": "Webhook hub",
                            "completedOn": MOMENT,
                            "errorCode": "0x80050201",
                            "kind": "refused",
                            "explanation": "the receiver answered with a status other than 200 to 299",
                            "message": "403 Forbidden",
                            "friendlyMessage": None,
                            "recordId": RECORD,
                            "recordType": "opportunity",
                        }
                    ]
                },
            )
        },
        *_READING,
        parameters=(
            _WEBHOOK,
            _STEP,
            parameter("since", moment(), "Only what failed at this time or later."),
            parameter("until", moment(), "Only what failed at this time or earlier."),
            parameter("kind", one_of(list(FailureKind)), "Only failures of this kind."),
            parameter("top", integer(minimum=1, maximum=500, default=100), "How many at most."),
        ),
    ),
    _operation(
        "post",
        "/{id}/steps/{stepId}/failures/{jobId}/replay",
        "replayFailedJob",
        "Replay a failed job",
        "The row is read again, and judged as the lost request would have been.",
        {
            200: answer(
                "What became of it.",
                ref("JobReplay"),
                example={"outcome": "stored", "eventId": EVENT_ID, "reason": None},
            )
        },
        *_READING,
        410,
        parameters=(_WEBHOOK, _STEP, _JOB),
    ),
)
