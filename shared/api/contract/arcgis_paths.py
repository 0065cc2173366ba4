"""Webhook connections of ArcGIS Workflow Manager, and what feature services send (docs/arcgis.md). Pure."""

from collections.abc import Mapping

from shared.api.contract.listings import LIMIT, TOKEN, example_page
from shared.api.contract.parts import (
    Json,
    Operation,
    answer,
    body,
    boolean,
    members,
    parameter,
    ref,
    text,
)
from shared.api.contract.refusals import ARCGIS, PROBLEMS
from shared.api.contract.security import ARCGIS_CALLER, ARCGIS_CALLER_IN_HEADERS, FUNCTION_KEY

TAG = "ArcGIS connections"
_PATH = "/{orgId}/{itemId}/webhookConnections"
_ONE = f"{_PATH}/{{connectionId}}"
_CONNECTION_ID = "yGJ98kd1X82UVdQI3JQm5g"
_ITEM = "0123456789abcdef0123456789abcdef"
_PART = text(pattern="^[A-Za-z0-9_-]{1,64}$")

_ORG = parameter("orgId", _PART, "The organization in ArcGIS.", place="path")
_WORKFLOW = parameter("itemId", _PART, "The item of Workflow Manager.", place="path")
_CONNECTION = parameter("connectionId", text(minLength=1), "The connection's id.", place="path")
_ACCOMPANYING = parameter(
    "Referer", text(), "Goes to the portal with an ArcGIS token, which can be bound to it.", place="header"
)
_SAVED: Json = {"success": True, "connectionId": _CONNECTION_ID}
_LISTED_EXAMPLE: Json = {
    "connectionId": _CONNECTION_ID,
    "connectionName": "Parcels",
    "enabled": True,
    "itemId": _ITEM,
    "username": "megan_manager",
}
_INPUT: Json = {
    "connectionName": "Parcels",
    "itemId": _ITEM,
    "webhookType": "FeatureService",
    "secret": "quay-lamp-otter-seven",
    "enabled": True,
    "manageWebhook": True,
    "webhookChangeTypes": ["FeaturesEdited"],
}
# The body is read as JSON, whatever Content-Type says.
_BODY = body(ref("NewConnection"), example=_INPUT)


def _operation(
    method: str,
    path: str,
    id_: str,
    summary: str,
    description: str,
    made: Mapping[int, Json],
    *statuses: int,
    sent: Json | None = None,
) -> Operation:
    ids = (_ORG, _WORKFLOW, *((_CONNECTION,) if "{connectionId}" in path else ()))
    answers = {**made, **ARCGIS(400, 401, 403, 503, *statuses)}
    return Operation(method, path, id_, TAG, summary, description, answers, ARCGIS_CALLER, (*ids, _ACCOMPANYING), sent)


def _saved(description: str) -> dict[int, Json]:
    return {200: answer(description, ref("ConnectionSaved"), example=_SAVED)}


_PARTIAL = " `success` is false if it is saved and the service's webhook could not follow."
OPERATIONS = (
    _operation(
        "get",
        _PATH,
        "listConnections",
        "List the connections of an item",
        "All of them.",
        {200: answer("The list.", ref("ConnectionList"), example={"webhookConnections": [_LISTED_EXAMPLE]})},
    ),
    _operation(
        "post",
        _PATH,
        "createConnection",
        "Create a connection",
        "A caller with an ArcGIS token consents for herself; any other names `username` with `userToken`. The body is"
        " read as JSON, whatever its Content-Type." + _PARTIAL,
        _saved("It is stored."),
        411,
        413,
        sent=_BODY,
    ),
    _operation(
        "get",
        _ONE,
        "getConnection",
        "One connection",
        "An unknown one is a 400, as in Esri's reference.",
        {
            200: answer(
                "The connection.",
                ref("Connection"),
                example={**_LISTED_EXAMPLE, "webhookType": "FeatureService", "secret": "********"},
            )
        },
    ),
    _operation(
        "put",
        _ONE,
        "updateConnection",
        "Replace a connection",
        "The secret `********` keeps the stored one." + _PARTIAL,
        _saved("It is stored."),
        409,
        411,
        413,
        sent=_BODY,
    ),
    _operation(
        "delete",
        _ONE,
        "deleteConnection",
        "Remove a connection",
        "And the service's webhook, if the caller may manage that." + _PARTIAL,
        _saved("It is gone."),
    ),
    Operation(
        "get",
        f"{_ONE}/executeWebhook",
        "answerChallenge",
        TAG,
        "A feature service's challenge",
        "Asked when the service's webhook is made.",
        {
            200: answer(
                "The signature of the token.",
                members({"response_token": text(pattern="^sha256=")}),
                example={"response_token": "sha256=9Gm0O0yGJ98kd1X82UVdQI3JQm5gQm0O0yGJ98kd1X8="},
            ),
            **ARCGIS(400, 401, 404, 503),
        },
        FUNCTION_KEY,
        (
            _ORG,
            _WORKFLOW,
            _CONNECTION,
            parameter("crc_token", text(minLength=1, maxLength=256), "What to sign: base64 or a GUID.", required=True),
        ),
    ),
    Operation(
        "post",
        f"{_ONE}/executeWebhook",
        "receiveNotification",
        TAG,
        "A feature service's notification",
        "Each layer becomes an event `feature.*`. The signature, over the bytes of the body, shows that it is the"
        " service's; a form has it in its field `x-esriHook-Signature`. Of a disabled connection nothing is stored.",
        {
            200: answer("Taken.", {"type": "object", "maxProperties": 0}, example={}),
            **ARCGIS(400, 401, 404, 411, 413, 503),
        },
        FUNCTION_KEY,
        (
            _ORG,
            _WORKFLOW,
            _CONNECTION,
            parameter("x-esriHook-Signature", text(), "`sha256=` and the signature of the body.", place="header"),
            ref("Hops", "parameters"),
        ),
        body(
            ref("ArcGisNotification"),
            types=("application/json", "application/x-www-form-urlencoded"),
            example=[{"layerId": 0, "serviceName": "Parcels", "changesUrl": "", "events": ["FeaturesEdited"]}],
        ),
    ),
    Operation(
        "get",
        "/v1/arcgis/connections",
        "listAllConnections",
        TAG,
        "List the connections of all items",
        "Not one of Esri's. A caller of the hub's own sees all organizations, an ArcGIS user their own one, without"
        " `managed`; another `orgId` is a 403 for them.",
        {
            200: answer(
                "A page.",
                ref("ConnectionOverviewPage"),
                example=example_page(
                    {
                        "orgId": "Org",
                        "workflowItemId": "fedcba9876543210fedcba9876543210",
                        **_LISTED_EXAMPLE,
                        "managed": True,
                        "created": "2026-01-31T12:00:00.000000Z",
                        "updated": "2026-01-31T12:00:00.000000Z",
                        "updatedBy": "megan_manager",
                    }
                ),
            ),
            **PROBLEMS(400, 401, 403, 503),
        },
        ARCGIS_CALLER_IN_HEADERS,
        (
            parameter("orgId", _PART, "Of this organization alone."),
            parameter("enabled", boolean(), "Only those that are, or are not, enabled."),
            LIMIT,
            TOKEN,
        ),
    ),
)
