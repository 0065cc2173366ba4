"""A hub that may call receivers on this machine, and such a receiver."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from bench.counting import CountingTransport
from shared.hub.hub import Hub
from shared.settings import Settings

FAILS_FIRST = "fails-first"
"""A path at which the first request for an event is answered with 500."""


class _Receiver(BaseHTTPRequestHandler):
    failed: ClassVar[set[str]] = set()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        event_id = self.headers.get("X-SuperOffice-EventId", "")
        fails = self.path.endswith(FAILS_FIRST) and "X-Hook-Test" not in self.headers and event_id not in self.failed
        self.failed.add(event_id)
        self.send_response(500 if fails else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def loopback_receiver() -> Iterator[str]:
    """The address of a receiver that accepts everything, until the end of the block."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def loopback_hub(connection_string: str, transport: CountingTransport) -> Hub:
    """A hub as in a process that has just started."""
    settings = Settings.read(
        {
            "AzureWebJobsStorage": connection_string,
            "SECRETS_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            "DELIVERY_REQUIRE_HTTPS": "false",
            "DELIVERY_ALLOWED_NETWORKS": "127.0.0.0/8",
        }
    )
    return Hub.assemble(settings, transport=transport)
