"""The edge of an administrative function: its request is answered as any other, and leaves its trace once."""

from datetime import UTC, datetime

import azure.functions as func

from shared.audit.recording import Kind, Recording, recording
from shared.audit.surface import Surface
from shared.audit.writing import write
from shared.http import REQUEST_SECONDS, Handler, Refuse, answer

_REFUSED_CALLERS = frozenset({401, 403})
_OUTAGE = 503


def administer(
    req: func.HttpRequest,
    surface: Surface,
    handler: Handler,
    *,
    refuse: Refuse | None = None,
    seconds: float = REQUEST_SECONDS,
) -> func.HttpResponse:
    """As `shared.http.answer`; changes, refused ones too, and callers who are refused are recorded."""
    with recording(surface.begin(req.method, req.route_params, req.params)) as record:
        response = answer(req, handler, refuse=refuse, seconds=seconds)
    finish(record, response.status_code)
    return response


def finish(record: Recording, status: int) -> None:
    """Write what was recorded of a request that was answered with this status, if it leaves a trace at all."""
    if record.kind is Kind.READ and status not in _REFUSED_CALLERS:
        return
    # In an outage that came before the change a row would only cost time; the line says what was tried.
    has_row = record.kind is Kind.CHANGE and (status != _OUTAGE or record.changed)
    write(record.entry(datetime.now(UTC), status), record.keeper if has_row else None)
