"""`/api/v1/dynamics/webhooks`: webhooks and steps in Dataverse, and failed jobs, for Webhook Administrators."""

import azure.functions as func

from shared.audit.edge import administer
from shared.audit.surfaces import DYNAMICS_REGISTRATION
from shared.hub.hub import Hub, process_hub

_SECONDS = 45.0
"""Dataverse takes seconds to register a step, and undoing a failed call comes on top; callers are promised 60 s."""


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """What the registration API says, or a problem."""
    return administer(
        req,
        DYNAMICS_REGISTRATION,
        lambda request: _serve(process_hub(), request),
        context=context,
        seconds=_SECONDS,
    )


def _serve(hub: Hub, req: func.HttpRequest) -> func.HttpResponse:
    hub.callers.require_administrator(req.headers)
    # Imported here: a caller who is refused needs none of it.
    from shared.api.dynamics import serve

    return serve(hub, req)
