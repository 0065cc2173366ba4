"""`/api/{orgId}/{itemId}/webhookConnections`: webhook connections as ArcGIS Workflow Manager's clients know them."""

import azure.functions as func

from shared.arcgis.api import refuse, serve
from shared.http import answer
from shared.hub import hub


def main(req: func.HttpRequest) -> func.HttpResponse:
    """What the endpoint says; every refusal has Workflow Manager's error body."""
    return answer(req, lambda request: serve(hub(), request), refuse=refuse)
