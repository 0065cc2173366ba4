"""The receivers of a soak: a path for each way of behaving, and a count of the answers with success."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from bench.soak.pauses import Pauses
from devhost.receiver import is_genuine

SECRET = "a secret of the soak"  # noqa: S105 - protects nothing
_HANG_SECONDS = 300.0
_SLOW_SECONDS = 1.5
_GONE_AFTER = 5
_BUSY_EVERY = 5
_RETRY_AFTER = {429: 6, 503: 1}
_UP_SECONDS, _DOWN_SECONDS = 8.0, 3.0


class Kind(StrEnum):
    """How a receiver behaves; also its path."""

    HEALTHY = "healthy"
    FLAKY = "flaky"
    """Fails an event as often as its id says: not at all, a few times, or always; with a 5xx or by hanging up."""
    HANGING = "hanging"
    """Accepts every request, but answers none, for minutes."""
    GONE = "gone"
    """Answers 410 from its sixth request on."""
    BUSY = "busy"
    """Answers every fifth request with 429 and asks for a pause."""
    SLOW = "slow"
    """Is always well, and never quick."""
    RESTARTING = "restarting"
    """Refuses connections for some seconds, again and again."""


class Receivers:
    """Runs from `with` to its end at 127.0.0.1. `mend` makes all of them healthy.

    `pauses` has what the busy one asked for, and when it was called.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._is_mended = threading.Event()
        self._tries: Counter[tuple[Kind, str]] = Counter()
        self._requests: Counter[Kind] = Counter()
        self.successes: Counter[tuple[Kind, str]] = Counter()
        self.forged: list[str] = []
        self.pauses = Pauses()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._restarting = _RestartingServer(_handler(self), self._is_mended)

    def url(self, kind: Kind) -> str:
        """Where the receiver of this kind is called."""
        port = self._restarting.port if kind is Kind.RESTARTING else self._server.server_port
        return f"http://127.0.0.1:{port}/{kind}"

    def mend(self) -> None:
        """Let every receiver answer 204 from now on; the one that restarts is back a few seconds later."""
        self._is_mended.set()

    def answer(self, kind: Kind, event_id: str, *, is_test: bool) -> int | None:
        """The status for one request; None if the connection just ends."""
        came = time.monotonic()
        with self._lock:
            self._tries[kind, event_id] += 1
            tried = self._tries[kind, event_id]
            self._requests[kind] += 1
            number = self._requests[kind]
        if is_test:
            return 204
        if kind is Kind.BUSY:
            self.pauses.request(came)
        if self._is_mended.is_set():
            return 204
        return self._unmended(kind, event_id, tried, number)

    def note(self, kind: Kind, event_id: str) -> None:
        """An answer with success is about to be sent."""
        with self._lock:
            self.successes[kind, event_id] += 1

    def _unmended(self, kind: Kind, event_id: str, tried: int, number: int) -> int | None:
        match kind:
            case Kind.FLAKY:
                return self._flaky(event_id, tried)
            case Kind.HANGING:
                self._is_mended.wait(_HANG_SECONDS)
                return None
            case Kind.GONE:
                return 410 if number > _GONE_AFTER else 204
            case Kind.BUSY:
                return 429 if number % _BUSY_EVERY == 0 else 204
            case Kind.SLOW:
                time.sleep(_SLOW_SECONDS)
        return 204

    def _flaky(self, event_id: str, tried: int) -> int | None:
        chance = random.Random(f"{self._seed}/{event_id}")  # noqa: S311 - to be repeated, not to be secret
        failures = chance.choices((0, 1, 2, 3, 100), (50, 20, 15, 10, 5))[0]
        return 204 if tried > failures else chance.choice((500, 503, None))

    def __enter__(self) -> Self:
        self._server.start()
        self._restarting.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_mended.set()
        self._restarting.end()
        self._server.end()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore callers that hang up because they were killed: the soak wants that."""

    def start(self) -> None:
        """Serve in a thread."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def end(self) -> None:
        """Stop, and refuse connections from now on."""
        self.shutdown()
        self.server_close()


class _RestartingServer:
    """Up for some seconds, gone for some, and so on; up for good when it is mended."""

    def __init__(self, handler: Callable[..., BaseHTTPRequestHandler], is_mended: threading.Event) -> None:
        self._handler = handler
        self._is_mended = is_mended
        self._has_ended = threading.Event()
        self._server = _Server(("127.0.0.1", 0), handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._restart, daemon=True)

    def start(self) -> None:
        """Serve, and begin to restart."""
        self._server.start()
        self._thread.start()

    def end(self) -> None:
        """Stop for good; `is_mended` is set by then."""
        self._has_ended.set()
        self._thread.join()
        self._server.end()

    def _restart(self) -> None:
        while not self._is_mended.wait(_UP_SECONDS):
            self._server.end()
            self._has_ended.wait(_DOWN_SECONDS)
            self._server = _Server(("127.0.0.1", self.port), self._handler)
            self._server.start()


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
            if status in _RETRY_AFTER:
                self.send_header("Retry-After", str(_RETRY_AFTER[status]))
            self.end_headers()
            if status == 429:
                receivers.pauses.asked(time.monotonic(), _RETRY_AFTER[status])

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: the counts say all."""

    return Handler
