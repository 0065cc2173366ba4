"""What Dataverse posts: any message, and a created connection (docs/receiving.md). Pure."""

from shared.api.contract.examples import ORGANIZATION, RECORD, USER
from shared.api.contract.parts import (
    Json,
    Operation,
    body,
    empty,
    integer,
    items,
    members,
    nothing_or,
    parameter,
    ref,
    text,
)
from shared.api.contract.refusals import PROBLEMS
from shared.api.contract.security import FUNCTION_KEY

TAG = "Receiving from Dataverse"
_PATH = "/webhooks/incoming/dynamicscrm"
_STATUSES = (400, 401, 403, 411, 413, 415, 503)
_GUID = text(pattern="^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")
_PARAMETERS = items(
    members({"key": text(), "value": {}}, description="A parameter of the message."),
    "The parameters; `Target` has the row's columns.",
)
_OTHERS = (
    "PrimaryEntityId",
    "InitiatingUserAzureActiveDirectoryObjectId",
    "UserId",
    "CorrelationId",
    "OperationId",
    "RequestId",
    "Depth",
    "Stage",
    "InputParameters",
    "OutputParameters",
    "PreEntityImages",
)
SCHEMAS: dict[str, Json] = {
    "RemoteExecutionContext": members(
        {
            "MessageName": text("What was done: `Create`, `Update`, `Delete`, `Win`, ...", minLength=1),
            "PrimaryEntityName": text("The table's logical name, or `none`.", minLength=1),
            "OrganizationId": {**_GUID, "description": "The organization; not all zeros."},
            "InitiatingUserId": {**_GUID, "description": "Who started it: the user that a role is asked for."},
            "PrimaryEntityId": nothing_or(
                _GUID, "The row. Required, and not all zeros, where the message is about one row."
            ),
            "InitiatingUserAzureActiveDirectoryObjectId": {"description": "The user's object id in Entra."},
            "UserId": {"description": "The user that the step runs as; nothing is decided by it."},
            "CorrelationId": {"description": "What all requests of one operation have in common."},
            "OperationId": {"description": "Stands in for a missing CorrelationId."},
            "RequestId": {"description": "Stands in for both."},
            "Depth": {"description": "How many operations led here."},
            "Stage": integer("Where there is one, PostOperation.", enum=[40]),
            "InputParameters": {**_PARAMETERS, "type": ["array", "null"]},
            "OutputParameters": {"description": "What the message gave back; `Ids` of several rows."},
            "PreEntityImages": {"description": "The row before the change, where the step has a pre-image."},
        },
        optional=_OTHERS,
        description="A request of a webhook of Dataverse, as its data contract has it. Other members are stored and not"
        " looked at.",
    )
}
_TRIMMED = parameter(
    "x-ms-dynamics-msg-size-exceeded",
    text(),
    "Sent by Dataverse if it left out columns and images because of their size, whatever its value is.",
    place="header",
)


def _example(message: str, table: str, columns: list[Json]) -> Json:
    return {
        "MessageName": message,
        "PrimaryEntityName": table,
        "PrimaryEntityId": RECORD,
        "OrganizationId": ORGANIZATION,
        "InitiatingUserId": USER,
        "CorrelationId": "af42b822-3b92-5c82-89c3-52a6583f4140",
        "Stage": 40,
        "InputParameters": [{"key": "Target", "value": {"LogicalName": table, "Attributes": columns}}],
    }


def _reference(table: str, id_: str) -> Json:
    return {
        "__type": "EntityReference:http://schemas.microsoft.com/xrm/2011/Contracts",
        "LogicalName": table,
        "Id": id_,
    }


_UPDATED = _example("Update", "opportunity", [{"key": "name", "value": "80 bicycles for Fabrikam"}])
_LINKED = _example(
    "Create",
    "connection",
    [
        {"key": "record1id", "value": _reference("opportunity", "b8f6c781-41c9-5a89-a370-a2c6711d3691")},
        {"key": "record2id", "value": _reference("systemuser", "088071bb-1802-56ac-ae8d-7cbae6b9ba36")},
    ],
)


def _receiver(path: str, id_: str, summary: str, description: str, example: Json) -> Operation:
    return Operation(
        "post",
        path,
        id_,
        TAG,
        summary,
        description,
        {
            200: empty("Nothing new is stored: the event is stored already, or the hub does not take it."),
            201: empty("At least one event is stored now, and will be delivered."),
            **PROBLEMS(*_STATUSES),
        },
        FUNCTION_KEY,
        (_TRIMMED, ref("Hops", "parameters")),
        body(ref("RemoteExecutionContext"), example=example),
    )


OPERATIONS = (
    _receiver(
        _PATH,
        "receiveDataverseEvent",
        "Any message on any table",
        "Dataverse reports that something happened. `DYNAMICS_EVENTS` says which events are taken. Any"
        " `application/*+json` is accepted too.",
        _UPDATED,
    ),
    _receiver(
        f"{_PATH}/connection",
        "receiveConnection",
        "A created connection",
        "Dataverse reports a created connection. It is stored if it links an opportunity with a user, in this"
        " direction,"
        " and if the initiating user is a Relationship Manager.",
        _LINKED,
    ),
)
