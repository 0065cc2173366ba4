"""HTTP at the edge of a trigger: what a request must look like, and how answers and errors are written.

Errors are RFC 9457 problems, `application/problem+json`, made from the tree of shared/errors.py and nowhere else:
`{"type", "title", "status", "detail"}`, and for a bad request `errors: [{"pointer", "detail"}]`.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus

import azure.functions as func

from shared.deadline import deadline
from shared.errors import (
    BadRequest,
    ContentTooLarge,
    HubError,
    LengthRequired,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from shared.exact_json import dump_json
from shared.telemetry.invocation import invoked
from shared.telemetry.lines import tell
from shared.telemetry.spans import SpanKind, span
from shared.telemetry.tracing import function_name
from shared.validation import max_length

REQUEST_SECONDS = 20.0
"""The time of a request. With the pauses and time-outs that are under way at its end, the answer comes within 25 s."""

MAX_BODY_BYTES = 1024 * 1024

FETCH_SITE = "sec-fetch-site"
"""The header in which browsers say where the page stands that makes a request; pages cannot set it."""

_JSON_TYPE = re.compile(r"\s*(application/json|application/[\w!#$&^.+-]+\+json|text/json)\s*(;.*)?", re.IGNORECASE)
_RETRY_SECONDS = 5

type Handler = Callable[[func.HttpRequest], func.HttpResponse]
type Refuse = Callable[[HubError], func.HttpResponse]

log = logging.getLogger(__name__)


def answer(
    req: func.HttpRequest,
    handler: Handler,
    *,
    context: func.Context | None = None,
    refuse: Refuse | None = None,
    seconds: float = REQUEST_SECONDS,
) -> func.HttpResponse:
    """The answer of the handler, which has `seconds`; a HubError becomes a problem.

    `context` is what the platform tells of the invocation: the handler continues its trace. `refuse` writes errors in
    another shape, for clients of another vendor's API.

    What a page in a browser asks for (`Sec-Fetch-Site`) is never challenged with Basic: Firefox would open a password
    box of its own over the page.

    Any other exception is a defect, or an outage that is not known yet: it is logged, and answered like an outage,
    because Dataverse sends a request again after 503 and never after 500. Every answer tells browsers not to guess its
    type.
    """
    with invoked(context), span(f"{req.method} {function_name()}", SpanKind.SERVER, _begun(req)) as received:
        response = _answer(req, handler, refuse or problem, seconds)
        received.end_with(
            {"http.response.status_code": response.status_code},
            is_error=response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR,
        )
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _answer(req: func.HttpRequest, handler: Handler, refuse: Refuse, seconds: float) -> func.HttpResponse:
    try:
        with deadline(seconds):
            return handler(req)
    except HubError as error:
        _log(error)
        if isinstance(error, Unauthenticated) and FETCH_SITE in req.headers:
            error.challenge = error.bearer_challenge
        return refuse(error)
    except Exception as error:
        fields = {"function": function_name(), "status": Unavailable.status, "error": type(error).__name__}
        detail = "the request failed for an unforeseen reason"
        tell(log, "request.refused", {**fields, "detail": detail}, logging.ERROR, exc_info=True)
        return refuse(Unavailable("the request could not be completed"))


def path_segments(req: func.HttpRequest) -> tuple[str, ...]:
    """The parts of the path behind the function's own route, which ends with `{*path}`; empty ones are left out."""
    return tuple(part for part in req.route_params.get("path", "").split("/") if part)


def json_body(req: func.HttpRequest) -> bytes:
    """The body of a request that says it is JSON; raises UnsupportedMediaType, LengthRequired or ContentTooLarge."""
    if not _JSON_TYPE.fullmatch(req.headers.get("content-type", "")):
        raise UnsupportedMediaType("Content-Type must be application/json, application/*+json or text/json")
    return bounded_body(req)


def bounded_body(req: func.HttpRequest) -> bytes:
    """The body of any type; raises LengthRequired if it came in chunks, ContentTooLarge if it is over 1 MiB."""
    body = req.get_body()
    if not body and "transfer-encoding" in req.headers:
        # The platform reads a body only if Content-Length announces one (docs/receiving.md).
        raise LengthRequired(
            "the body came in chunks (Transfer-Encoding), and the platform hands such a body over empty: "
            "send Content-Length (in .NET, await content.LoadIntoBufferAsync() before you send the request)"
        )
    if len(body) > MAX_BODY_BYTES:
        raise ContentTooLarge(f"the body {max_length(MAX_BODY_BYTES, len(body), 'bytes')}")
    return body


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    """A JSON answer that is not cached."""
    return json_text_response(dump_json(value), status, headers)


def json_text_response(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    """The same for a value that is already JSON text."""
    sent = {"Cache-Control": "no-store", **(headers or {})}
    return func.HttpResponse(text, status_code=status, mimetype="application/json", headers=sent)


def empty_response(status: int) -> func.HttpResponse:
    """An answer without a body."""
    return func.HttpResponse(status_code=status)


def problem(error: HubError) -> func.HttpResponse:
    """The answer to an error."""
    content = {**problem_content(error), "detail": error.public_detail}
    return func.HttpResponse(
        json.dumps(content), status_code=error.status, mimetype="application/problem+json", headers=error_headers(error)
    )


def problem_content(error: HubError) -> dict[str, object]:
    """The members of a problem with the full detail, for those who run the app."""
    content: dict[str, object] = {"type": "about:blank", "title": error.title, "status": error.status}
    content["detail"] = error.detail
    if isinstance(error, BadRequest) and error.errors:
        content["errors"] = [{"pointer": wrong.pointer, "detail": wrong.detail} for wrong in error.errors]
    return {**content, **error.extensions}


def error_headers(error: HubError) -> dict[str, str]:
    """The headers that go with an error, whatever the shape of its body."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = error.challenge
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.retry_after_seconds or _RETRY_SECONDS)
    return headers


def _begun(req: func.HttpRequest) -> dict[str, object]:
    # Neither address nor query: they hold keys, and ids of records.
    return {"http.request.method": req.method}


def _log(error: HubError) -> None:
    fields = {"function": function_name(), "status": error.status, "error": type(error).__name__}
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        tell(log, "request.refused", {**fields, "detail": error.detail}, logging.ERROR, exc_info=error.__cause__)
    else:
        # What is wrong with a request may quote it: whoever sent it is told, and nobody else.
        tell(log, "request.refused", {**fields, "detail": None})
