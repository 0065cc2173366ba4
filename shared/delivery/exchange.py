"""One request and its answer over an open connection, as HTTP/1.1.

h11 writes and reads HTTP without doing any I/O: it is strict, and leaves every read to us, so that time and bytes are
bounded where they are spent. Libraries that own the socket give time limits per read only, which a drip never trips.
"""

import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import h11

from shared.delivery.connection import Connection
from shared.delivery.failures import DeliveryFailed, ErrorClass, failures_of_the_exchange
from shared.delivery.reply_body import ReplyBody
from shared.delivery.target import Target

MOST_HEAD_BYTES = 65_536
MOST_HEADERS = 100
MOST_INTERIM_ANSWERS = 10
# On the wire a body is a little longer than what it holds (chunks, a gzip header). One far longer is a trick: single
# bytes in chunks with long extensions, or compressed data that comes to nothing.
_WIRE_FACTOR = 2
_WIRE_BYTES = 16_384
# These belong to the connection, and only this module knows what is true of it.
_OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection"})


@dataclass(frozen=True)
class OutgoingRequest:
    """What to send. Host, Content-Length, Transfer-Encoding and Connection are set here and ignored in `headers`."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """An answer. Its status is sure; the body may be incomplete, and then `was_truncated` is true.

    Names in `headers` are in lower case; of several headers of one name the values are joined with a comma. `body` is
    decompressed. `duration_seconds` runs from the resolving of the name to the last byte read.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    duration_seconds: float
    was_truncated: bool

    @property
    def is_success(self) -> bool:
        """Any 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def header(self, name: str) -> str | None:
        """The value of a header, whatever the case of its name; None where there is none."""
        return self.headers.get(name.lower())


@dataclass(frozen=True)
class Head:
    """Status and headers of an answer, as in Reply."""

    status: int
    headers: Mapping[str, str]


class Exchange:
    """One request and its answer. First `ask`, then `read_body`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD_BYTES)

    def ask(self, target: Target, request: OutgoingRequest) -> Head:
        """Send the request and give the head of the answer; raises DeliveryFailed."""
        with failures_of_the_exchange():
            self._send(_written(self._http, target, request))
            return _checked(self._next_response())

    def read_body(self, head: Head, most_bytes: int) -> ReplyBody | None:
        """The body, at most `most_bytes` of it; raises nothing: what is missing makes it not whole."""
        body = ReplyBody(head.headers.get("content-encoding", ""), most_bytes)
        is_complete = False
        try:
            is_complete = self._read_into(body, most_bytes * _WIRE_FACTOR + _WIRE_BYTES)
        except (OSError, h11.RemoteProtocolError):
            # Time is over, the connection broke, or the chunks are wrong: the status was read, and it decides.
            pass
        return body if is_complete and body.is_whole else None
