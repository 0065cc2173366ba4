"""The entities of SuperOffice's API as the hub has them (docs/superoffice.md). Pure."""

from shared.api.contract.model_schemas import model_schemas
from shared.api.contract.parts import Json, boolean, integer, items, mapping, members, nothing_or, one_of, ref, text
from shared.webhooks.webhook import MAX_NAME, WEBHOOK_TYPES, WebhookInput, WebhookState

MEDIA_TYPES = ("application/json", "text/json", "application/xml", "text/xml")
"""In which answers come; Accept chooses."""
"""In which bodies are read; any `application/*+json` too."""

_EVENT_NAME = text(pattern="^[A-Za-z0-9_.-]{1,250}$")
_STATES = [state.value for state in WebhookState if state is not WebhookState.UNKNOWN]
_TIME = text("UTC without an offset, to the second, unless the header So-Timezone asks for one.")
_NOTHING: Json = {"type": "null"}
_DICTIONARY = mapping(True)
_INPUT_LIMITS: dict[str, Json] = {
    "Name": {"minLength": 1, "maxLength": MAX_NAME},
    "Events": {
        "items": _EVENT_NAME,
        "minItems": 1,
        "maxItems": 4000,
        "description": "Names of events, exact, in any case; there are no wildcards.",
    },
    "TargetUrl": {"minLength": 1, "maxLength": 4000, "description": "Where to: https, and no private address."},
    "Secret": {
        "maxLength": 400,
        "description": "The key of signatures. `********` keeps the stored one. `whsec_` and `whsk_` as in Standard"
        " Webhooks.",
    },
    "Type": {"enum": sorted(WEBHOOK_TYPES)},
    "Headers": {"description": "Headers of each delivery, by name."},
    "Properties": {"description": "Members of each body, or extension attributes of a CloudEvent."},
    "ErrorsEmail": {"maxLength": 239, "description": "Who is told if the webhook is disabled."},
    "ErrorEmails": {"maxItems": 20, "description": "Who else."},
    "Description": {"maxLength": 4000},
    "SealedHeaders": {"description": "Headers and properties whose values are secrets whatever their names say."},
}
_ENTITY: dict[str, Json] = {
    "WebhookId": integer("0 for one that is not saved.", minimum=0),
    "Name": nothing_or(text()),
    "Events": nothing_or(items(text())),
    "TargetUrl": nothing_or(text()),
    "Secret": nothing_or(text(), "Shown in the answer to the save that set it, `********` ever after."),
    "State": nothing_or(one_of(_STATES)),
    "Type": nothing_or(one_of(sorted(WEBHOOK_TYPES))),
    "Headers": nothing_or(mapping(text()), "Secret values are `********`."),
    "Properties": nothing_or(_DICTIONARY, "Secret values are `********`."),
    "Registered": nothing_or(_TIME),
    "RegisteredAssociate": nothing_or(ref("Associate")),
    "Updated": nothing_or(_TIME),
    "UpdatedAssociate": nothing_or(ref("Associate")),
    "ErrorsEmail": nothing_or(text()),
    "ErrorEmails": nothing_or(items(text())),
    "ErrorAssociates": nothing_or(items(_DICTIONARY)),
    "Description": nothing_or(text()),
    "NotifyVia": nothing_or(text("`None`, `Email`, `InApp`, or both with a comma.")),
    "NotifyWhen": nothing_or(text("`None`, `FirstFailure`, `Disabling`, or both with a comma.")),
    "TotalCalls": nothing_or(integer("Attempts to deliver.", minimum=0)),
    "TotalErrors": nothing_or(integer("Those that failed.", minimum=0)),
    "ConsecutiveErrors": nothing_or(integer("Failures in a row.", minimum=0)),
    "LastError": nothing_or(text("How the last failed attempt ended, in the hub's own words.")),
    "SealedHeaders": nothing_or(items(text()), "The hub's own member; there only if it is set."),
    "OldSecretUntil": nothing_or(_TIME, "The hub's own member: until when a replaced secret signs too."),
}
_OWN = ("SealedHeaders", "OldSecretUntil")


def _input() -> dict[str, Json]:
    made = model_schemas(WebhookInput, {"WebhookInput": _INPUT_LIMITS}, {"WebhookInput": "WebhookToSave"})
    webhook = made["WebhookToSave"]
    properties = webhook["properties"]
    if not isinstance(properties, dict):
        raise TypeError("a model has properties")
    flags = {"type": ["string", "integer", "null"], "default": "None"}
    own = {
        "State": nothing_or(one_of(["Active", "Stopped", "TooManyErrors"], "Or its number."), "Active by default."),
        "NotifyVia": {**flags, "description": "`None`, `Email`, `InApp`, or both with a comma; or the number."},
        "NotifyWhen": {**flags, "description": "`None`, `FirstFailure`, `Disabling`, or both; or the number."},
        "WebhookId": integer("Of a save through the agent, and of a test: which webhook it is; 0 for a new one."),
    }
    description = (
        "A webhook as its owner wants it. Names of members match in any case; null and an empty text count as left out,"
        " and so do unknown members, and those that only the server sets."
    )
    return {"WebhookToSave": {**webhook, "description": description, "properties": {**properties, **own}}}


