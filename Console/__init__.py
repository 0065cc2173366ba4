"""`GET /api/console`: the page for Relationship Managers and administrators; below it its files, and `session`."""

from pathlib import Path

import azure.functions as func

from shared.api.console.files import serve_file
from shared.api.console.headers import HEADERS
from shared.audit.edge import administer
from shared.audit.surfaces import CONSOLE
from shared.http import answer, path_segments

_STATIC = Path(__file__).parent / "static"


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """The page or one of its files; with a caller who has a role, who they are."""
    if path_segments(req) == ("session",):
        response = administer(req, CONSOLE, _session, context=context)
    else:
        # Without the hub, so that the page comes whatever is wrong with a setting, and says it.
        response = answer(req, lambda request: serve_file(request, _STATIC), context=context)
    response.headers.update(HEADERS)
    return response


def _session(req: func.HttpRequest) -> func.HttpResponse:
    from shared.api.console.session import serve_session
    from shared.hub.hub import process_hub

    return serve_session(process_hub(), req)
