"""Makes an HTTP response of what a function returned: docs/sources/functions.md 8.3 and 8.4. Pure."""

import re
from datetime import UTC, datetime
from http.cookies import CookieError
from typing import Any, Literal

from starlette.responses import Response

from devhost.messages import TypedData

_WITHOUT_BODY = {204, 304}
# How long an answer is, is this host's to say.
_OWN_HEADERS = {"content-length", "transfer-encoding"}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_TEXT = re.compile(r"[\t\x20-\x7e]*")
_SAME_SITE: dict[int, Literal["lax", "strict", "none"]] = {1: "lax", 2: "strict", 3: "none"}


class BadResponse(ValueError):
    """What a function returned cannot be sent. The message says why."""


def to_response(value: TypedData | None) -> Response:
    """The response; a plain string is 200, None is 204. Raises BadResponse."""
    kind = value.WhichOneof("data") if value is not None else None
    if value is None or kind is None:
        return Response(status_code=204)
    if kind != "http":
        return Response(_body(value), media_type="text/plain")
    http = value.http
    status = _status(http.status_code)
    response = Response(b"" if status in _WITHOUT_BODY else _body(http.body), status_code=status)
    for name, text in dict(http.headers).items():
        _set_header(response, name, _text(text))
    for cookie in http.cookies or ():
        try:
            _set_cookie(response, cookie)
        except (CookieError, UnicodeEncodeError):
            raise BadResponse("a cookie of the response cannot be sent") from None
    return response


def _status(text: object) -> int:
    if not re.fullmatch("[2-9][0-9][0-9]", str(text)):
        raise BadResponse(f"the response's status {text} is not valid")
    return int(str(text))


def _set_header(response: Response, name: str, text: str) -> None:
    if not _HEADER_NAME.fullmatch(name) or not _HEADER_TEXT.fullmatch(text):
        raise BadResponse(f"the response's header {name!r} cannot be sent")
    if name.lower() not in _OWN_HEADERS:
        response.headers[name] = text


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
        expires=datetime.fromtimestamp(cookie.expires.value.seconds, UTC) if cookie.expires else None,
        max_age=None if cookie.max_age is None else int(cookie.max_age.value),
        path=_text(cookie.path) if cookie.path else "/",
        domain=_text(cookie.domain) if cookie.domain else None,
        secure=bool(cookie.secure and cookie.secure.value),
        httponly=bool(cookie.http_only and cookie.http_only.value),
        samesite=_SAME_SITE.get(cookie.same_site),
    )
