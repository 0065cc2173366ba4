"""HTTP as the real host does it around a function: facts/functions.md 8.4.

Route first (404), then the key (401, empty, before any code), then whether it is disabled (404), then the function.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from devhost.keys import KeyStore, Level
from devhost.messages import PROTOS, TypedData
from devhost.metadata import Function
from devhost.responses import to_response
from devhost.routes import find_route
from devhost.worker import Failure, Result, Worker

_MOST_BODY_BYTES = 104_857_600

type WriteOutputs = Callable[[Function, Result], Awaitable[None]]

log = logging.getLogger("devhost")


class HttpFunctions:
    """The functions that requests start."""

    def __init__(
        self, functions: list[Function], prefix: str, keys: KeyStore, worker: Worker, write_outputs: WriteOutputs
    ) -> None:
        self._functions = {function.name: function for function in functions if function.is_http}
        self._routes = [function.route(prefix) for function in self._functions.values()]
        self._keys = keys
        self._worker = worker
        self._write_outputs = write_outputs

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        path = request.scope.get("raw_path", b"").decode("latin-1").partition("?")[0] or request.url.path
        found = find_route(self._routes, request.method, path)
        if found is None:
            return Response(status_code=404)
        function, values = self._functions[found[0].function], found[1]
        if not is_allowed(request, function.auth_level, self._keys, function.name):
            return Response(status_code=401)
        if function.is_disabled:
            return Response(status_code=404)
        length = request.headers.get("content-length", "0")
        if length.isdigit() and int(length) > _MOST_BODY_BYTES:
            return Response(status_code=413)
        return await self._run(function, await _http_data(request, values))

    async def _run(self, function: Function, data: TypedData) -> Response:
        started = time.perf_counter()
        result = await self._worker.call(function, data, {})
        if isinstance(result, Result):
            response = await self._finish(function, result)
        else:
            response = _failed(function, result)
        milliseconds = (time.perf_counter() - started) * 1000
        log.info("%s answered %d in %.0f ms", function.name, response.status_code, milliseconds)
        return response

    async def _finish(self, function: Function, result: Result) -> Response:
        try:
            await self._write_outputs(function, result)
        except Exception as error:
            return _failed(function, Failure(f"an output could not be written: {type(error).__name__}"))
        return to_response(result.return_value)


def is_allowed(request: Request, auth_level: str, keys: KeyStore, function: str | None) -> bool:
    """Whether the key in the request opens this level: the header counts, and `code` only where there is no header."""
    if auth_level == "anonymous":
        return True
    key = request.headers.get("x-functions-key")
    if key is None:
        key = request.query_params.get("code", "")
    needed = Level.ADMIN if auth_level == "admin" else Level.FUNCTION
    return bool(key) and keys.level(key, function) >= needed


async def _http_data(request: Request, values: Mapping[str, str]) -> TypedData:
    # Without a length the real host hands over an empty body, and so a chunked request has none.
    has_length = request.headers.get("content-length", "0") not in {"", "0"}
    body = await request.body() if has_length else b""
    http = PROTOS.RpcHttp(
        method=request.method,
        url=str(request.url),
        headers=_joined(request.headers.items()),
        params=dict(values),
        query={name: text for name, text in _joined(request.query_params.multi_items()).items() if text},
        body=TypedData(bytes=body) if body else TypedData(),
    )
    return TypedData(http=http)


def _joined(pairs: object) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, text in pairs:  # type: ignore[attr-defined] # starlette's two multi-dicts share no type
        joined[name] = f"{joined[name]},{text}" if name in joined else text
    return joined


def _failed(function: Function, failure: Failure) -> Response:
    log.error("%s failed: %s\n%s", function.name, failure.message, failure.trace)
    return Response(status_code=500)
