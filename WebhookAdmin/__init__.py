"""`/api/v1/Webhook`: webhooks are registered, read, changed, tested and removed, as SuperOffice's REST API has it."""

import azure.functions as func

from shared.api.superoffice.request import refuse
from shared.api.superoffice.rest import serve
from shared.audit.edge import administer
from shared.audit.surfaces import WEBHOOK_ADMIN
from shared.hub.hub import hub


def main(req: func.HttpRequest) -> func.HttpResponse:
    """What the endpoint says; every refusal has SuperOffice's error body."""
    return administer(req, WEBHOOK_ADMIN, lambda request: serve(hub(), request), refuse=refuse)
