"""`GET /api/health`: whether the app runs; `?deep=1` with an API key: whether its storage answers."""

import azure.functions as func

from shared.audit.edge import administer
from shared.audit.surfaces import HEALTH
from shared.health import deep_health, health
from shared.http import answer, json_response


def main(req: func.HttpRequest) -> func.HttpResponse:
    """200 with the version. Asked deeply: 401 without a key, 503 where storage does not answer."""
    if req.params.get("deep") != "1":
        return answer(req, lambda _: json_response(health()))
    return administer(req, HEALTH, _show)


def _show(req: func.HttpRequest) -> func.HttpResponse:
    # Imported here, so that the shallow check loads neither settings nor the storage SDKs.
    from shared.hub.hub import hub

    parts = hub()
    parts.callers.identify(req.headers)
    return json_response(deep_health(parts.storage))
