"""A receiver of webhooks, healthy or hostile: a raw socket, so that it can send what no HTTP server would."""

import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.server import Received

_CHUNK_BYTES = 65_536
_DRIP_SECONDS = 0.02


class Visit:
    """One connection to the receiver, as a behaviour sees it. Every call ends when the receiver is reset or closed."""

    def __init__(self, connection: socket.socket, is_over: threading.Event) -> None:
        self._connection = connection
        self._is_over = is_over
        self.is_kept = False

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self._connection.sendall(data)

    def repeat(self, piece: bytes, *, pause_seconds: float = 0.0) -> None:
        """Send the piece again and again, until the caller hangs up."""
        while not self._is_over.wait(pause_seconds):
            self._connection.sendall(piece)

    def receive(self) -> None:
        """Wait for the first bytes that the caller sends."""
        _read(self._connection)

    def keep(self) -> None:
        """Wait for another request afterwards, instead of closing the connection."""
        self.is_kept = True

    def hang(self) -> None:
        """Do nothing, and keep the connection."""
        self._is_over.wait()

    def reset(self) -> None:
        """End the connection in the rudest way."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


type Behaviour = Callable[[Visit], None]


class Receiver:
    """Runs from `with` to its end, at 127.0.0.1. `behave` says what it does with a request once it has read it."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._behaviour = answers()
        self._is_over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._reads_first = True
        self.connections = 0
        self.journal: list[Received] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def behave(self, behaviour: Behaviour, *, reads_first: bool = True) -> None:
        """Behave so from now on; without `reads_first` as soon as somebody connects, before TLS and the request."""
        self._behaviour = behaviour
        self._reads_first = reads_first

    def reset(self) -> None:
        """Make it healthy again, with an empty journal; connections that still hang or drip end."""
        self._is_over.set()
        self._is_over = threading.Event()
        self.behave(answers())
        self.connections = 0
        self.journal.clear()

    def close(self) -> None:
        """Stop; from then on connections are refused."""
        self._is_over.set()
        # Closing alone would leave the thread in `accept`.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection, self._is_over), daemon=True).start()

    def _serve(self, connection: socket.socket, is_over: threading.Event) -> None:
        # Callers hang up on hostile receivers, as the tests intend.
        with suppress(OSError), connection:
            if not self._reads_first:
                self._behaviour(Visit(connection, is_over))
                return
            with self._tls.wrap_socket(connection, server_side=True) if self._tls else connection as stream:
                visit = Visit(stream, is_over)
                visit.keep()
                while visit.is_kept:
                    received = _read_request(stream)
                    self.journal.append(received)
                    visit = Visit(stream, is_over)
                    self._behaviour(visit)


def _read_request(stream: socket.socket) -> Received:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _read(stream)
    head, _, body = data.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    method, address, _ = line.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    while len(body) < int(headers.get("content-length", "0")):
        body += _read(stream)
    parts = urlsplit(address)
    query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    return Received(method, unquote(parts.path), query, headers, body)


def _read(stream: socket.socket) -> bytes:
    if not (data := stream.recv(_CHUNK_BYTES)):
        raise ConnectionAbortedError
    return data


def _head(status: int, *fields: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status} Said", *fields, "", "")).encode("latin-1")


def sends(data: bytes) -> Behaviour:
    """These bytes, and the end of the connection."""
    return lambda visit: visit.send(data)


def answers(status: int = 200, body: bytes = b"", *fields: str) -> Behaviour:
    """A healthy answer; `fields` are lines of its head (`Retry-After: 5`)."""
    return sends(_head(status, f"Content-Length: {len(body)}", *fields) + body)


def keeps(data: bytes) -> Behaviour:
    """These bytes; the connection waits for another request."""

    def behave(visit: Visit) -> None:
        visit.keep()
        visit.send(data)

    return behave


def answers_and_keeps(status: int = 200, body: bytes = b"", *fields: str) -> Behaviour:
    """A healthy answer of a server that keeps connections."""
    return keeps(_head(status, f"Content-Length: {len(body)}", *fields) + body)


def echoes(receiver: Receiver, status: int = 200) -> Behaviour:
    """The request's headers and body, in headers and body of the answer."""

    def behave(visit: Visit) -> None:
        call = receiver.journal[-1]
        head = "\n".join(f"{name}: {value}" for name, value in call.headers.items())
        body = f"{head}\n\n".encode("latin-1") + call.body
        visit.send(_head(status, f"Content-Length: {len(body)}", f"X-Echo: {call.headers.get('authorization')}") + body)

    return behave


def answers_in_turn(*behaviours: Behaviour) -> Behaviour:
    """One behaviour for each request; the last one for all further requests."""
    left = list(behaviours)
    lock = threading.Lock()

    def behave(visit: Visit) -> None:
        with lock:
            behaviour = left.pop(0) if len(left) > 1 else left[0]
        behaviour(visit)

    return behave


def redirects(location: str, status: int = 307) -> Behaviour:
    """Somewhere else."""
    return answers(status, b"", f"Location: {location}")


def hangs() -> Behaviour:
    """Accepts the request and says nothing."""
    return lambda visit: visit.hang()


def drips(data: bytes, drop: bytes) -> Behaviour:
    """Sends `data`, then `drop` forever, slowly: no single read ever takes long."""

    def behave(visit: Visit) -> None:
        visit.send(data)
        visit.repeat(drop, pause_seconds=_DRIP_SECONDS)

    return behave


def drips_its_head() -> Behaviour:
    """A head that goes on and on, a byte at a time."""
    return drips(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a")


def drips_its_body(status: int = 200, first: bytes = b"begun") -> Behaviour:
    """A body that goes on and on, a byte at a time."""
    return drips(_head(status, "Content-Length: 100000") + first, b".")


def floods(data: bytes, piece: bytes) -> Behaviour:
    """Sends `data`, then `piece` forever, as fast as the caller reads."""

    def behave(visit: Visit) -> None:
        visit.send(data)
        visit.repeat(piece)

    return behave


def never_ends(status: int = 200) -> Behaviour:
    """A body without an end."""
    return floods(_head(status), b"x" * _CHUNK_BYTES)


def is_a_bomb(coding: str = "gzip") -> Behaviour:
    """A bomb: 100 KB of zeros that are 100 MB when decompressed, with nothing wrong in them."""
    packer = zlib.compressobj(9, wbits=31 if coding == "gzip" else 15)
    packed = b"".join(packer.compress(bytes(1_000_000)) for _ in range(100)) + packer.flush()
    return answers(200, packed, f"Content-Encoding: {coding}")


def sends_many_headers(count: int = 10_000) -> Behaviour:
    """A head of a megabyte."""
    return sends(_head(200, *(f"X-{number}: {'h' * 90}" for number in range(count))))


def floods_with_its_status_line() -> Behaviour:
    """A status line without an end."""
    return floods(b"HTTP/1.1 200 ", b"O" * 10_000)


def floods_with_interim_answers() -> Behaviour:
    """100 Continue, forever."""
    return floods(b"", _head(100))


def resets_after(data: bytes) -> Behaviour:
    """Sends this much and breaks off."""

    def behave(visit: Visit) -> None:
        visit.send(data)
        visit.reset()

    return behave
