"""`GET /api/health`: whether the app runs; `?deep=1` with an API key: whether its storage answers."""

import azure.functions as func

from shared.audit.edge import administer
from shared.audit.surfaces import HEALTH
from shared.health import deep_health, health
from shared.http import answer, json_response
from shared.hub.hub import Hub, process_hub
from shared.validation import bad_field


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """200 with the version. With `deep=1`: 401 without a key, 503 if storage does not answer."""
    if req.params.get("deep") != "1":
        # Without the hub, so that it answers whatever is wrong with a setting.
        return answer(req, _shallow, context=context)
    return administer(req, HEALTH, lambda request: _show(process_hub(), request), context=context)


def _shallow(req: func.HttpRequest) -> func.HttpResponse:
    if req.params.get("deep") not in {None, "", "0"}:
        # A monitor with a slip in it would be green for ever.
        raise bad_field("deep", "must be 1, or 0")
    return json_response(health())


def _show(hub: Hub, req: func.HttpRequest) -> func.HttpResponse:
    hub.callers.identify(req.headers)
    # Imported here: the shallow answer needs none of it.
    from shared.delivery.redrive import POISON_QUEUES, QUEUES, UNDISPATCHED_QUEUES
    from shared.keeping.retention_rules import retention_warnings

    told = deep_health(
        hub.storage,
        queues=QUEUES,
        poison_queues=POISON_QUEUES,
        undispatched=UNDISPATCHED_QUEUES,
        warnings=[
            *hub.senders.warnings(),
            *retention_warnings(hub.settings.retention_days, hub.settings.retention_payload_days),
        ],
    )
    return json_response(told)
