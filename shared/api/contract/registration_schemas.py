"""The schemas of the registration in Dataverse: bodies from the models that read them, and answers. Pure."""

from collections.abc import Mapping

from shared.api.contract.model_schemas import model_schemas
from shared.api.contract.parts import (
    Json,
    boolean,
    integer,
    items,
    members,
    moment,
    nothing_or,
    one_of,
    ref,
    text,
    uuid,
)
from shared.dynamics.registration.bodies import NewWebhook, StepChange, WebhookChange
from shared.dynamics.registration.ensure_bodies import MAX_EVENTS, Wanted
from shared.dynamics.registration.failure_kind import FailureKind

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
