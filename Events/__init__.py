"""`/api/v1/events`: what came in, newest first, for Relationship Managers."""

import azure.functions as func

from shared.events.listing import list_events, show_event
from shared.http import answer, json_response
from shared.hub import hub


def main(req: func.HttpRequest) -> func.HttpResponse:
    """A page of events, or one event with its payload."""
    return answer(req, _show)


def _show(req: func.HttpRequest) -> func.HttpResponse:
    parts = hub()
    parts.callers.require_manager(req.headers)
    path = req.route_params.get("path", "").strip("/")
    if path:
        return json_response(show_event(parts.events, path))
    return json_response(list_events(parts.events, req.params, url=f"{parts.settings.public_url}/api/v1/events"))
