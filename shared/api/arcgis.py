"""`/api/{orgId}/{itemId}/webhookConnections`: which request is which operation (docs/sources/arcgis.md 1.2)."""

from dataclasses import dataclass

import azure.functions as func

from shared.arcgis.callers import Request
from shared.arcgis.error_answers import arcgis_error
from shared.arcgis.signature import HEADERS
from shared.arcgis.webhook_connection import Shown, Workflow
from shared.audit.entry import Outcome
from shared.audit.recording import note
from shared.errors import HubError, NotFound
from shared.http import bounded_body, error_headers, json_response
from shared.hub.hub import Hub
from shared.loops import request_hops
from shared.strict_json import parse_object


@dataclass(frozen=True)
class _Path:
    """Where a request goes; texts are empty where the path ends before."""

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
            shown = _administer(hub, req, path)
            _note(path.workflow, shown)
            return json_response(shown)
    raise NotFound(f"there is no {req.method.upper()} at this path")


def is_hook(req: func.HttpRequest) -> bool:
    """Whether this is a feature service's request, and no administrator's."""
    return (req.route_params.get("operation") or "").lower() == "executewebhook"


def refuse(error: HubError) -> func.HttpResponse:
    """An error in the shape that Workflow Manager has."""
    response = json_response(arcgis_error(error), error.status)
    response.headers.update(error_headers(error))
    return response


def _path(req: func.HttpRequest) -> _Path:
    parts = [req.route_params.get(name, "") for name in ("orgId", "itemId", "connectionId", "operation")]
    org_id, item_id, connection_id, operation = (part or "" for part in parts)
    return _Path(Workflow.of_path(org_id, item_id), connection_id, operation)


def _administer(hub: Hub, req: func.HttpRequest, path: _Path) -> Shown:
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


def _note(workflow: Workflow, shown: Shown) -> None:
    """Note for the audit which connection this was about, and whether its webhook went along."""
    if id_ := shown.get("connectionId"):
        outcome = Outcome.PARTIAL if shown.get("success") is False else None
        note(target=f"connections/{workflow.org_id}/{workflow.item_id}/{id_}", outcome=outcome)


def _request(hub: Hub, req: func.HttpRequest, workflow: Workflow) -> Request:
    """The caller, who is a Relationship Manager; raises Unauthenticated, NotAllowed or Unavailable."""
    from shared.arcgis.callers import accompanying_token, find_arcgis_token

    referer = req.headers.get("referer")
    token = find_arcgis_token(req.headers, req.params)
    if token is None:
        return Request(workflow, hub.callers.require_manager(req.headers), referer, accompanying_token(req.headers))
    caller = hub.arcgis.services.callers.caller(token, workflow.org_id)
    return Request(workflow, hub.callers.admit(caller), referer)
