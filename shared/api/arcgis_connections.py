"""`GET /api/v1/arcgis/connections`: the webhook connections of all workflow items, a page at a time.

A caller of the hub's own sees those of every organization, an ArcGIS user those of theirs.
"""

from collections.abc import Mapping
from dataclasses import replace

import azure.functions as func

from shared.api.events import page
from shared.api.parameters import parse_flag, parse_limit, parse_place, require_known
from shared.arcgis.callers import ArcGisCaller, find_arcgis_token
from shared.arcgis.connection_registry import ConnectionFilter, ConnectionRegistry
from shared.arcgis.webhook_connection import is_path_part
from shared.callers.caller import Caller
from shared.http import json_response
from shared.hub.hub import Hub
from shared.storage.scan import WorkBudget
from shared.validation import bad_field

ROUTE = "/api/v1/arcgis/connections"
PARAMETERS = ("orgId", "enabled", "limit", "continuationToken")


def serve(hub: Hub, req: func.HttpRequest) -> func.HttpResponse:
    """Answer one request of a Relationship Manager; raises the errors of shared/errors.py."""
    caller = _caller(hub, req)
    url = f"{hub.settings.public_url}{ROUTE}"
    return json_response(list_connections(hub.arcgis.connections, caller, req.params, url=url))


def list_connections(
    connections: ConnectionRegistry, caller: Caller, query: Mapping[str, str], *, url: str
) -> dict[str, object]:
    """A page of connections, in the order of organization, workflow item and id, as `page` makes it.

    `query` may hold `orgId`, `enabled`, `limit` and `continuationToken`; `url` is the address of the listing. Raises
    BadRequest, which names the parameter.
    """
    require_known(query, PARAMETERS)
    limit, asked = parse_limit(query), parse_filter(query)
    is_own = not isinstance(caller, ArcGisCaller)
    if isinstance(caller, ArcGisCaller):
        asked = replace(asked, org_id=caller.member.org_id)
    wanted = replace(asked, place=parse_place(query, asked))
    found = connections.all(wanted, page_size=limit + 1, budget=WorkBudget())
    return page(found, lambda one: one.as_overview(with_managed=is_own), query, asked, limit=limit, url=url)


def parse_filter(query: Mapping[str, str]) -> ConnectionFilter:
    """The filter in `orgId` and `enabled`; raises BadRequest."""
    org_id = query.get("orgId")
    if org_id is not None and not is_path_part(org_id):
        raise bad_field("orgId", "must be 1 to 64 letters, digits, - and _")
    return ConnectionFilter(org_id=org_id, enabled=parse_flag(query, "enabled") if "enabled" in query else None)


def _caller(hub: Hub, req: func.HttpRequest) -> Caller:
    """A Relationship Manager; raises Unauthenticated, Forbidden and Unavailable.

    An ArcGIS token counts in headers alone: in an address it would stand in logs, and no client of Esri's asks here.
    """
    token = find_arcgis_token(req.headers, {})
    if token is None:
        return hub.callers.require_manager(req.headers)
    return hub.callers.admit(hub.arcgis.services.callers.caller(token, req.params.get("orgId")))