SCHEMAS: dict[str, Json] = {
    **_input(),
    "Webhook": members(
        _ENTITY, optional=_OWN, description="A webhook. With `$select` members that are not named are null."
    ),
    "WebhookWithLinks": members(
        {**_ENTITY, "_Links": members({"Self": text(format="uri"), "Archive": text(format="uri")})},
        optional=_OWN,
        description="The same with its addresses.",
    ),
    "Associate": members(
        {
            "AssociateId": nothing_or(integer()),
            "Name": nothing_or(text()),
            "PersonId": nothing_or(integer()),
            "Rank": nothing_or(integer()),
            "Tooltip": nothing_or(text()),
            "Type": nothing_or(text("`InternalAssociate`, or `SystemAssociate` for an application.")),
            "GroupIdx": nothing_or(integer()),
            "FullName": nothing_or(text()),
            "FormalName": nothing_or(text()),
            "Deleted": nothing_or(boolean()),
            "EjUserId": nothing_or(integer()),
            "UserName": nothing_or(text()),
            "ExtraFields": _NOTHING,
            "CustomFields": _NOTHING,
            "TableRight": _NOTHING,
            "FieldProperties": _NOTHING,
        },
        description="A user, in SuperOffice's form.",
    ),
    "WebhookPatch": {
        "oneOf": [
            items(
                {
                    **members(
                        {"op": one_of(["add", "replace", "remove", "test"]), "path": text(), "value": {}},
                        optional=("value",),
                    )
                },
                "A JSON Patch.",
                maxItems=1000,
            ),
            {**mapping(True), "description": "An object to merge: members that are left out stay."},
        ],
        "description": "Changes of a webhook.",
    },
    "TestResult": members(
        {
            "Success": nothing_or(boolean("Whether the receiver answered 2xx.")),
            "Message": nothing_or(text("What it answered, or why there was no answer.")),
            "TableRight": _NOTHING,
            "FieldProperties": _NOTHING,
        },
        description="The outcome of a test.",
    ),
    "EventData": nothing_or(mapping(True), "Data of an event that is signalled; null for none."),
    "AgentOperation": members(
        {"Method": text(const="POST"), "Address": text(), "Description": text(), "Takes": text()},
        description="An operation of the agent.",
    ),
    "WebhookFilter": {
        **members(
            {
                "NameFilter": nothing_or(text(maxLength=MAX_NAME)),
                "EventFilter": nothing_or(text(maxLength=250)),
                "StatusFilter": {"type": ["string", "integer", "null"]},
                "StateFilter": {"type": ["string", "integer", "null"]},
            },
            optional=("NameFilter", "EventFilter", "StatusFilter", "StateFilter"),
        ),
        "description": "Which webhooks; `StateFilter` is another name of `StatusFilter`.",
    },
}
_ASSOCIATE: Json = {
    "AssociateId": 331045249,
    "Name": "megan@contoso.example",
    "PersonId": 0,
    "Rank": 0,
    "Tooltip": None,
    "Type": "InternalAssociate",
    "GroupIdx": 0,
    "FullName": "megan@contoso.example",
    "FormalName": "megan@contoso.example",
    "Deleted": False,
    "EjUserId": 0,
    "UserName": "megan@contoso.example",
    "ExtraFields": None,
    "CustomFields": None,
    "TableRight": None,
    "FieldProperties": None,
}
WEBHOOK: Json = {
    "WebhookId": 1,
    "Name": "My handler",
    "Events": ["window.closed"],
    "TargetUrl": "https://receiver.example/hook",
    "Secret": "********",
    "State": "Active",
    "Type": "webhook",
    "Headers": None,
    "Properties": None,
    "Registered": "2026-01-31T12:00:00",
    "RegisteredAssociate": _ASSOCIATE,
    "Updated": "2026-01-31T12:00:00",
    "UpdatedAssociate": _ASSOCIATE,
    "ErrorsEmail": None,
    "ErrorEmails": [],
    "ErrorAssociates": [],
    "Description": None,
    "NotifyVia": "None",
    "NotifyWhen": "None",
    "TotalCalls": 0,
    "TotalErrors": 0,
    "ConsecutiveErrors": 0,
    "LastError": None,
}
WEBHOOK_WITH_LINKS: Json = {
    **WEBHOOK,
    "_Links": {"Self": "https://hub.example/api/v1/Webhook/1", "Archive": "https://hub.example/api/v1/Webhook"},
}
NEW_WEBHOOK: Json = {
    "Name": "My handler",
    "Events": ["window.closed"],
    "TargetUrl": "https://receiver.example/hook",
    "Secret": "correct horse battery staple",
}
DEFAULT: Json = {
    **WEBHOOK,
    "WebhookId": 0,
    "Name": None,
    "Events": ["contact.created", "contact.deleted"],
    "TargetUrl": None,
    "Secret": None,
    "Registered": "0001-01-01T00:00:00",
    "RegisteredAssociate": None,
    "Updated": "0001-01-01T00:00:00",
    "UpdatedAssociate": None,
}
TESTED: Json = {"Success": True, "Message": "HTTP 200 OK", "TableRight": None, "FieldProperties": None}
