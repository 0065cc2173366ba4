"""`POST /api/webhooks/incoming/dynamicscrm/connection`: Dataverse reports that a connection was created."""

import azure.functions as func

from shared.dynamics.connection_intake import IntakeOutcome
from shared.http import answer, empty_response, json_body
from shared.hub.hub import process_hub
from shared.loops import request_hops

_TRIMMED = "x-ms-dynamics-msg-size-exceeded"


def main(req: func.HttpRequest) -> func.HttpResponse:
    """201 for an event that is stored now, 200 for one that was stored before or is not processed, else a problem."""
    return answer(req, _receive)


def _receive(req: func.HttpRequest) -> func.HttpResponse:
    hops = request_hops(req.headers)
    outcome = process_hub().intake.receive(json_body(req), trimmed=_TRIMMED in req.headers, hops=hops)
    return empty_response(201 if outcome is IntakeOutcome.STORED else 200)
