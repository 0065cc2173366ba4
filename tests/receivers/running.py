"""The receivers of docs/receivers.md as programs that run."""

import http.client
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from devhost.ports import free_port
from tests.support.paths import ROOT

FOLDER = ROOT / "docs" / "receivers"


@dataclass(frozen=True)
class RunningReceiver:
    """One that listens, and the folder where it keeps events."""

    url: str
    inbox: Path

    def post(self, headers: Mapping[str, str], body: bytes) -> int:
        """The status of its answer to a request with these headers, of which the length is that of the body."""
        given = {name: value.encode() for name, value in headers.items() if name not in {"host", "content-length"}}
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        connection.request("POST", "/", body, given)
        status = connection.getresponse().status
        connection.close()
        return status

    @property
    def kept(self) -> list[bytes]:
        """The bodies of the events that it keeps."""
        return [path.read_bytes() for path in sorted(self.inbox.iterdir())]


@contextmanager
def running_receiver(
    command: list[str], inbox: Path, secrets: tuple[str, ...], **more: str
) -> Iterator[RunningReceiver]:
    """Start a receiver with these secrets, the newest first, and end it afterwards."""
    inbox.mkdir()
    named = dict(zip(("WEBHOOK_SECRET", "WEBHOOK_OLD_SECRET"), secrets, strict=False))
    environment = {**os.environ, "INBOX": str(inbox), "PORT": str(free_port()), **named, **more}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    with process.stdout as lines:
        try:
            yield RunningReceiver(lines.readline().removeprefix("listening at ").strip(), inbox)
        finally:
            process.kill()
            process.wait()


def python_command() -> list[str]:
    """The receiver in Python."""
    return [sys.executable, str(FOLDER / "receiver.py")]


def node_command() -> list[str]:
    """The receiver in JavaScript."""
    return ["node", str(FOLDER / "receiver.mjs")]
