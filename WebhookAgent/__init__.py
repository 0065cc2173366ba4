"""`/api/v1/Agents/Webhook/{operation}`: the same for SuperOffice's agent clients, one operation a URL."""

import azure.functions as func

from shared.audit.edge import administer
from shared.audit.surfaces import WEBHOOK_AGENT
from shared.hub.hub import process_hub


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """What the operation answers; every refusal has SuperOffice's error body."""
    # Imported here, so that the cold start of another function does not wait for it.
    from shared.api.superoffice.agent import serve_agent
    from shared.api.superoffice.request import refuse

    return administer(
        req, WEBHOOK_AGENT, lambda request: serve_agent(process_hub(), request), context=context, refuse=refuse
    )
