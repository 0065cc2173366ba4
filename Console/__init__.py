"""`GET /api/console`: the page for Relationship Managers and administrators; below it its files, and `session`."""

from pathlib import Path

import azure.functions as func

from shared.api.console.files import serve_file
from shared.api.console.headers import HEADERS
from shared.http import answer, path_segments

_STATIC = Path(__file__).parent / "static"


def main(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """The page, one of its files, or who calls."""
    response = _session(req, context) if path_segments(req) == ("session",) else _file(req, context)
    response.headers.update(HEADERS)
    return response


def _file(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    # Without the hub, so that the page comes whatever is wrong with a setting, and says it.
    return answer(req, lambda request: serve_file(request, _STATIC), context=context)


def _session(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    from shared.api.console.session import serve_session

    return serve_session(req, context)
