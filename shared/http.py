"""HTTP at the edge of a trigger: what a request must look like, and how answers and errors are written.

Errors are RFC 9457 problems, `application/problem+json`, made from the tree of shared/errors.py and nowhere else:
`{"type", "title", "status", "detail"}`, and for a bad request `errors: [{"pointer", "detail"}]`.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping

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

REQUEST_SECONDS = 20.0
"""What a request may take; with the pauses and time-outs that are under way then, the answer comes within 25 s."""

MAX_BODY_BYTES = 1024 * 1024

_JSON_TYPE = re.compile(r"\s*(application/json|application/[\w!#$&^.+-]+\+json|text/json)\s*(;.*)?", re.IGNORECASE)
_RETRY_SECONDS = 5

type Handler = Callable[[func.HttpRequest], func.HttpResponse]
type Refuse = Callable[[HubError], func.HttpResponse]

log = logging.getLogger(__name__)


def answer(
    req: func.HttpRequest, handler: Handler, *, refuse: Refuse | None = None, seconds: float = REQUEST_SECONDS
) -> func.HttpResponse:
    """What the handler answers within the time a request has, `seconds`; an error of ours becomes a problem.

    `refuse` writes errors where a neighbour's clients want them in another shape.

    Any other exception is a defect or an outage we do not know yet: it is logged, and answered like an outage, because
    Dataverse sends a request again after 503 and never after 500. No browser may guess another type than an answer has.
    """
    response = _answer(req, handler, refuse or problem, seconds)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _answer(req: func.HttpRequest, handler: Handler, refuse: Refuse, seconds: float) -> func.HttpResponse:
    try:
        with deadline(seconds):
            return handler(req)
    except HubError as error:
        _log(error)
        return refuse(error)
    except Exception:
        log.exception("a request failed for a reason that is not foreseen")
        return refuse(Unavailable("the request could not be completed"))


def json_body(req: func.HttpRequest) -> bytes:
    """The body of a request that says it is JSON; raises UnsupportedMediaType, LengthRequired or TooLarge."""
    if not _JSON_TYPE.fullmatch(req.headers.get("content-type", "")):
        raise UnsupportedMediaType("Content-Type must be application/json, application/*+json or text/json")
    return bounded_body(req)


def bounded_body(req: func.HttpRequest) -> bytes:
    """The body of any type; raises LengthRequired where it came in chunks, or TooLarge over 1 MiB."""
    body = req.get_body()
    if not body and "transfer-encoding" in req.headers:
        # The platform reads a body only where Content-Length says that there is one (docs/receiving.md).
        raise LengthRequired(
            "the body came in chunks (Transfer-Encoding), and the platform hands such a body over empty: "
            "send Content-Length (in .NET, await content.LoadIntoBufferAsync() before you send the request)"
        )
    if len(body) > MAX_BODY_BYTES:
        raise ContentTooLarge(f"the body has {len(body)} bytes; at most {MAX_BODY_BYTES} are taken")
    return body


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    """A JSON answer that no cache keeps."""
    return json_text_response(json.dumps(value), status, headers)


def json_text_response(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> func.HttpResponse:
    """The same for a value that is JSON text already."""
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
    """The members of a problem, with all that is known of an outage or a wrong setting: for whoever runs the app."""
    content: dict[str, object] = {"type": "about:blank", "title": error.title, "status": error.status}
    content["detail"] = error.detail
    if isinstance(error, BadRequest) and error.errors:
        content["errors"] = [{"pointer": wrong.pointer, "detail": wrong.detail} for wrong in error.errors]
    return {**content, **error.extensions}


def error_headers(error: HubError) -> dict[str, str]:
    """The headers that go with an error in whatever shape."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = error.challenge
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.retry_after_seconds or _RETRY_SECONDS)
    return headers


def _log(error: HubError) -> None:
    if isinstance(error, Unavailable):
        log.error("%s: %s", type(error).__name__, error.detail, exc_info=error.__cause__)
    else:
        log.info("refused with %s %s", error.status, type(error).__name__)
