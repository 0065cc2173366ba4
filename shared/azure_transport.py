"""The HTTP transport of the Azure SDKs, which keeps their calls and the pauses between them within the deadline.

It is made of urllib3 alone: requests, the SDKs' default, looks for proxies and for a .netrc with every call, and costs
more than what it does for calls such as these.
"""

import re
import ssl
import threading
from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import certifi
from azure.core.exceptions import (
    AzureError,
    DecodeError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline.transport import HttpTransport
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout, connection_from_url
from urllib3 import exceptions as urllib3_errors

from shared.azure_response import ReadResponse
from shared.deadline import remaining_seconds
from shared.errors import StorageDown, Unavailable

CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
POOL_SIZE = 256
"""Connections that are kept to one service. The worker's threads share them; where there were fewer than threads,
those that found none would open one, and drop it afterwards."""

_PIECE_BYTES = 64 * 1024
# A shared access signature is part of the address. What answers nonsense may repeat it, and errors' texts are logged.
_SIGNATURE = re.compile(r"(?i)(\bsig=)[^&\s]+")

_ERRORS: tuple[tuple[type[urllib3_errors.HTTPError], type[AzureError]], ...] = (
    (urllib3_errors.NewConnectionError, ServiceRequestError),
    (urllib3_errors.ConnectTimeoutError, ServiceRequestTimeoutError),
    (urllib3_errors.ReadTimeoutError, ServiceResponseTimeoutError),
    (urllib3_errors.ProtocolError, ServiceResponseError),
    (urllib3_errors.DecodeError, DecodeError),
    (urllib3_errors.HTTPError, ServiceRequestError),
)
"""What an error of urllib3 is for the SDKs; the first class that fits counts. The SDKs take a request's error as one
that never arrived, and a response's as one that may have been done."""


class DeadlineTransport(HttpTransport[Any, Any]):
    """Sends what azure-core hands over, and never for longer than the request that caused it has left.

    `on_unavailable` is raised if no time is left. It is not one of azure-core's errors, which the SDK's retry policy
    would retry. `name` is what the neighbour is called in messages. `read_seconds` is how long one read may take.

    No redirect is followed, and nothing is taken from the environment: no proxy, no .netrc, no list of authorities.
    """

    def __init__(
        self,
        on_unavailable: type[Unavailable] = StorageDown,
        name: str = "storage",
        *,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._on_unavailable = on_unavailable
        self._name = name
        self._read_seconds = read_seconds
        self._pools: dict[tuple[str, str], HTTPConnectionPool] = {}
        self._pools_lock = threading.Lock()

    def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - azure-core's own signature is a union of its old and new classes
        """Send with what is left of the deadline as the time limit; raises `on_unavailable` if nothing is left.

        The body is read to its end. The SDK's own options (`stream`, time limits) change nothing.
        """
        connect = min(CONNECT_SECONDS, self._seconds_left())
        limits = Timeout(connect=connect, read=min(self._read_seconds, self._seconds_left()))
        try:
            return self._exchange(request, limits)
        except urllib3_errors.HTTPError as exc:
            failure = exc
        # Not inside `except`: errors of azure-core keep the text of what is being handled when they are made.
        error = next(error for known, error in _ERRORS if isinstance(failure, known))
        raise error(_SIGNATURE.sub(r"\1...", f"{type(failure).__name__}: {failure}"))

    def sleep(self, duration: float) -> None:
        """The pause before the SDK's next try; raises `on_unavailable` if the deadline comes first."""
        if duration >= remaining_seconds(at_most=duration + 1):
            raise self._on_unavailable(f"{self._name} asks for a longer pause than this request has time for")
        super().sleep(duration)

    def open(self) -> None:
        """Do nothing: connections are opened when they are needed."""

    def close(self) -> None:
        """Close the connections that are not in use."""
        with self._pools_lock:
            while self._pools:
                self._pools.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()

    def _exchange(self, request: Any, limits: Timeout) -> ReadResponse:  # noqa: ANN401 - as in `send`
        address = urlsplit(request.url)
        target = (address.path or "/") + (f"?{address.query}" if address.query else "")
        headers, body = dict(request.headers), _body(request)
        if isinstance(body, bytes):
            headers["Content-Length"] = str(len(body))
        response = self._pool(address.scheme, address.netloc).urlopen(
            request.method,
            target,
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            timeout=limits,
            preload_content=False,
        )
        content = self._read(response)
        return ReadResponse(request, response.status, response.reason or "", response.headers, content)

    def _read(self, response: BaseHTTPResponse) -> bytes:
        """Read the body as it comes: the time limit of a socket begins anew with each byte, the deadline does not."""
        body = bytearray()
        try:
            while piece := response.read1(_PIECE_BYTES, decode_content=True):
                body += piece
                self._seconds_left()
        except BaseException:
            response.close()
            raise
        response.release_conn()
        return bytes(body)

    def _seconds_left(self) -> float:
        left = remaining_seconds(at_most=CONNECT_SECONDS + self._read_seconds)
        if left <= 0:
            raise self._on_unavailable(f"{self._name} did not answer within the time of this request")
        return left

    def _pool(self, scheme: str, host: str) -> HTTPConnectionPool:
        with self._pools_lock:
            if (pool := self._pools.get((scheme, host))) is None:
                options: dict[str, Any] = {"ssl_context": self._tls} if scheme == "https" else {}
                pool = connection_from_url(f"{scheme}://{host}", maxsize=POOL_SIZE, **options)
                self._pools[scheme, host] = pool
        return pool

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # One for all connections: reading the list of authorities takes longer than a handshake.
        return ssl.create_default_context(cafile=certifi.where())


def _body(request: Any) -> Any:  # noqa: ANN401 - bytes, or a file or iterator that the SDK streams
    body = request.data
    if isinstance(body, Mapping):
        return urlencode(body, doseq=True).encode("ascii")
    return body.encode() if isinstance(body, str) else body
