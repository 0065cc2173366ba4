"""One request and its answer over an open connection, as HTTP/1.1.

h11 writes and reads HTTP without doing I/O. It is strict, and leaves every read to this module, which bounds time and
bytes where they are spent. Libraries that own the socket have time limits only for single reads, and a receiver that
sends one byte after another never exceeds one. Where the head of an answer ends is found here (answer_head.py), so that
the status of one that h11 refuses is not lost.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus

import h11

from shared.outbound.answer_head import MAX_HEAD_BYTES, Head, HeadBuffer, HeadTooLarge, NotAHead, head_by_its_status
from shared.outbound.answer_head import status_of as _status_of
from shared.outbound.reply import ClosedBeforeAnswer, ErrorClass, OutgoingRequest, RequestFailed
from shared.outbound.reply_body import ReplyBody
from shared.outbound.socket_connection import SocketConnection
from shared.outbound.target import Target

MAX_HEADERS = 100
MAX_INTERIM_ANSWERS = 10
# On the wire a body is a little longer than its content (chunks, a gzip header). A far longer one is a trick: single
# bytes in chunks with long extensions, or compressed data that yields nothing.
_WIRE_FACTOR = 2
_WIRE_BYTES = 16_384
# These belong to the connection, which only this module knows.
_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection"})
# What a plain client sends by itself, and firewalls expect. Compressing would save nothing and costs the receiver time.
_DEFAULT_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}
# The text of a failure may repeat so many characters of what the receiver sent.
_MAX_TEXT = 80


class HttpExchange:
    """One request and its answer: first `send_request`, then `read_body`.

    keeps: ask the receiver to keep the connection; otherwise it is told that this request is the last one.
    """

    def __init__(self, connection: SocketConnection, *, keeps: bool = False) -> None:
        self._connection = connection
        self._keeps = keeps
        self._was_sent = self._is_http_1_1 = False
        self._buffer = HeadBuffer()
        # One byte more than any head that is handed over: how long a head may be is decided before.
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES + 1)

    @property
    def can_be_followed(self) -> bool:
        """Whether the connection may be used again: both sides keep it, and nothing of this exchange is left on it."""
        is_done = (self._http.our_state, self._http.their_state) == (h11.DONE, h11.DONE)
        return self._was_sent and self._is_http_1_1 and is_done and self._http.trailing_data == (b"", False)

    def send_request(self, target: Target, request: OutgoingRequest) -> Head:
        """Send the request and return the head of the answer; raises RequestFailed."""
        with _failures_of_the_exchange(self._connection):
            self._send(self._written(target, request))
            return self._head()

    def read_body(self, head: Head, max_bytes: int) -> tuple[bytes, bool]:
        """The body, at most `max_bytes` of it, and whether that is all of it. Raises nothing: the status stands."""
        if not head.is_whole:
            return b"", False
        body = ReplyBody(head.headers.get("content-encoding", ""), max_bytes)
        is_complete = False
        # If time is over, the connection broke or the chunks are wrong, what came before is kept.
        with suppress(OSError, h11.RemoteProtocolError):
            is_complete = self._read_into(body, max_bytes * _WIRE_FACTOR + _WIRE_BYTES)
        return body.content, is_complete and body.is_whole

    def _written(self, target: Target, request: OutgoingRequest) -> bytes:
        headers = _sent_headers(target, request, keeps=self._keeps)
        line_and_headers = h11.Request(method=request.method, target=target.path_and_query, headers=headers)
        parts = (line_and_headers, h11.Data(request.body), h11.EndOfMessage())
        return b"".join(self._http.send(part) or b"" for part in parts)

    def _send(self, data: bytes) -> None:
        # A receiver may answer and hang up before it has read everything; its answer can still be read.
        with suppress(ConnectionError):
            self._connection.send(data)
            self._was_sent = True

    def _head(self) -> Head:
        for _ in range(MAX_INTERIM_ANSWERS + 1):
            head, status = self._next_head()
            if status == HTTPStatus.SWITCHING_PROTOCOLS:
                raise RequestFailed(ErrorClass.HTTP, "the receiver wants to switch to another protocol")
            if status >= HTTPStatus.OK:
                return self._understood(head, status)
        raise RequestFailed(ErrorClass.HTTP, f"more than {MAX_INTERIM_ANSWERS} interim answers (1xx) and no final one")

    def _next_head(self) -> tuple[bytes, int]:
        """The next head, or as much of one as may be read, and its status; raises RequestFailed."""
        try:
            while (head := self._buffer.take()) is None:
                self._buffer.add(self._received())
        except NotAHead as exc:
            raise _not_http(exc.beginning) from exc
        except HeadTooLarge as exc:
            head = self._buffer.rest
            # An interim answer is none, however long it is.
            if (_status_of(head) or 0) < HTTPStatus.OK:
                raise RequestFailed(ErrorClass.TOO_LARGE, "the head of the answer is too large") from exc
        status = _status_of(head)
        if status is None:
            raise _not_http(head)
        return head, status

    def _received(self) -> bytes:
        data = self._connection.receive()
        if not data and self._buffer.is_empty:
            raise ClosedBeforeAnswer("the connection was closed before an answer")
        if not data:
            raise RequestFailed(ErrorClass.HTTP, "the connection was closed within the head of the answer")
        return data

    def _understood(self, head: bytes, status: int) -> Head:
        if len(head) <= MAX_HEAD_BYTES:
            with suppress(h11.RemoteProtocolError):
                self._http.receive_data(head + self._buffer.rest)
                response = self._http.next_event()
                if isinstance(response, h11.Response) and len(response.headers) <= MAX_HEADERS:
                    self._is_http_1_1 = response.http_version == b"1.1"
                    return _as_head(response)
        return head_by_its_status(head, status)

    def _read_into(self, body: ReplyBody, max_wire_bytes: int) -> bool:
        """Whether the end of the body was reached."""
        last_byte = self._connection.received_bytes + max_wire_bytes
        while not body.is_over and self._connection.received_bytes < last_byte:
            event = self._next_event()
            if not isinstance(event, h11.Data):
                return isinstance(event, h11.EndOfMessage)
            body.add(bytes(event.data))
        return False

    def _next_event(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(self._connection.receive())
        return event


def _sent_headers(target: Target, request: OutgoingRequest, *, keeps: bool) -> list[tuple[bytes, bytes]]:
    given = {name: value for name, value in request.headers.items() if name.lower() not in _OWN_HEADERS}
    names = {name.lower() for name in given}
    own = {"Host": target.authority, "Content-Length": str(len(request.body))}
    if not keeps:
        own["Connection"] = "close"
    defaults = {name: value for name, value in _DEFAULT_HEADERS.items() if name.lower() not in names}
    return [(name.encode(), value.encode()) for name, value in (own | given | defaults).items()]


def _as_head(response: h11.Response) -> Head:
    headers: dict[str, str] = {}
    for name, value in response.headers:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return Head(response.status_code, headers)


def _not_http(data: bytes) -> RequestFailed:
    """The failure, with the beginning of what came instead: a banner, or a page."""
    line = data.split(b"\n")[0].decode("utf-8", "replace").strip()
    shown = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in line[:_MAX_TEXT])
    what = f": it begins with {shown}" if shown else ""
    own_words = "the answer is not HTTP"
    # What was sent may go on after this line, and a secret in it too.
    return RequestFailed(ErrorClass.HTTP, f"{own_words}{what}", is_cut=True, own_words=own_words)


@contextmanager
def _failures_of_the_exchange(connection: SocketConnection) -> Iterator[None]:
    """Turn whatever goes wrong before the head of the answer is complete into RequestFailed, in the hub's own words."""
    try:
        yield
    except TimeoutError as exc:
        raise RequestFailed(ErrorClass.TIMEOUT, "the receiver did not answer in time") from exc
    except h11.LocalProtocolError as exc:
        # Its text can hold a header's value, and that can be a token.
        raise RequestFailed(ErrorClass.HTTP, "a header of the request cannot be written as HTTP") from exc
    except OSError as exc:
        is_broken_tls = isinstance(exc, ssl.SSLError) and not isinstance(exc, ssl.SSLEOFError)
        if is_broken_tls:
            raise RequestFailed(ErrorClass.TLS, "TLS broke before an answer") from exc
        if connection.received_bytes:
            raise RequestFailed(ErrorClass.HTTP, "the connection broke within the head of the answer") from exc
        raise ClosedBeforeAnswer("the connection broke before an answer") from exc
