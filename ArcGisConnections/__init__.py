"""`GET /api/v1/arcgis/connections`: webhook connections of all workflow items, for Relationship Managers."""

import azure.functions as func

from shared.audit.edge import administer
from shared.audit.surfaces import ARCGIS_CONNECTIONS
from shared.hub.hub import process_hub


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """A page of connections, or a problem."""
    return administer(req, ARCGIS_CONNECTIONS, _serve, context=context)


def _serve(req: func.HttpRequest) -> func.HttpResponse:
    # Imported here, so that the cold start of another function does not wait for it.
    from shared.api.arcgis_connections import serve

    return serve(process_hub(), req)
