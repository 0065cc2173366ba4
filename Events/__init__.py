"""`/api/v1/events`: what came in, newest first, and what became of it at each receiver, for Relationship Managers.

Below it also statistics (`stats`) and the names of events (`types`); with `after`, events for those who follow.
Webhook Administrators can have it forgotten, and find below it `audit`: who did what, and `redrive`.
"""

import azure.functions as func

from shared.api.audit import list_audit
from shared.api.event_search import search_events
from shared.api.events import list_events, show_event
from shared.api.followed_events import follow_events, follow_query
from shared.audit.edge import administer
from shared.audit.surfaces import EVENTS
from shared.http import json_response, json_text_response, path_segments
from shared.hub.hub import Hub, process_hub
from shared.long_answers import made_in_turn

_FOR_ADMINISTRATORS = {("GET", "audit"), ("POST", "purge"), ("POST", "redrive")}


def main(req: func.HttpRequest) -> func.HttpResponse:
    """A page of events, one event with its payload, the delivery log and its replays, the audit, or a redrive."""
    return administer(req, EVENTS, lambda request: _serve(process_hub(), request))


def _serve(hub: Hub, req: func.HttpRequest) -> func.HttpResponse:
    segments = path_segments(req)
    if req.method == "DELETE" or (req.method, *segments) in _FOR_ADMINISTRATORS:
        hub.callers.require_administrator(req.headers)
        return _serve_administrator(hub, req, segments)
    hub.callers.require_manager(req.headers)
    if req.method == "GET" and not segments:
        return made_in_turn(lambda: json_response(_listed(hub, req)))
    if req.method == "GET" and segments == ("stats",):
        from shared.api.event_stats import show_stats

        stats = hub.receivers.statistics
        return made_in_turn(lambda: json_response(show_stats(stats, req.params, hub.storage.now())))
    if req.method == "GET" and segments == ("types",):
        from shared.api.event_types import list_types

        return made_in_turn(lambda: json_response(list_types(hub.events, hub.receivers.webhooks, req.params)))
    if req.method == "GET" and len(segments) == 1 and segments != ("deliveries",):
        return json_text_response(show_event(hub.events, segments[0]))
    # Imported here, because listing events needs nothing of what calls receivers.
    from shared.api.deliveries import serve_deliveries

    return serve_deliveries(hub, req, segments)


def _serve_administrator(hub: Hub, req: func.HttpRequest, segments: tuple[str, ...]) -> func.HttpResponse:
    if segments == ("audit",):
        return json_response(list_audit(hub.audit, req.params, url=f"{_url(hub)}/audit"))
    if segments == ("redrive",):
        from shared.api.deliveries import serve_redrive

        return serve_redrive(hub, req)
    from shared.api.forget_requests import serve_forgetting

    return serve_forgetting(hub, req, segments)


def _listed(hub: Hub, req: func.HttpRequest) -> object:
    if (followed := follow_query(req.url, req.params)) is not None:
        return follow_events(hub.events, followed)
    find = search_events if "q" in req.params else list_events
    return find(hub.events, req.params, url=_url(hub))


def _url(hub: Hub) -> str:
    return f"{hub.settings.public_url}/api/v1/events"
