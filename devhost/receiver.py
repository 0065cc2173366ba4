"""A receiver to try the hub with: prints what it gets, and whether the signature is genuine.

`python -m devhost.receiver [--port 8000] [--secret TEXT] [--status 200]`
"""

import argparse
import base64
import errno
import hashlib
import hmac
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def main() -> int:
    """Receive until Ctrl-C; the exit code is 1 if the port is in use."""
    parser = argparse.ArgumentParser(prog="python -m devhost.receiver", description="Prints the webhooks it receives.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--secret", default="", help="the secret that the webhook was registered with")
    parser.add_argument("--status", type=int, default=200, help="what every webhook is answered with")
    arguments = parser.parse_args()
    try:
        server = ThreadingHTTPServer(("127.0.0.1", arguments.port), _handler(arguments.secret, arguments.status))
    except OSError as exc:
        if exc.errno != errno.EADDRINUSE:
            raise
        sys.stderr.write(f"error: port {arguments.port} is in use: choose another with --port\n")
        return 1
    with suppress(KeyboardInterrupt):
        sys.stdout.write(f"listening at http://127.0.0.1:{server.server_port}/\n")
        sys.stdout.flush()
        server.serve_forever()
    return 0


def is_genuine(secret: str, body: bytes, signature: str) -> bool:
    """Whether this is SuperOffice's signature of the body (docs/delivery.md)."""
    mac = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return hmac.compare_digest(base64.b64encode(mac), signature.encode())


def _handler(secret: str, status: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            signature = self.headers.get("X-SuperOffice-Signature")
            verdict = "not signed" if signature is None else _verdict(secret, body, signature)
            event = self.headers.get("X-SuperOffice-Event")
            _, trace, *_ = [*self.headers.get("traceparent", "").split("-"), ""]
            followed = f", trace {trace}" if trace else ""
            sys.stdout.write(f"{event}: {verdict}{followed}\n  {body.decode('utf-8', 'replace')}\n")
            sys.stdout.flush()
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing: do_POST prints what matters."""

    return Handler


def _verdict(secret: str, body: bytes, signature: str) -> str:
    return "signature is genuine" if is_genuine(secret, body, signature) else "SIGNATURE IS WRONG"


if __name__ == "__main__":
    sys.exit(main())
