"""`python -m bench.receiver`: the receiver of the benchmarks, in a process of its own, the same for everyone compared.

`POST /hanging` is answered after 30 s; every other POST at once, with 204. `GET /journal` tells what came to each path:
`[[path, monotonic seconds, body], ...]`; the clock is the machine's, so other processes can compare it with theirs.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests

_HANGING = "/hanging"
_HANG_SECONDS = 30.0
_journal: list[tuple[str, float, str]] = []


@dataclass(frozen=True)
class Receipt:
    """One request: the path without its `/`, when it was complete (monotonic seconds), and its JSON."""

    path: str
    at: float
    body: dict[str, object]


@dataclass(frozen=True)
class RunningReceiver:
    """A receiver at `url`."""

    url: str

    def receipts(self) -> list[Receipt]:
        """What came since the last time this was asked."""
        answer = requests.get(f"{self.url}/journal", timeout=30).json()
        return [Receipt(path.strip("/"), at, json.loads(body)) for path, at, body in answer]


@contextmanager
def running_receiver() -> Iterator[RunningReceiver]:
    """A receiver in a process of its own, until the end of the block."""
    command = [sys.executable, "-m", "bench.receiver"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own arguments
        try:
            yield RunningReceiver(f"http://127.0.0.1:{_port_of(process)}")
        finally:
            process.terminate()


def _port_of(process: "subprocess.Popen[str]") -> int:
    if process.stdout is None:
        raise RuntimeError("the receiver has no output")
    return int(process.stdout.readline())


async def _serve() -> None:
    server = await asyncio.start_server(_converse, "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await _answer(reader, writer):
            pass
    except (ConnectionError, asyncio.IncompleteReadError):
        # The caller is gone.
        return
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Answer one request; False where the connection is to end."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, path, _ = head.split(" ", 2)
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
    body = await reader.readexactly(int(fields.get("content-length", "0")))
    if method == "GET":
        answer = json.dumps(_journal).encode()
        _journal.clear()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
    else:
        if path == _HANGING and "x-hook-test" not in fields:
            await asyncio.sleep(_HANG_SECONDS)
        _journal.append((path, time.monotonic(), body.decode()))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    await writer.drain()
    return fields.get("connection") != "close"


if __name__ == "__main__":
    asyncio.run(_serve())
