"""HTTP around a function, as the real host does it: docs/sources/functions.md 8.4.

Route first (404), then the key (401, empty, before any code), then whether it is disabled (404), then the function.
"""

import logging
import time
from collections.abc import Iterable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from devhost.console import is_page_file
from devhost.invocation import Invocations
from devhost.keys import KeyStore, Level
from devhost.messages import PROTOS, TypedData
from devhost.metadata import Function
from devhost.responses import BadResponse, to_response
from devhost.routes import find_route
from devhost.tracing import invocation_traceparent
from devhost.worker import Failure, Result

_MAX_BODY_BYTES = 104_857_600

log = logging.getLogger("devhost")


class HttpFunctions:
    """The functions that requests start."""

    def __init__(self, functions: list[Function], prefix: str, keys: KeyStore, invocations: Invocations) -> None:
        self._functions = {function.name: function for function in functions if function.is_http}
        self._routes = [function.route(prefix) for function in self._functions.values()]
        self._keys = keys
        self._invocations = invocations

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        found = find_route(self._routes, request.method, _raw_path(request))
        if found is None:
            return Response(status_code=404)
        function, values = self._functions[found[0].function], found[1]
        if not is_allowed(request, function.auth_level, self._keys, function.name):
            return Response(status_code=401)
        if function.is_disabled and not is_allowed(request, "admin", self._keys, None):
            return Response(status_code=404)
        length = request.headers.get("content-length", "0")
        if length.isdigit() and int(length) > _MAX_BODY_BYTES:
            return Response(status_code=413)
        data = await _http_data(request, values)
        return await self._run(function, values, data, request.headers.get("traceparent"))

    async def _run(
        self, function: Function, values: Mapping[str, str], data: TypedData, traceparent: str | None
    ) -> Response:
        started, here = time.perf_counter(), invocation_traceparent(traceparent)
        response = _to_response(function, await self._invocations.run(function, data, {}, traceparent=here))
        if is_page_file(function.name, values, response.status_code):
            # What is worth reading would be lost between them.
            return response
        milliseconds = (time.perf_counter() - started) * 1000
        _, trace, _, _ = here.split("-")
        log.info("%s answered %d in %.0f ms, trace %s", function.name, response.status_code, milliseconds, trace)
        return response


def is_allowed(request: Request, auth_level: str, keys: KeyStore, function: str | None) -> bool:
    """Whether the key in the request opens this level. `code` only counts if there is no header with a key."""
    if auth_level == "anonymous":
        return True
    key = request.headers.get("x-functions-key")
    if key is None:
        key = _code(request)
    needed = Level.ADMIN if auth_level == "admin" else Level.FUNCTION
    return bool(key) and keys.level(key, function) >= needed


def _code(request: Request) -> str:
    # Names of parameters ignore case in the real host, and of several values it looks at the first.
    return next((text for name, text in request.query_params.multi_items() if name.lower() == "code"), "")


async def _http_data(request: Request, values: Mapping[str, str]) -> TypedData:
    # Without a length the real host hands over an empty body, and so a chunked request has none.
    has_length = request.headers.get("content-length", "0") not in {"", "0"}
    body = await request.body() if has_length else b""
    http = PROTOS.RpcHttp(
        method=request.method,
        url=_url(request),
        headers=_joined(request.headers.items()),
        params=dict(values),
        query={name: text for name, text in _joined(request.query_params.multi_items()).items() if text},
        body=TypedData(bytes=body) if body else TypedData(),
    )
    return TypedData(http=http)


def _raw_path(request: Request) -> str:
    return str(request.scope["raw_path"].decode("latin-1"))


def _url(request: Request) -> str:
    # starlette's own holds the path decoded, where %3F would begin a query.
    query = request.url.query
    return f"{request.url.scheme}://{request.url.netloc}{_raw_path(request)}" + (f"?{query}" if query else "")


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, text in pairs:
        joined[name] = f"{joined[name]},{text}" if name in joined else text
    return joined


def _to_response(function: Function, result: Result | Failure) -> Response:
    if isinstance(result, Failure):
        return Response(status_code=500)
    value = result.return_value or result.outputs.get(function.http_output)
    try:
        return to_response(value)
    except BadResponse as error:
        log.error("%s failed: %s", function.name, error)
        return Response(status_code=500)
