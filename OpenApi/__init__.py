"""`GET /api/openapi.json`: the contract of this app, an OpenAPI document."""

import azure.functions as func

from shared.http import answer


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """The document, or 304 to whoever has it already; without the hub, so it comes whatever is wrong with a setting."""
    return answer(req, _serve, context=context)


def _serve(req: func.HttpRequest) -> func.HttpResponse:
    # Imported here, so that the cold start of another function does not wait for it.
    from shared.api.contract.serving import serve_document

    return serve_document(req)
