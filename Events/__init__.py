"""`/api/v1/events`: what came in, newest first, and what became of it at each receiver, for Relationship Managers.

Below it also statistics (`stats`) and the names of events (`types`); with `after`, events for those who follow.
Webhook Administrators can have it forgotten, and find below it `audit`: who did what, and `redrive`.
"""

import azure.functions as func

from shared.api.event_requests import serve_events
from shared.audit.edge import administer
from shared.audit.surfaces import EVENTS
from shared.hub.hub import process_hub


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """A page of events, one event with its payload, the delivery log and its replays, the audit, or a redrive."""
    return administer(req, EVENTS, lambda request: serve_events(process_hub(), request), context=context)
