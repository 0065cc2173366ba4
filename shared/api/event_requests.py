"""Which request below `/api/v1/events` is which operation, and who may ask for it.

What only some requests need is imported where it is needed: listing events needs nothing of what calls receivers.
"""

import azure.functions as func

from shared.api.audit import list_audit
from shared.api.event_search import search_events
from shared.api.events import list_events, show_event
from shared.api.followed_events import follow_events, follow_query
from shared.http import json_response, json_text_response, path_segments
from shared.hub.hub import Hub
from shared.long_answers import made_in_turn

_ADMINISTRATORS = frozenset({("GET", "audit"), ("POST", "purge"), ("POST", "redrive")})


def serve_events(hub: Hub, req: func.HttpRequest) -> func.HttpResponse:
    """Answer a request; raises Unauthenticated, Forbidden, NotFound for an unknown path, and BadRequest."""
    segments = path_segments(req)
    if req.method == "DELETE" or (req.method, *segments) in _ADMINISTRATORS:
        hub.callers.require_administrator(req.headers)
        return _administered(hub, req, segments)
    hub.callers.require_manager(req.headers)
    if req.method == "GET" and not segments:
        return _listed(hub, req)
    return _one_segment(hub, req, segments) if req.method == "GET" and len(segments) == 1 else _delivered(hub, req)


def _administered(hub: Hub, req: func.HttpRequest, segments: tuple[str, ...]) -> func.HttpResponse:
    if req.method == "GET" and segments == ("audit",):
        return json_response(list_audit(hub.audit, req.params, url=f"{_url(hub)}/audit"))
    if req.method == "POST" and segments == ("redrive",):
        from shared.api.deliveries import serve_redrive

        return serve_redrive(hub, req)
    from shared.api.forget_requests import serve_forgetting

    return serve_forgetting(hub, req, segments)


def _listed(hub: Hub, req: func.HttpRequest) -> func.HttpResponse:
    if (followed := follow_query(req.url, req.params)) is not None:
        return made_in_turn(lambda: json_response(follow_events(hub.events, followed)))
    find = search_events if "q" in req.params else list_events
    return made_in_turn(lambda: json_response(find(hub.events, req.params, url=_url(hub))))


def _one_segment(hub: Hub, req: func.HttpRequest, segments: tuple[str, ...]) -> func.HttpResponse:
    match segments[0]:
        case "stats":
            from shared.api.event_stats import show_stats

            stats = hub.receivers.statistics
            return made_in_turn(lambda: json_response(show_stats(stats, req.params, hub.storage.now())))
        case "types":
            from shared.api.event_types import list_types

            return made_in_turn(lambda: json_response(list_types(hub.events, hub.receivers.webhooks, req.params)))
        case "deliveries":
            return _delivered(hub, req)
    return json_text_response(show_event(hub.events, segments[0]))


def _delivered(hub: Hub, req: func.HttpRequest) -> func.HttpResponse:
    from shared.api.deliveries import serve_deliveries

    return serve_deliveries(hub, req, path_segments(req))


def _url(hub: Hub) -> str:
    return f"{hub.settings.public_url}/api/v1/events"
