"""`/api/{orgId}/{itemId}/webhookConnections`: which request is which operation (docs/sources/arcgis.md 1.2).

Errors have the shape of ArcGIS Workflow Manager (docs/sources/arcgis.md 1.4).
"""

from dataclasses import dataclass

import azure.functions as func

from shared.arcgis.callers import WorkflowRequest, accompanying_token, find_arcgis_token
from shared.arcgis.portal import PortalDown
from shared.arcgis.signature import HEADERS
from shared.arcgis.webhook_connection import Answer, Workflow
from shared.audit.entry import Outcome
from shared.audit.recording import note
from shared.errors import (
    BadRequest,
    Conflict,
    ContentTooLarge,
    Forbidden,
    HubError,
    LengthRequired,
    Misconfigured,
    NotFound,
    Unauthenticated,
)
from shared.http import bounded_body, error_headers, json_response
from shared.hub.hub import Hub
from shared.loops import request_hops
from shared.strict_json import parse_object

# Those with Portal, InvalidArguments, UnexpectedResults and WorkflowConfiguration are Esri's names. For other errors
# the name says what happened. The first class that an error belongs to counts.
_TYPES: tuple[tuple[type[HubError], str], ...] = (
    (PortalDown, "PortalException"),
    (Misconfigured, "WorkflowConfigurationException"),
    (BadRequest, "InvalidArgumentsException"),
    (LengthRequired, "InvalidArgumentsException"),
    (ContentTooLarge, "InvalidArgumentsException"),
    (Unauthenticated, "UnauthorizedException"),
    (Forbidden, "ForbiddenException"),
    (NotFound, "NotFoundException"),
    (Conflict, "ConflictException"),
)
_OTHER_TYPE = "UnexpectedResultsException"


@dataclass(frozen=True)
class _Path:
    """The parts of a path; those after its end are empty."""

    workflow: Workflow
    connection_id: str
    operation: str


def serve(hub: Hub, req: func.HttpRequest) -> func.HttpResponse:
    """Answer one request; raises the errors of shared/errors.py."""
    path = _path(req)
    match req.method.upper(), bool(path.connection_id), path.operation.lower():
        case "GET", True, "executewebhook":
            token = req.params.get("crc_token")
            return json_response(hub.arcgis.notifications.challenge(path.workflow, path.connection_id, token))
        case "POST", True, "executewebhook":
            signature = next(filter(None, map(req.headers.get, HEADERS)), None)
            hops = request_hops(req.headers)
            hub.arcgis.notifications.receive(path.workflow, path.connection_id, bounded_body(req), signature, hops=hops)
            return json_response({})
        case ("GET" | "POST", False, "") | ("GET" | "PUT" | "DELETE", True, ""):
            made = _administer(hub, req, path)
            _note(path.workflow, made)
            return json_response(made)
    raise NotFound(f"there is no {req.method.upper()} at this path")


def is_hook(req: func.HttpRequest) -> bool:
    """Whether a feature service sends this request, and not somebody who manages connections."""
    return (req.route_params.get("operation") or "").lower() == "executewebhook"


def refuse(error: HubError) -> func.HttpResponse:
    """The answer to an error, in Workflow Manager's shape."""
    response = json_response(arcgis_error(error), error.status)
    response.headers.update(error_headers(error))
    return response


def arcgis_error(error: HubError) -> dict[str, object]:
    """The body of the answer to an error: `{"error": {"code", "message", "type", "details"}}`. Pure."""
    wrong = error.errors if isinstance(error, BadRequest) else ()
    details = [{"field": one.pointer.removeprefix("#/"), "message": one.detail} for one in wrong]
    type_ = next((name for known, name in _TYPES if isinstance(error, known)), _OTHER_TYPE)
    return {"error": {"code": error.status, "message": error.public_detail, "type": type_, "details": details}}


def _path(req: func.HttpRequest) -> _Path:
    parts = [req.route_params.get(name, "") for name in ("orgId", "itemId", "connectionId", "operation")]
    org_id, item_id, connection_id, operation = (part or "" for part in parts)
    return _Path(Workflow.of_path(org_id, item_id), connection_id, operation)


def _administer(hub: Hub, req: func.HttpRequest, path: _Path) -> Answer:
    request = _request(hub, req, path.workflow)
    operations, id_ = hub.arcgis.services.operations, path.connection_id
    match req.method.upper():
        case "GET":
            return operations.get(request, id_) if id_ else operations.list(request)
        case "POST":
            return operations.create(request, parse_object(bounded_body(req)))
        case "PUT":
            return operations.update(request, id_, parse_object(bounded_body(req)))
    return operations.delete(request, id_)


def _note(workflow: Workflow, made: Answer) -> None:
    """Note for the audit which connection this was about, and whether the service's webhook could not follow."""
    if id_ := made.get("connectionId"):
        outcome = Outcome.PARTIAL if made.get("success") is False else None
        note(target=f"connections/{workflow.org_id}/{workflow.item_id}/{id_}", outcome=outcome)


def _request(hub: Hub, req: func.HttpRequest, workflow: Workflow) -> WorkflowRequest:
    """The request with its caller, a Relationship Manager; raises Unauthenticated, Forbidden and Unavailable."""
    referer = req.headers.get("referer")
    token = find_arcgis_token(req.headers, req.params)
    if token is None:
        return WorkflowRequest(
            workflow, hub.callers.require_manager(req.headers), referer, accompanying_token(req.headers)
        )
    caller = hub.arcgis.services.callers.caller(token, workflow.org_id)
    return WorkflowRequest(workflow, hub.callers.admit(caller), referer)
