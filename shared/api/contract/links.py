"""Which operations go on with what another one answered: the links of the document. Pure."""

from collections.abc import Mapping

type Json = dict[str, object]

_WEBHOOK = {"id": "$response.body#/WebhookId"}
_DATAVERSE = {"id": "$response.body#/id"}
_STEP = {"id": "$request.path.id", "stepId": "$response.body#/id"}
_EVENT = {"id": "$response.body#/value/0/id"}
_DELIVERY = {"id": "$response.body#/value/0/eventId", "webhookId": "$response.body#/value/0/webhookId"}
_CONNECTION = {
    "orgId": "$request.path.orgId",
    "itemId": "$request.path.itemId",
    "connectionId": "$response.body#/connectionId",
}
_MAKERS: Mapping[str, tuple[str, Mapping[str, str], tuple[str, ...]]] = {
    "createWebhook": (
        "200",
        _WEBHOOK,
        ("getWebhook", "replaceWebhook", "patchWebhook", "getLastError", "deleteWebhook"),
    ),
    "registerDataverseWebhook": (
        "201",
        _DATAVERSE,
        (
            "getDataverseWebhook",
            "updateDataverseWebhook",
            "listDataverseSteps",
            "registerDataverseStep",
            "deleteDataverseWebhook",
        ),
    ),
    "registerDataverseStep": (
        "201",
        _STEP,
        ("getDataverseStep", "updateDataverseStep", "listFailedJobs", "deleteDataverseStep"),
    ),
    "listEvents": ("200", _EVENT, ("getEvent", "listDeliveriesOfEvent", "forgetEvent")),
    "listDeliveries": ("200", _DELIVERY, ("getDelivery", "replayDelivery")),
    "createConnection": ("200", _CONNECTION, ("getConnection", "updateConnection", "deleteConnection")),
}
"""What makes or lists something: with which status, where it says which one, and what can be done with it."""


def with_links(operation: str, responses: Mapping[str, Json]) -> dict[str, Json]:
    """The answers of an operation, by status, with the links of those that lead on."""
    if operation not in _MAKERS:
        return dict(responses)
    status, parameters, followers = _MAKERS[operation]
    links: Json = {name: {"operationId": name, "parameters": dict(parameters)} for name in followers}
    return {**responses, status: {**responses[status], "links": links}}
