"""`POST /api/webhooks/incoming/dynamicscrm/connection`: Dataverse reports that a connection was created."""

import azure.functions as func

from shared.api.dataverse_requests import answer_dataverse
from shared.hub.hub import process_hub


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """201 for an event that is stored now, 200 for one that was stored before or is not processed, else a problem."""
    return answer_dataverse(req, context, lambda: process_hub().intake.receive_connection)
