"""What all fakes share: a real HTTP server on a free port, a journal of what it got, and switches for what it does."""

import json
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Received:
    """One request. `path` is decoded and without the query; names of headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def bearer(self) -> str | None:
        """The token in Authorization, None if there is none."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme == "Bearer" and token else None


@dataclass(frozen=True)
class Reply:
    """One answer. If it is `cut`, its second half is missing: the connection ends before."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


def json_reply(value: object, status: int = 200, **headers: str) -> Reply:
    """A JSON answer; underscores in the names of headers stand for hyphens."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **named})


class _Server(ThreadingHTTPServer):
    # The default is five: of more callers at once some would try to connect again only after one to three seconds.
    request_queue_size = 128
    daemon_threads = True


class FakeServer(ABC):
    """Runs from `with` to its end; `reply` says what a neighbour of this kind answers."""

    def __init__(self) -> None:
        self._next: deque[Reply] = deque()
        self._always: Reply | None = None
        self._where: dict[str, Reply] = {}
        self._hanging: dict[str, threading.Event] = {}
        self._is_closed = False
        self.journal: list[Received] = []
        self._server = _Server(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @abstractmethod
    def reply(self, request: Received) -> Reply:
        """What the neighbour answers if no switch is set."""

    def answer_next(self, *replies: Reply) -> None:
        """Give these answers first, one for each request."""
        self._next.extend(replies)

    def answer_always(self, reply: Reply | None) -> None:
        """Give this answer from now on; with None, its own again."""
        self._always = reply

    def answer_where(self, part: str, reply: Reply) -> None:
        """Give this answer from now on to requests whose path holds `part`."""
        self._where[part] = reply

    def hang_where(self, part: str) -> None:
        """Accept requests whose path holds `part`, and answer none of them until `reset`."""
        self._hanging[part] = threading.Event()

    def be_well(self) -> None:
        """Answer as this neighbour does; end what the calls above have set."""
        self._always = None
        self._where.clear()

    def hang(self) -> None:
        """Accept requests, and answer none of them until `reset`."""
        self.hang_where("")

    def reset(self) -> None:
        """Make it as it was in the beginning: an empty journal, and no switch set."""
        self._next.clear()
        self._always = None
        self._where.clear()
        self._let_go()
        self.journal.clear()

    def close(self) -> None:
        """Stop; from then on nobody listens at the address, and connections that are still open end."""
        self._is_closed = True
        self._let_go()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _let_go(self) -> None:
        for event in self._hanging.values():
            event.set()
        self._hanging.clear()

    def _answer(self, request: Received) -> Reply:
        if not self._is_closed:
            self.journal.append(request)
        waits = [event for part, event in list(self._hanging.items()) if part in request.path]
        for event in waits:
            event.wait()
        # A request that got no answer must not get one later: it would use up an answer that the next test has ready.
        if waits or self._is_closed:
            raise ConnectionAbortedError
        if self._next:
            return self._next.popleft()
        where = (reply for part, reply in self._where.items() if part in request.path)
        return self._always or next(where, None) or self.reply(request)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body in one packet: a second packet would wait 40 ms for the first one's acknowledgement.
            wbufsize = -1

            def handle_one_request(self) -> None:
                # The caller may be gone, and a reset connection is not a failure of a test.
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True

            def _serve(self) -> None:
                reply = fake._answer(_received(self))
                self.send_response_only(reply.status)
                for name, value in {"Date": self.date_time_string(), **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
                self.close_connection = self.close_connection or reply.cut

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_OPTIONS = _serve  # noqa: N815 - http.server's names

            def log_message(self, format: str, *args: object) -> None:
                """The journal says it all."""

        return Handler


def _received(handler: BaseHTTPRequestHandler) -> Received:
    parts = urlsplit(handler.path)
    query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    headers = {name.lower(): value for name, value in handler.headers.items()}
    body = handler.rfile.read(int(headers.get("content-length", "0")))
    return Received(handler.command, unquote(parts.path), query, headers, body)
