"""`/api/v1/Webhook`: register, read, change, test and remove webhooks through SuperOffice's REST API."""

import azure.functions as func

from shared.audit.edge import administer
from shared.audit.surfaces import WEBHOOK_ADMIN
from shared.hub.hub import process_hub


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """What the endpoint answers; every refusal has SuperOffice's error body."""
    # Imported here, so that the cold start of another function does not wait for it.
    from shared.api.superoffice.request import refuse
    from shared.api.superoffice.rest import serve_rest

    return administer(
        req, WEBHOOK_ADMIN, lambda request: serve_rest(process_hub(), request), context=context, refuse=refuse
    )
