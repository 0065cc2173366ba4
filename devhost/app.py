"""The development host put together: worker, HTTP, queue listeners, timers; started and stopped as one."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from devhost.admin import AdminPages
from devhost.connections import NoConnection, queue_service
from devhost.hostjson import HostJson, read_host_json
from devhost.http import HttpFunctions
from devhost.invocation import Invocations
from devhost.keys import KeyStore
from devhost.listener import Listener
from devhost.message_queue import MessageQueue
from devhost.messages import TypedData
from devhost.metadata import Function, discover
from devhost.timer import Timer
from devhost.worker import Result, Worker

_QUEUE_THREADS = 16

log = logging.getLogger("devhost")


@dataclass(frozen=True)
class HostOptions:
    """The options of the command line; times are in seconds."""

    root: Path
    url: str
    keys: Path
    lease_seconds: int = 60


class DevelopmentHost:
    """Runs the app in `options.root`; raises BadHostJson and BadKeys if those files cannot be used."""

    def __init__(self, options: HostOptions, environment: Mapping[str, str]) -> None:
        self._options = options
        self._environment = environment
        self._host_json: HostJson = read_host_json(options.root, environment)
        self._functions, self._left_out = discover(options.root, environment)
        self._worker = Worker(options.root)
        self._keys = KeyStore(options.keys)
        self._executor = ThreadPoolExecutor(_QUEUE_THREADS, thread_name_prefix="queues")
        self._listeners: list[Listener] = []
        self._timers: list[Timer] = []
        self._queues: dict[tuple[str, str], MessageQueue] = {}
        self._keys.ensure_host_key()
        self._keys.ensure_function_keys(function.name for function in self._functions if function.is_http)
        self._invocations = Invocations(self._worker, self._write_outputs)
        prefix = self._host_json.route_prefix
        self._http = HttpFunctions(self._functions, prefix, self._keys, self._invocations)
        self._pages = AdminPages(self._functions, self._left_out, self._keys, self._worker, self._invocations)
        self._lifespan = Starlette(lifespan=lambda _: self._running())

    async def asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The host as an ASGI application; the app starts and stops with it."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        try:
            response = await self._answer(Request(scope, receive))
            await response(scope, receive, send)
        except ClientDisconnect:
            log.info("a caller hung up before the whole request was there")

    def stop_polling(self) -> None:
        """Fetch no more messages, and start no timer any more."""
        for one in self._started():
            one.stop()

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._pages.answer(request) or await self._http.answer(request)
        except ClientDisconnect:
            raise
        except Exception:
            log.exception("a request could not be answered")
            return Response(status_code=500)

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        await self._worker.start()
        for function in self._functions:
            await self._worker.load(function)
        self._listeners = [made for made in map(self._listener, self._functions) if made is not None]
        self._timers = [
            Timer(function, function.schedule, self._invocations)
            for function in self._functions
            if function.schedule is not None and not function.is_disabled
        ]
        self._say_what_runs()
        tasks = [asyncio.create_task(one.listen()) for one in self._started()]
        try:
            yield
        finally:
            self.stop_polling()
            await asyncio.gather(self._pages.finish(), *tasks)
            self._executor.shutdown(wait=False)

    def _started(self) -> list[Listener | Timer]:
        return [*self._listeners, *self._timers]

    def _listener(self, function: Function) -> Listener | None:
        if not function.is_queue or function.is_disabled:
            return None
        try:
            queue = self._queue(function.trigger)
        except NoConnection as error:
            log.error("%s does not listen: %s", function.name, error)
            return None
        return Listener(
            function,
            queue,
            self._host_json.queues,
            self._invocations,
            lease_seconds=self._options.lease_seconds,
        )

    def _queue(self, binding: Mapping[str, object]) -> MessageQueue:
        connection, name = str(binding.get("connection") or ""), str(binding["queueName"])
        if (connection, name) not in self._queues:
            service = queue_service(connection, self._environment)
            is_base64 = self._host_json.queues.is_base64
            self._queues[connection, name] = MessageQueue(service, name, self._executor, is_base64=is_base64)
        return self._queues[connection, name]

    async def _write_outputs(self, function: Function, result: Result) -> None:
        """Send what an invocation put into its queue outputs; raises what the storage SDK raises."""
        values = {**result.outputs, "$return": result.return_value}
        for binding in function.bindings:
            value = values.get(binding["name"])
            if binding["type"] != "queue" or value is None:
                continue
            queue = self._queue(binding)
            for text in output_texts(value):
                await queue.send(text)
            for listener in self._listeners:
                if listener.queue_name == queue.name:
                    listener.wake()

    def _say_what_runs(self) -> None:
        for function in self._functions:
            failure = self._worker.load_failure(function.name)
            log.info("%s: %s", function.name, self._place(function) + (" (disabled)" if function.is_disabled else ""))
            if failure is not None:
                log.error("%s cannot be loaded: %s\n%s", function.name, failure.message, failure.trace)
        for name, reason in self._left_out.items():
            log.error("%s is left out: %s", name, reason)
        log.info("listening at %s", self._options.url)

    def _place(self, function: Function) -> str:
        if function.is_http:
            prefix = self._host_json.route_prefix
            methods = ",".join(sorted(function.methods)).upper() or "ANY"
            return f"[{methods}] " + "/".join(filter(None, (self._options.url, prefix, function.route_text)))
        if function.is_queue:
            return f"queue {function.trigger['queueName']}"
        if function.schedule is not None:
            return f"timer {function.schedule.text}"
        return f"a {function.trigger['type']}, which this host never starts"


def output_texts(value: TypedData) -> list[str]:
    """The messages in the value of a queue output: one string, or a JSON array with one message an item. Pure."""
    kind = value.WhichOneof("data")
    if kind is None:
        return []
    if kind == "bytes":
        return [bytes(value.bytes).decode("utf-8")]
    if kind != "json":
        return [str(value.string)]
    content = json.loads(value.json)
    return [_item_text(item) for item in (content if isinstance(content, list) else [content])]


def _item_text(item: object) -> str:
    if isinstance(item, dict) and "body" in item:
        item = item["body"]
    return item if isinstance(item, str) else json.dumps(item)
