"""Schemas of ArcGIS Workflow Manager's webhook connections, and of what services send (docs/arcgis.md). Pure."""

from shared.api.contract.listings import page_of
from shared.api.contract.model_schemas import model_schemas
from shared.api.contract.parts import Json, boolean, integer, items, members, moment, one_of, ref, text
from shared.arcgis.connection_input import (
    CHANGE_TYPES,
    MAX_SECRET_CHARACTERS,
    MIN_SECRET_CHARACTERS,
    ConnectionInput,
)

_SECRET = {"minLength": MIN_SECRET_CHARACTERS, "maxLength": MAX_SECRET_CHARACTERS}
_TOKEN = {"pattern": "^[!-~]*$"}

_LISTED: dict[str, Json] = {
    "connectionId": text(),
    "connectionName": text(),
    "enabled": boolean("Whether its notifications become events."),
    "itemId": text("The feature service's item."),
    "username": text("The user that it acts as."),
    "fallbackUsername": text("The user that is tried next; there only if there is one."),
}
_ENTRY = members(
    {
        "name": text(),
        "layerId": integer("The layer.", minimum=0),
        "orgId": text(),
        "serviceName": text("The feature service."),
        "lastUpdatedTime": {"type": ["integer", "string"]},
        "changesUrl": text("Where the changes can be read."),
        "events": items(text(), "`FeaturesEdited`, `FeaturesUpdated`, ..."),
    },
    optional=("name", "layerId", "orgId", "serviceName", "lastUpdatedTime", "changesUrl", "events"),
)
SCHEMAS: dict[str, Json] = {
    **model_schemas(
        ConnectionInput,
        {
            "ConnectionInput": {
                "connectionName": {"minLength": 1},
                "itemId": {"description": "The feature service's item; it cannot be changed later."},
                "secret": {**_SECRET, "description": "The key of signatures; `********` in an update keeps it."},
                "manageWebhook": {"description": "Whether the hub makes and changes the feature service's webhook."},
                "webhookChangeTypes": {"description": "Needed for a managed webhook."},
                "username": {"description": "The user that the connection acts as; by default the caller."},
                "userToken": {**_TOKEN, "description": "A token of theirs: their consent."},
                "fallbackUsername": {"description": "The user that is tried next."},
                "fallbackUserToken": {**_TOKEN, "description": "A token of theirs."},
            }
        },
        {"ConnectionInput": "NewConnection"},
    ),
    "ListedConnection": members(
        _LISTED, optional=("fallbackUsername",), description="A connection as the list of its item shows it."
    ),
    "ConnectionList": members({"webhookConnections": items(ref("ListedConnection"))}, description="All of the item."),
    "Connection": members(
        {
            **_LISTED,
            "webhookType": one_of(["FeatureService"]),
            "secret": text("Always masked.", const="********"),
            "webhookActive": boolean("Whether the service's webhook is active; as the hub last set it."),
            "webhookChangeTypes": items(one_of(CHANGE_TYPES)),
            "managedWebhookId": text("The id of the service's webhook."),
        },
        optional=("fallbackUsername", "webhookActive", "webhookChangeTypes", "managedWebhookId"),
        description="A connection. The last three are there if the hub made the service's webhook and the caller may"
        " manage it.",
    ),
    "ConnectionSaved": members(
        {
            "success": boolean("False if the connection is saved, and the service's webhook could not follow."),
            "connectionId": text(),
            "message": text("What went wrong, and why."),
            "name": text("Its name, `FailedToCreateManagedWebhook`."),
        },
        optional=("message", "name"),
        description="What became of a create, an update or a delete.",
    ),
    "ConnectionOverview": members(
        {
            "orgId": text(),
            "workflowItemId": text(),
            **_LISTED,
            "managed": boolean("Whether the hub made the service's webhook; for callers of the hub's own alone."),
            "created": moment(),
            "updated": moment(),
            "updatedBy": text(),
        },
        optional=("fallbackUsername", "managed"),
        description="A connection among those of all items.",
    ),
    "ConnectionOverviewPage": page_of("ConnectionOverview", "In the order of organization, item and id."),
    "ArcGisNotification": {
        "anyOf": [items(_ENTRY), _ENTRY, {"type": "string"}],
        "description": "What a feature service posts: an entry a layer, in one of the shapes that services use.",
    },
}
