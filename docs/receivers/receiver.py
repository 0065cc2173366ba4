"""A receiver of webhooks: checks who sent them, keeps each event once in a folder, then acknowledges it.

WEBHOOK_SECRET is the webhook's secret, WEBHOOK_OLD_SECRET the one before while it is being replaced. INBOX is the
folder, PORT the port. SIGNATURE=superoffice checks X-SuperOffice-Signature in place of Standard Webhooks.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TOLERANCE_SECONDS = 300
MAX_BODY_BYTES = 16 * 1024 * 1024


class NotGenuine(Exception):
    """The request does not come from the hub, or came too long ago. The message says which."""


def verify_standard(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Check the signatures of Standard Webhooks; raises NotGenuine."""
    id_, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not re.fullmatch(r"[0-9]{1,12}", timestamp) or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise NotGenuine("the timestamp is missing, or too far from now")
    signed = f"{id_}.{timestamp}.".encode("latin-1") + body
    given = [one[3:] for one in headers.get("webhook-signature", "").split(" ") if one.startswith("v1,")]
    if not any(_fits(_standard_key(secret), signed, one) for secret in secrets for one in given):
        raise NotGenuine("no signature fits")


def verify_superoffice(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> None:
    """Check SuperOffice's signature, which knows no time; raises NotGenuine."""
    given = headers.get("x-superoffice-signature", "")
    if not any(_fits(secret.encode(), body, given) for secret in secrets):
        raise NotGenuine("the signature does not fit")


def _standard_key(secret: str) -> bytes:
    encoded = secret.removeprefix("whsec_")
    return secret.encode() if encoded == secret else base64.b64decode(encoded + "=" * (-len(encoded) % 4))


def _fits(key: bytes, message: bytes, signature: str) -> bool:
    mac = base64.b64encode(hmac.digest(key, message, hashlib.sha256))
    return hmac.compare_digest(mac, signature.encode())


def keep(inbox: Path, event_id: str, body: bytes) -> bool:
    """Keep an event, on the disk for good; False if it was there already. What works on events reads them there."""
    name = hashlib.sha256(event_id.encode()).hexdigest()
    own = inbox / f"{name}.{os.urandom(8).hex()}.part"
    try:
        with own.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, fails if the name is taken: of two requests with one event, one keeps it.
        os.link(own, inbox / f"{name}.json")
    except FileExistsError:
        return False
    finally:
        own.unlink(missing_ok=True)
    return True


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        if length > MAX_BODY_BYTES:
            self.answer(413)
            return
        try:
            status = self.receive(self.rfile.read(length))
        except Exception:  # whatever it is, the event was not kept: the hub sends it again
            traceback.print_exc()
            status = 500
        self.answer(status)

    def receive(self, body: bytes) -> int:
        secrets = [os.environ[name] for name in ("WEBHOOK_SECRET", "WEBHOOK_OLD_SECRET") if os.environ.get(name)]
        # Names of headers in lower case; duplicates are not ours.
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            if os.environ.get("SIGNATURE") == "superoffice":
                verify_superoffice(secrets, headers, body)
            else:
                verify_standard(secrets, headers, body, time.time())
        except NotGenuine as error:
            sys.stderr.write(f"refused: {error}\n")
            return 401
        # Only what was verified is parsed, and only the body is believed: it is what SuperOffice's signature covers.
        event = json.loads(body)
        if event["Event"] != "test":
            keep(Path(os.environ["INBOX"]), event["EventId"], body)
        return 204

    def answer(self, status: int) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Write no line for each request: headers and addresses may hold secrets."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Handler)
    sys.stdout.write(f"listening at http://127.0.0.1:{server.server_port}/\n")
    sys.stdout.flush()
    server.serve_forever()
