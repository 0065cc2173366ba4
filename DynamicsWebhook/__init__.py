"""`POST /api/webhooks/incoming/dynamicscrm`: Dataverse reports any message, on any table."""

import azure.functions as func

from shared.api.dataverse_requests import answer_dataverse
from shared.hub.hub import process_hub


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """201 if an event is stored now, 200 if all were stored before or none is taken, else a problem."""
    return answer_dataverse(req, context, lambda: process_hub().intake.receive)
