"""`GET /api/health`: whether the app runs; `?deep=1` with an API key: whether its storage answers."""

import azure.functions as func

from shared.health import deep_health, health
from shared.http import answer, json_response


def main(req: func.HttpRequest) -> func.HttpResponse:
    """200 with the version. Asked deeply: 401 without a key, 503 where storage does not answer."""
    return answer(req, _show)


def _show(req: func.HttpRequest) -> func.HttpResponse:
    if req.params.get("deep") != "1":
        return json_response(health())
    # Imported here, so that the shallow check loads neither settings nor the storage SDKs.
    from shared.hub import hub

    parts = hub()
    parts.callers.identify(req.headers)
    return json_response(deep_health(parts.storage))
