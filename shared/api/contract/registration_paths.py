"""The registration of webhooks and steps in Dataverse (docs/dynamics.md). Pure."""

from collections.abc import Mapping

from shared.api.contract.examples import EVENT_ID, MOMENT, RECORD
from shared.api.contract.model_schemas import model_schemas
from shared.api.contract.parts import (
    Json,
    Operation,
    answer,
    body,
    boolean,
    integer,
    items,
    members,
    moment,
    nothing_or,
    one_of,
    parameter,
    ref,
    text,
    uuid,
)
from shared.api.contract.refusals import PROBLEMS
from shared.api.contract.security import HUB_CALLER
from shared.dynamics.registration.bodies import NewWebhook, StepChange, WebhookChange
from shared.dynamics.registration.ensure_bodies import MAX_EVENTS, Wanted
from shared.dynamics.registration.failure_kind import FailureKind

TAG = "Registering in Dataverse"
_PATH = "/v1/dynamics/webhooks"
_TYPES = ("application/json", "text/json")
_ID = "b982c4f6-305b-5255-9aa2-cd8a7f6d5e50"
_STEP_ID = "ac223c95-ba3e-57f6-b86a-849ecd81e1c0"
_JOB_ID = "7365d018-97cb-5b59-a256-758da83c102a"
_KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH"

_NAME = {"minLength": 1, "maxLength": 256}
_COLUMNS = {"items": text(pattern="^[a-z_][a-z0-9_]{0,127}$")}
_SOLUTION = {"pattern": "^[A-Za-z0-9_]{1,256}$", "description": "The unmanaged solution that what is made goes into."}
_URL = {"format": "uri", "maxLength": 2000}
_LIMITS: Mapping[str, Mapping[str, Json]] = {
    "NewWebhook": {"name": {**_NAME}, "url": {**_URL}, "description": {"maxLength": 2000}, "solution": {**_SOLUTION}},
    "WebhookChange": {"name": {**_NAME}, "url": {**_URL}, "description": {"maxLength": 2000}},
    "NewStep": {
        "message": {**_NAME},
        "table": {"maxLength": 256, "description": "Null, empty and `none` are a message without a table."},
        "name": {**_NAME},
        "description": {"maxLength": 256},
        "filteringAttributes": {**_COLUMNS, "description": "Of a step on Update: the columns that it waits for."},
        "runAs": {"format": "uuid", "description": "In whose name it runs; null for who saves."},
        "solution": {**_SOLUTION},
    },
    "StepChange": {
        "name": {**_NAME},
        "description": {"maxLength": 256},
        "filteringAttributes": {**_COLUMNS},
        "runAs": {"format": "uuid"},
    },
    "NewImage": {"name": {**_NAME}, "columns": {**_COLUMNS, "minItems": 1, "description": "Null for all."}},
    "WebhookKey": {"key": {"pattern": "^[A-Za-z0-9_.~=+/-]{32,128}$"}},
    "WantedEvent": {
        "event": {
            "pattern": r"^[A-Za-z_][A-Za-z0-9_]{0,127}\.[A-Za-z0-9_]+$",
            "maxLength": 250,
            "description": "The event as receivers get it, `opportunity.updated`.",
        },
        "columns": {**_COLUMNS, "minItems": 1},
    },
    "Wanted": {
        "events": {"description": f"At most {MAX_EVENTS}, at least one, each once; without it, created connections."},
        "key": {"pattern": "^[A-Za-z0-9_.~=+/-]{32,128}$", "description": "The function key that Dataverse sends."},
        "url": {**_URL, "description": "Where to; by default the address of this app's own function."},
        "name": {**_NAME},
        "solution": {**_SOLUTION},
    },
}
_NAMES = {
    "NewWebhook": "NewDataverseWebhook",
    "WebhookChange": "DataverseWebhookChange",
    "NewStep": "NewDataverseStep",
    "StepChange": "DataverseStepChange",
    "NewImage": "DataverseImage",
    "Authentication": "DataverseAuthentication",
    "Values": "AuthenticationValues",
    "Stage": "StepStage",
    "Mode": "StepMode",
    "Wanted": "EnsureWebhook",
}


