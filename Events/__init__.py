"""`/api/v1/events`: what came in, newest first, and what became of it at each receiver, for Relationship Managers.

Below it also statistics (`stats`) and the names of events (`types`); with `after`, events for those who follow.
And `audit`: who did what, for Webhook Administrators.
"""

import azure.functions as func

from shared.api.audit import list_audit
from shared.api.events import list_events, show_event
from shared.api.followed_events import follow_events, follow_query
from shared.audit.edge import administer
from shared.audit.surfaces import EVENTS
from shared.http import json_response, json_text_response, path_segments
from shared.hub.hub import Hub, process_hub
from shared.long_answers import made_in_turn


def main(req: func.HttpRequest) -> func.HttpResponse:
    """A page of events, one event with its payload, the delivery log and its replays, or a page of the audit."""
    return administer(req, EVENTS, lambda request: _serve(process_hub(), request))


def _serve(hub: Hub, req: func.HttpRequest) -> func.HttpResponse:
    segments = path_segments(req)
    url = f"{hub.settings.public_url}/api/v1/events"
    if req.method == "GET" and segments == ("audit",):
        hub.callers.require_administrator(req.headers)
        return json_response(list_audit(hub.audit, req.params, url=f"{url}/audit"))
    hub.callers.require_manager(req.headers)
    if req.method == "GET" and not segments and (followed := follow_query(req.url, req.params)) is not None:
        return made_in_turn(lambda: json_response(follow_events(hub.events, followed)))
    if req.method == "GET" and not segments:
        return made_in_turn(lambda: json_response(list_events(hub.events, req.params, url=url)))
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
