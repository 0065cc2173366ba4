"""From what a function returned to an HTTP response: facts/functions.md 8.3 and 8.4. Pure."""

from typing import Any, Literal

from starlette.responses import Response

from devhost.messages import TypedData

_SAME_SITE: dict[int, Literal["lax", "strict", "none"]] = {1: "lax", 2: "strict", 3: "none"}


def to_response(value: TypedData | None) -> Response:
    """The response; a plain text is 200, nothing at all is 204."""
    kind = value.WhichOneof("data") if value is not None else None
    if value is None or kind is None:
        return Response(status_code=204)
    if kind != "http":
        return Response(getattr(value, kind), media_type="text/plain")
    http = value.http
    response = Response(_body(http.body), status_code=int(http.status_code))
    for name, text in dict(http.headers).items():
        # What was set last counts, and the length is this host's to say.
        if name.lower() != "content-length":
            response.headers[name] = _text(text)
    for cookie in http.cookies or ():
        _set_cookie(response, cookie)
    return response


def _body(data: TypedData | None) -> bytes:
    kind = data.WhichOneof("data") if data is not None else None
    value = getattr(data, kind) if kind else b""
    return value if isinstance(value, bytes) else str(value).encode()


def _text(value: Any) -> str:  # noqa: ANN401 - a text, or the runtime's wrapper of one
    return str(getattr(value, "value", value))


def _set_cookie(response: Response, cookie: Any) -> None:  # noqa: ANN401 - one of the runtime's messages
    response.set_cookie(
        cookie.name,
        cookie.value,
        max_age=None if cookie.max_age is None else int(cookie.max_age.value),
        path=_text(cookie.path) if cookie.path else "/",
        domain=_text(cookie.domain) if cookie.domain else None,
        secure=bool(cookie.secure and cookie.secure.value),
        httponly=bool(cookie.http_only and cookie.http_only.value),
        samesite=_SAME_SITE.get(cookie.same_site),
    )
