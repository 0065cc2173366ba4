"""`/api/{orgId}/{itemId}/webhookConnections`: webhook connections as ArcGIS Workflow Manager's clients know them."""

import azure.functions as func

from shared.audit.edge import administer
from shared.audit.surfaces import WEBHOOK_CONNECTIONS
from shared.http import answer
from shared.hub.hub import process_hub


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """What the endpoint says; every refusal has Workflow Manager's error body."""
    # Imported here, so that the cold start of another function does not wait for it.
    from shared.api.arcgis import is_hook, refuse

    if is_hook(req):
        return answer(req, _serve, context=context, refuse=refuse)
    return administer(req, WEBHOOK_CONNECTIONS, _serve, context=context, refuse=refuse)


def _serve(req: func.HttpRequest) -> func.HttpResponse:
    from shared.api.arcgis import serve

    return serve(process_hub(), req)
