"""The host's own pages: `/`, and what tools ask of a host under `/admin` (docs/sources/functions.md 2)."""

import asyncio
import json

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from devhost.http import is_allowed
from devhost.invocation import Invocations
from devhost.keys import KeyStore
from devhost.messages import TypedData
from devhost.metadata import Function
from devhost.timer import TIMER_DATA
from devhost.worker import Worker


class AdminPages:
    """Answers requests that no function's route matches."""

    def __init__(
        self,
        functions: list[Function],
        left_out: dict[str, str],
        keys: KeyStore,
        worker: Worker,
        invocations: Invocations,
    ) -> None:
        self._functions = {function.name.lower(): function for function in functions}
        self._left_out = left_out
        self._keys = keys
        self._worker = worker
        self._invocations = invocations
        self._started: set[asyncio.Task[object]] = set()

    async def answer(self, request: Request) -> Response | None:
        """The answer, or None if the path is not one of these pages."""
        path = str(request.scope["path"]).rstrip("/").lower()
        if path == "":
            return PlainTextResponse("The development host is running.\n")
        if path == "/admin/host/ping":
            return Response(status_code=200)
        if not path.startswith("/admin/"):
            return None
        if not is_allowed(request, "admin", self._keys, None):
            return Response(status_code=401)
        return await self._admin(request, path.removeprefix("/admin/").split("/"))

    async def finish(self) -> None:
        """Wait until the invocations that these pages started have ended."""
        await asyncio.gather(*self._started)

    async def _admin(self, request: Request, parts: list[str]) -> Response:
        match parts:
            case ["host", "status"]:
                errors = [f"{name}: {reason}" for name, reason in self._left_out.items()]
                return JSONResponse({"id": "devhost", "state": "Running", "errors": errors})
            case ["functions"]:
                return JSONResponse([{"name": function.name} for function in self._functions.values()])
            case ["functions", name, "status"] if name in self._functions:
                failure = self._worker.load_failure(self._functions[name].name)
                return JSONResponse({"errors": [failure.message]} if failure else {})
            case ["functions", name] if name in self._functions and request.method == "POST":
                return await self._start(request, self._functions[name])
        return Response(status_code=404)

    async def _start(self, request: Request, function: Function) -> Response:
        try:
            text = json.loads(await request.body() or b"{}").get("input", "")
        except (ValueError, AttributeError):
            return Response(status_code=400)
        if function.is_http or not isinstance(text, str):
            return Response(status_code=400)
        metadata = {"Id": TypedData(string="admin"), "DequeueCount": TypedData(string="1")} if function.is_queue else {}
        data = TypedData(string=text) if function.is_queue else TypedData(json=TIMER_DATA)
        task = asyncio.create_task(self._invocations.run(function, data, metadata))
        self._started.add(task)
        task.add_done_callback(self._started.discard)
        return Response(status_code=202)
