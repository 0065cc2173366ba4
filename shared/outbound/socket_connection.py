"""A connection to an address that was judged before, with one time limit for everything done on it."""

import errno
import socket
import ssl
import time
from collections.abc import Sequence
from ipaddress import IPv4Address
from types import TracebackType
from typing import Self

from shared.outbound.addresses import Address
from shared.outbound.reply import ErrorClass, RequestFailed

_CHUNK_BYTES = 16_384
# A name with hundreds of addresses must not turn one attempt into a scan.
_MAX_ADDRESSES = 8
_REASONS = {
    errno.ECONNREFUSED: "it was refused",
    errno.ECONNRESET: "it was reset",
    errno.EHOSTUNREACH: "there is no route to the host",
    errno.ENETUNREACH: "there is no route to the network",
}
# OpenSSL's verification errors (x509_vfy.h): what their texts say can change with its version.
_FAULTS = {
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is self-signed",
    19: "its chain ends in a self-signed certificate of an unknown authority",
    20: "its authority is unknown, or an intermediate certificate is missing",
    21: "its authority is unknown, or an intermediate certificate is missing",
    23: "it was revoked",
}
_WRONG_NAME = frozenset({62, 64})


class TimeLimit:
    """The seconds that all steps together may take, counted from its creation."""

    def __init__(self, seconds: float) -> None:
        self._began_at = time.monotonic()
        self._seconds = seconds

    @property
    def elapsed_seconds(self) -> float:
        """The seconds since it was created."""
        return time.monotonic() - self._began_at

    def left(self) -> float:
        """The seconds that are left, always more than 0; raises TimeoutError if none are."""
        seconds = self._seconds - self.elapsed_seconds
        if seconds <= 0:
            raise TimeoutError("the time is over")
        return seconds


class SocketConnection:
    """An open socket. Each call on it gets what is left of the limit as its own time limit.

    That bounds the whole even if the other side sends byte after byte: the time limit of a Python socket, with or
    without TLS, is for the whole call, however many pieces arrive. Raises the errors of `socket` and `ssl`.
    """

    def __init__(self, sock: socket.socket, limit: TimeLimit) -> None:
        self._socket = sock
        self._limit = limit
        self._is_detached = False
        self.received_bytes = 0

    def send(self, data: bytes) -> None:
        """Send all of it. (`sendall` would begin a new time limit with every TLS record.)"""
        rest = memoryview(data)
        while rest:
            self._socket.settimeout(self._limit.left())
            rest = rest[self._socket.send(rest) :]

    def receive(self) -> bytes:
        """The bytes that are there, at least one; b"" if the other side has closed."""
        self._socket.settimeout(self._limit.left())
        data = self._socket.recv(_CHUNK_BYTES)
        self.received_bytes += len(data)
        return data

    def detach(self) -> None:
        """Leave the socket open at the end of the `with`: somebody else has it now."""
        self._is_detached = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._is_detached:
            self._socket.close()


def connect(addresses: Sequence[Address], port: int, limit: TimeLimit) -> tuple[socket.socket, Address]:
    """A socket to the first address that accepts the connection, and that address.

    Raises RequestFailed (`refused` or `timeout`).

    Each address gets its share of the time that is left, so that a silent one does not use up all of it.
    """
    tried = addresses[:_MAX_ADDRESSES]
    reason: OSError = TimeoutError()
    for index, address in enumerate(tried):
        try:
            return _dial(address, port, limit.left() / (len(tried) - index)), address
        except OSError as exc:
            reason = exc
    if isinstance(reason, TimeoutError):
        raise RequestFailed(ErrorClass.TIMEOUT, f"no connection to port {port} in time") from reason
    why = _REASONS.get(reason.errno or 0, errno.errorcode.get(reason.errno or 0, "it broke"))
    raise RequestFailed(ErrorClass.REFUSED, f"no connection to port {port}: {why}") from reason


def _dial(address: Address, port: int, seconds: float) -> socket.socket:
    sock = socket.socket(socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6)
    try:
        sock.settimeout(seconds)
        # A numeric address: nothing is resolved a second time.
        sock.connect((str(address), port))
    except BaseException:
        sock.close()
        raise
    return sock


def start_tls(sock: socket.socket, context: ssl.SSLContext, host: str, limit: TimeLimit) -> socket.socket:
    """The socket with TLS on it, the certificate checked against `host`; raises RequestFailed (`tls` or `timeout`).

    If that fails, the given socket is closed.
    """
    try:
        sock.settimeout(limit.left())
        return context.wrap_socket(sock, server_hostname=host)
    except TimeoutError as exc:
        sock.close()
        raise RequestFailed(ErrorClass.TIMEOUT, "TLS was not agreed in time") from exc
    except ssl.SSLCertVerificationError as exc:
        sock.close()
        raise RequestFailed(ErrorClass.TLS, f"the certificate is not accepted: {_fault(exc, host)}") from exc
    except OSError as exc:
        sock.close()
        # OpenSSL's name of the error, `WRONG_VERSION_NUMBER`: what people look up.
        reason = getattr(exc, "reason", None) or "the connection was closed"
        raise RequestFailed(ErrorClass.TLS, f"TLS was not agreed: {reason}") from exc


def _fault(error: ssl.SSLCertVerificationError, host: str) -> str:
    if error.verify_code in _WRONG_NAME:
        return f"it was issued to another name than {host}"
    return _FAULTS.get(error.verify_code, f"OpenSSL's verification error {error.verify_code}")
