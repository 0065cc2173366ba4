"""`python -m bench.receiver`: the receiver of the benchmarks, in a process of its own, the same for everyone compared.

What begins with `/hanging` is answered after 30 s, what begins with `/slow` after 700 ms, every other POST at once, all
with 204. `GET /journal` tells what came: `[[path, monotonic seconds, body], ...]`; the clock is the machine's, so other
processes can compare it with theirs. After `GET /restart` it breaks off all connections and refuses new ones for 3 s.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import requests

_SECONDS = {"/hanging": 30.0, "/slow": 0.7}
_RESTART_SECONDS = 3.0
_journal: list[tuple[str, float, str]] = []
_connections: set[asyncio.StreamWriter] = set()


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
        """What came since the last time this was asked; raises requests' ConnectionError while it restarts."""
        answer = requests.get(f"{self.url}/journal", timeout=30).json()
        return [Receipt(path.strip("/"), at, json.loads(body)) for path, at, body in answer]

    def restart(self) -> None:
        """Be gone for three seconds, from now on."""
        with suppress(requests.ConnectionError):
            # The connection may be broken off with the answer on its way.
            requests.get(f"{self.url}/restart", timeout=30)


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
    server = await _listen(0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while True:
        await _restart_asked.wait()
        server.close()
        for connection in _connections:
            connection.transport.abort()
        await asyncio.sleep(_RESTART_SECONDS)
        _restart_asked.clear()
        server = await _listen(port)


async def _listen(port: int) -> asyncio.Server:
    return await asyncio.start_server(_converse, "127.0.0.1", port, backlog=512)


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    _connections.add(writer)
    try:
        while await _answer(reader, writer):
            pass
    except (ConnectionError, asyncio.IncompleteReadError):
        # The caller is gone.
        return
    finally:
        _connections.discard(writer)
        writer.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Answer one request; False where the connection is to end."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, path, _ = head.split(" ", 2)
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
    body = await reader.readexactly(int(fields.get("content-length", "0")))
    if method == "GET":
        answer = _told(path)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
    else:
        came = time.monotonic()
        if "x-hook-test" not in fields:
            await asyncio.sleep(sum(seconds for prefix, seconds in _SECONDS.items() if path.startswith(prefix)))
        # Once it is certain that it will be answered: what a restart breaks off has not been delivered.
        _journal.append((path, came, body.decode()))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    await writer.drain()
    return fields.get("connection") != "close"


def _told(path: str) -> bytes:
    if path == "/restart":
        _restart_asked.set()
        return b""
    told = json.dumps(_journal).encode()
    _journal.clear()
    return told


_restart_asked = asyncio.Event()

if __name__ == "__main__":
    asyncio.run(_serve())
