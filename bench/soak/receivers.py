"""The receivers of a soak: one server, a path for each way of behaving, and a count of the answers with success."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from devhost.receiver import is_genuine

SECRET = "a secret of the soak"  # noqa: S105 - protects nothing
_HANG_SECONDS = 20.0
_GONE_AFTER = 5


class Kind(StrEnum):
    """How a receiver behaves; also its path."""

    HEALTHY = "healthy"
    FLAKY = "flaky"
    """Fails an event as often as its id says: not at all, a few times, or always; with a 5xx or by hanging up."""
    HANGING = "hanging"
    """Accepts every request, but answers none in time."""
    GONE = "gone"
    """Answers 410 from its sixth request on."""


class Receivers:
    """Runs from `with` to its end at 127.0.0.1. `mend` makes all of them healthy."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._is_mended = threading.Event()
        self._tries: Counter[tuple[Kind, str]] = Counter()
        self._requests: Counter[Kind] = Counter()
        self.successes: Counter[tuple[Kind, str]] = Counter()
        self.forged: list[str] = []
        self._server = _Server(("127.0.0.1", 0), _handler(self))

    def url(self, kind: Kind) -> str:
        """Where the receiver of this kind is called."""
        return f"http://127.0.0.1:{self._server.server_port}/{kind}"

    def mend(self) -> None:
        """Let every receiver answer 204 from now on."""
        self._is_mended.set()

    def answer(self, kind: Kind, event_id: str, *, is_test: bool) -> int | None:
        """The status for one request; None if the connection just ends."""
        with self._lock:
            self._tries[kind, event_id] += 1
            tried = self._tries[kind, event_id]
            self._requests[kind] += 1
            is_gone = self._requests[kind] > _GONE_AFTER
        if is_test or self._is_mended.is_set() or kind is Kind.HEALTHY:
            return 204
        if kind is Kind.HANGING:
            self._is_mended.wait(_HANG_SECONDS)
            return None
        if kind is Kind.GONE:
            return 410 if is_gone else 204
        return self._flaky(event_id, tried)

    def note(self, kind: Kind, event_id: str) -> None:
        """An answer with success is about to be sent."""
        with self._lock:
            self.successes[kind, event_id] += 1

    def _flaky(self, event_id: str, tried: int) -> int | None:
        chance = random.Random(f"{self._seed}/{event_id}")  # noqa: S311 - to be repeated, not to be secret
        failures = chance.choices((0, 1, 2, 3, 100), (50, 20, 15, 10, 5))[0]
        return 204 if tried > failures else chance.choice((500, 503, None))

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_mended.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore callers that hang up because they were killed: the soak wants that."""


def _handler(receivers: Receivers) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kind, event_id = Kind(self.path.strip("/")), self.headers["X-SuperOffice-EventId"]
            if not is_genuine(SECRET, body, self.headers["X-SuperOffice-Signature"]):
                receivers.forged.append(event_id)
            status = receivers.answer(kind, event_id, is_test="X-Hook-Test" in self.headers)
            self.close_connection = True
            if status is None:
                return
            if status == 204:
                receivers.note(kind, event_id)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            if status == 503:
                self.send_header("Retry-After", "1")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: the counts say all."""

    return Handler
