"""`/api/v1/events`: what came in, newest first, and what became of it at each receiver, for Relationship Managers."""

import azure.functions as func

from shared.events.listing import list_events, show_event
from shared.http import answer, json_response, json_text_response
from shared.hub import hub


def main(req: func.HttpRequest) -> func.HttpResponse:
    """A page of events, one event with its payload, or the delivery log and its replays."""
    return answer(req, _serve)


def _serve(req: func.HttpRequest) -> func.HttpResponse:
    parts = hub()
    parts.callers.require_manager(req.headers)
    path = tuple(part for part in req.route_params.get("path", "").split("/") if part)
    if req.method == "GET" and not path:
        return json_response(list_events(parts.events, req.params, url=f"{parts.settings.public_url}/api/v1/events"))
    if req.method == "GET" and len(path) == 1 and path != ("deliveries",):
        return json_text_response(show_event(parts.events, path[0]))
    # Imported here: listing events needs nothing of what calls receivers.
    from shared.delivery.api import serve

    return serve(parts, req, path)
