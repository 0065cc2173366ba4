"""One request and its answer over an open connection, as HTTP/1.1.

h11 writes and reads HTTP without doing I/O. It is strict, and leaves every read to this module, which bounds time and
bytes where they are spent. Libraries that own the socket have time limits only for single reads, and a receiver that
sends one byte after another never exceeds one.
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import h11

from shared.outbound.reply import ErrorClass, OutgoingRequest, RequestFailed
from shared.outbound.reply_body import ReplyBody
from shared.outbound.socket_connection import SocketConnection
from shared.outbound.target import Target

MAX_HEAD_BYTES = 65_536
MAX_HEADERS = 100
MAX_INTERIM_ANSWERS = 10
# On the wire a body is a little longer than its content (chunks, a gzip header). A far longer one is a trick: single
# bytes in chunks with long extensions, or compressed data that yields nothing.
_WIRE_FACTOR = 2
_WIRE_BYTES = 16_384
# These belong to the connection, which only this module knows.
_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection"})
# h11's hint that the head is longer than max_incomplete_event_size.
_TOO_LARGE_HINT = 431
# The text of an HTTP error may repeat what the receiver sent.
_MAX_TEXT = 200


@dataclass(frozen=True)
class Head:
    """Status and headers of an answer, as in Reply."""

    status: int
    headers: Mapping[str, str]


class HttpExchange:
    """One request and its answer: first `send_request`, then `read_body`."""

    def __init__(self, connection: SocketConnection) -> None:
        self._connection = connection
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)

    def send_request(self, target: Target, request: OutgoingRequest) -> Head:
        """Send the request and return the head of the answer; raises RequestFailed."""
        with _failures_of_the_exchange():
            self._send(_written(self._http, target, request))
            return _checked(self._response())

    def read_body(self, head: Head, max_bytes: int) -> tuple[bytes, bool]:
        """The body, at most `max_bytes` of it, and whether that is all of it. Raises nothing: the status stands."""
        body = ReplyBody(head.headers.get("content-encoding", ""), max_bytes)
        is_complete = False
        # If time is over, the connection broke or the chunks are wrong, what came before is kept.
        with suppress(OSError, h11.RemoteProtocolError):
            is_complete = self._read_into(body, max_bytes * _WIRE_FACTOR + _WIRE_BYTES)
        return body.content, is_complete and body.is_whole

    def _send(self, data: bytes) -> None:
        # A receiver may answer and hang up before it has read everything; its answer can still be read.
        with suppress(ConnectionError):
            self._connection.send(data)

    def _next_event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(self._connection.receive())
        return event

    def _response(self) -> h11.Response:
        for _ in range(MAX_INTERIM_ANSWERS + 1):
            event = self._next_event()
            if isinstance(event, h11.Response):
                return event
        raise RequestFailed(ErrorClass.HTTP, f"more than {MAX_INTERIM_ANSWERS} interim answers (1xx) and no final one")

    def _read_into(self, body: ReplyBody, max_wire_bytes: int) -> bool:
        """Whether the end of the body was reached."""
        last_byte = self._connection.received_bytes + max_wire_bytes
        while not body.is_over and self._connection.received_bytes < last_byte:
            event = self._next_event()
            if not isinstance(event, h11.Data):
                return isinstance(event, h11.EndOfMessage)
            body.add(bytes(event.data))
        return False


def _written(http: h11.Connection, target: Target, request: OutgoingRequest) -> bytes:
    line_and_headers = h11.Request(
        method=request.method, target=target.path_and_query, headers=_sent_headers(target, request)
    )
    parts = (line_and_headers, h11.Data(request.body), h11.EndOfMessage())
    return b"".join(http.send(part) or b"" for part in parts)


def _sent_headers(target: Target, request: OutgoingRequest) -> list[tuple[bytes, bytes]]:
    given = {name: value for name, value in request.headers.items() if name.lower() not in _OWN_HEADERS}
    if not any(name.lower() == "accept-encoding" for name in given):
        # Compressing would save nothing here and costs the receiver time.
        given["Accept-Encoding"] = "identity"
    own = {"Host": target.authority, "Content-Length": str(len(request.body)), "Connection": "close"}
    return [(name.encode(), value.encode()) for name, value in (own | given).items()]


def _checked(response: h11.Response) -> Head:
    fields = list(response.headers)
    if len(fields) > MAX_HEADERS or sum(len(name) + len(value) for name, value in fields) > MAX_HEAD_BYTES:
        raise RequestFailed(ErrorClass.TOO_LARGE, "the head of the answer is too large")
    headers: dict[str, str] = {}
    for name, value in fields:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return Head(response.status_code, headers)


@contextmanager
def _failures_of_the_exchange() -> Iterator[None]:
    """Turn whatever goes wrong before the head of the answer is complete into RequestFailed."""
    try:
        yield
    except TimeoutError as exc:
        raise RequestFailed(ErrorClass.TIMEOUT, "the receiver did not answer in time") from exc
    except h11.LocalProtocolError as exc:
        # Its text can hold a header's value, and that can be a token.
        raise RequestFailed(ErrorClass.HTTP, "a header of the request cannot be written as HTTP") from exc
    except h11.RemoteProtocolError as exc:
        if exc.error_status_hint == _TOO_LARGE_HINT:
            raise RequestFailed(ErrorClass.TOO_LARGE, "the head of the answer is too large") from exc
        text, is_cut = str(exc), len(str(exc)) > _MAX_TEXT
        raise RequestFailed(ErrorClass.HTTP, f"the answer is not HTTP: {text[:_MAX_TEXT]}", is_cut=is_cut) from exc
    except ssl.SSLError as exc:
        raise RequestFailed(ErrorClass.TLS, f"TLS broke: {exc.reason or 'the connection was closed'}") from exc
    except OSError as exc:
        raise RequestFailed(ErrorClass.HTTP, f"the connection broke before an answer ({type(exc).__name__})") from exc
