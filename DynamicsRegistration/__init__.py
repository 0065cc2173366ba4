"""`/api/v1/dynamics/webhooks`: webhooks and steps in Dataverse, and failed jobs, for Webhook Administrators."""

import azure.functions as func

from shared.audit.edge import administer
from shared.audit.surfaces import DYNAMICS_REGISTRATION
from shared.hub.hub import hub

_SECONDS = 45.0
"""Dataverse takes seconds to register a step; taking back what failed may come on top, and 60 s are promised."""


def main(req: func.HttpRequest) -> func.HttpResponse:
    """What the registration API says, or a problem."""
    return administer(req, DYNAMICS_REGISTRATION, _serve, seconds=_SECONDS)


def _serve(req: func.HttpRequest) -> func.HttpResponse:
    parts = hub()
    parts.callers.require_administrator(req.headers)
    # Imported here: a caller who is not let in needs nothing of it.
    from shared.api.dynamics import serve

    return serve(parts, req)
