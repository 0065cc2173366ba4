"""The whole document, put together from the descriptions of its operations. Pure."""

from collections.abc import Mapping

from shared.api.contract import (
    agent_paths,
    arcgis_paths,
    arcgis_schemas,
    dataverse_paths,
    delivery_paths,
    event_paths,
    event_schemas,
    page_paths,
    receiver_webhooks,
    refusals,
    registration_paths,
    registration_schemas,
    superoffice_paths,
    superoffice_schemas,
)
from shared.api.contract.parts import HEADERS, Json, Operation, integer, parameter, text
from shared.api.contract.security import SCHEMES
from shared.loops import HOPS_HEADER, MAX_HOPS, TEST_HEADER
from shared.version import __version__

_TITLE = "Dynamics 365 webhook hub"
_DESCRIPTION = """What Dataverse and ArcGIS report is stored, and delivered to the webhooks that subscribed to it.

Every operation but Health, the console and this document needs a **function key** (`x-functions-key`, or `code` in the
address), which the platform checks: a missing or wrong one is a `401` with an empty body. On top of it the
administrative operations need a **caller**: an API key, an Entra token or, for ArcGIS connections, an ArcGIS token.

Errors have one shape for each kind of API: problems (RFC 9457), SuperOffice's below `/v1/Webhook` and
`/v1/Agents/Webhook`, and Workflow Manager's at `webhookConnections`. A path or a method that no function has is the
platform's own `404`, empty. A body that comes in chunks is a `411`: send `Content-Length`."""

_TAGS = (
    (superoffice_paths.TAG, "Register, change, test and remove webhooks, as SuperOffice's REST API does it."),
    (agent_paths.TAG, "The same for SuperOffice's agent clients."),
    (event_paths.TAG, "What came in, who did what, and having it forgotten."),
    (delivery_paths.TAG, "What became of events at each webhook, and doing it again."),
    (dataverse_paths.TAG, "What webhooks of Dataverse post."),
    (registration_paths.TAG, "Webhooks, steps and failed jobs in Dataverse."),
    (arcgis_paths.TAG, "Webhook connections of ArcGIS Workflow Manager, and what feature services send."),
    (page_paths.TAG, "The console, Health, and this document."),
    (receiver_webhooks.TAG, "The requests that the hub makes."),
)
_PARAMETERS: dict[str, Json] = {
    "Hops": parameter(
        HOPS_HEADER,
        integer(minimum=0, maximum=MAX_HOPS),
        "How many deliveries led to this request: what a delivery brought along, if one did. A chain ends there.",
        place="header",
    ),
    "HookTest": parameter(
        TEST_HEADER, text(), "`true` for a test event that somebody passes on: it has no effect.", place="header"
    ),
}


def operations() -> tuple[Operation, ...]:
    """All operations, in the order of the tags."""
    return (
        *superoffice_paths.OPERATIONS,
        *agent_paths.OPERATIONS,
        *event_paths.OPERATIONS,
        *delivery_paths.OPERATIONS,
        *dataverse_paths.OPERATIONS,
        *registration_paths.OPERATIONS,
        *arcgis_paths.OPERATIONS,
        *page_paths.OPERATIONS,
    )


def schemas() -> dict[str, Json]:
    """All schemas by name."""
    parts: tuple[Mapping[str, Json], ...] = (
        refusals.SCHEMAS,
        superoffice_schemas.SCHEMAS,
        agent_paths.SCHEMAS,
        event_schemas.SCHEMAS,
        delivery_paths.SCHEMAS,
        dataverse_paths.SCHEMAS,
        registration_schemas.SCHEMAS,
        arcgis_schemas.SCHEMAS,
        page_paths.SCHEMAS,
        receiver_webhooks.SCHEMAS,
    )
    return {name: schema for part in parts for name, schema in part.items()}


def openapi_document() -> Json:
    """The document, OpenAPI 3.1."""
    paths: dict[str, Json] = {}
    for operation in operations():
        paths.setdefault(operation.path, {})[operation.method] = operation.as_json()
    kinds = (refusals.PROBLEMS, refusals.SUPEROFFICE, refusals.ARCGIS)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": _TITLE,
            "version": __version__,
            "summary": "Webhooks for what happens in Dynamics 365 and ArcGIS.",
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/api", "description": "The app that serves this document."}],
        "tags": [{"name": name, "description": description} for name, description in _TAGS],
        "paths": paths,
        "webhooks": receiver_webhooks.WEBHOOKS,
        "components": {
            "schemas": schemas(),
            "responses": {name: one for kind in kinds for name, one in kind.responses().items()},
            "parameters": _PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": SCHEMES,
        },
    }