def _bodies() -> dict[str, Json]:
    made: dict[str, Json] = {}
    for model in (NewWebhook, WebhookChange, StepChange, Wanted):
        made |= model_schemas(model, _LIMITS, _NAMES)
    return {
        **made,
        # The app puts its own address where there is none.
        "EnsureWebhook": {**made["EnsureWebhook"], "required": ["key"]},
        **{name: _as_change(made[name]) for name in ("DataverseWebhookChange", "DataverseStepChange")},
    }


def _as_change(schema: Json) -> Json:
    """The schema of a change, in which a member that is left out stays: the model's defaults are never used."""
    properties = schema["properties"]
    if not isinstance(properties, dict):
        raise TypeError("a model has properties")
    plain = {name: {key: part for key, part in one.items() if key != "default"} for name, one in properties.items()}
    return {**schema, "description": "Members that are left out stay as they are.", "properties": plain}


SCHEMAS: dict[str, Json] = {
    **_bodies(),
    "DataverseWebhook": members(
        {
            "id": uuid(),
            "name": text(),
            "url": text("Where Dataverse posts to; values of its query are masked."),
            "description": nothing_or(text()),
            "authentication": members(
                {
                    "type": nothing_or(text(), "`WebhookKey`, `HttpHeader` or `HttpQueryString`."),
                    "isSet": boolean("Whether Dataverse has a secret. It is never shown."),
                }
            ),
            "isManaged": boolean("Whether it belongs to a managed solution."),
            "warnings": items(text(), "Sentences about what may be a mistake or a danger."),
            "steps": items(ref("DataverseStep"), "What it is called for; not in the list of all webhooks."),
        },
        optional=("steps",),
        description="A webhook that is registered in Dataverse.",
    ),
    "DataverseStep": members(
        {
            "id": uuid(),
            "webhookId": uuid(),
            "name": text(),
            "description": nothing_or(text()),
            "message": text("`Update`, for example."),
            "table": nothing_or(text(), "Null for a message that is about no table."),
            "stage": text("`PreValidation`, `PreOperation` or `PostOperation`; a number for another one of Dataverse."),
            "mode": text("`async` or `sync`."),
            "rank": integer(),
            "filteringAttributes": items(text(), "The columns that an update must touch."),
            "asyncAutoDelete": boolean("Whether succeeded jobs are deleted."),
            "enabled": boolean(),
            "runAs": nothing_or(text(), "In whose name it runs; null for who saves."),
            "images": items(
                members(
                    {
                        "type": text("`pre`, `post` or `both`."),
                        "name": text(),
                        "columns": nothing_or(items(text()), "Null for all."),
                    }
                )
            ),
            "warnings": items(text()),
        },
        description="A step: the message on a table for which Dataverse calls the webhook.",
    ),
    "DataverseWebhookList": members({"value": items(ref("DataverseWebhook"))}, description="Complete."),
    "DataverseStepList": members({"value": items(ref("DataverseStep"))}, description="Complete."),
    "FailedJob": members(
        {
            "id": uuid(),
            "name": nothing_or(text()),
            "completedOn": nothing_or(moment()),
            "errorCode": nothing_or(text("`0x80050201`, for example.")),
            "kind": one_of(list(FailureKind), "Whether a repetition as it is would help."),
            "explanation": nothing_or(text(), "What the code means; null for one that is not known."),
            "message": nothing_or(text()),
            "friendlyMessage": nothing_or(text()),
            "recordId": nothing_or(text()),
            "recordType": nothing_or(text()),
        },
        description="A system job that failed: a request that the receiver did not take.",
    ),
    "FailedJobList": members({"value": items(ref("FailedJob"))}, description="Newest first."),
    "JobReplay": members(
        {
            "outcome": one_of(["stored", "duplicate", "ignored", "refused"]),
            "eventId": nothing_or(uuid(), "Of what was stored, now or before."),
            "reason": nothing_or(text(), "Why it was not stored."),
        },
        description="What became of a replay.",
    ),
}


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
_READING = (401, 403, 502, 503)
_WRITING = (400, 401, 403, 411, 413, 415, 502, 503)


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
    return body(ref(name), types=_TYPES, example=example)


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
        409,
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
        409,
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
        404,
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
        404,
        409,
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
        404,
        409,
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
        404,
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
        404,
        409,
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
        404,
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
        404,
        409,
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
        404,
        409,
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
        400,
        404,
        parameters=(
            _WEBHOOK,
            _STEP,
            parameter("since", moment(), "Only what failed at this time or later."),
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
        404,
        409,
        410,
        parameters=(_WEBHOOK, _STEP, _JOB),
    ),
)
