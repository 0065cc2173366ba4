"""The edge of an administrative function: answers its requests as any other, and leaves one trace of each."""

import azure.functions as func

from shared.audit.recording import Kind, Recording, recording
from shared.audit.surface import Surface
from shared.audit.writing import write
from shared.clock import now
from shared.errors import StorageDown
from shared.http import REQUEST_SECONDS, Handler, Refuse, answer
from shared.telemetry.invocation import invoked

_REFUSED_CALLERS = frozenset({401, 403})


def administer(
    req: func.HttpRequest,
    surface: Surface,
    handler: Handler,
    *,
    context: func.Context | None = None,
    refuse: Refuse | None = None,
    seconds: float = REQUEST_SECONDS,
) -> func.HttpResponse:
    """As `shared.http.answer`; records changes, even refused ones, and refused callers."""
    with invoked(context):
        with recording(surface.begin(req.method, req.route_params, req.params)) as record:
            response = answer(req, _watched(handler, record), refuse=refuse, seconds=seconds)
        finish(record, response.status_code)
    return response


def finish(record: Recording, status: int) -> None:
    """Write what was recorded of a request that was answered with this status, if it leaves a trace."""
    if record.kind is Kind.READ and status not in _REFUSED_CALLERS:
        return
    # Whatever the status: what ended in an outage may be half done. There is a line in any case.
    has_row = record.kind is Kind.CHANGE and record.may_be_kept
    write(record.entry(now(), status), record.keeper if has_row else None)


def _watched(handler: Handler, record: Recording) -> Handler:
    """The handler, which notes if storage was down for it."""

    def handle(req: func.HttpRequest) -> func.HttpResponse:
        try:
            return handler(req)
        except StorageDown:
            record.is_storage_down = True
            raise

    return handle
