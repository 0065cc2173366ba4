"""What is sent to a receiver and what it answered, or why there is no answer, as plain data. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus


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


class ErrorClass(StrEnum):
    """What kind of failure it was; the delivery log shows the value."""

    DNS = "dns"
    """The host has no address, or the name servers do not answer."""
    REFUSED = "refused"
    """No connection could be made: refused, or no way there."""
    TLS = "tls"
    """No TLS connection could be made; most often the certificate is wrong, expired or of an unknown authority."""
    TIMEOUT = "timeout"
    """The time was over before the head of the answer was complete, in whatever step."""
    TOO_LARGE = "too_large"
    """The head of the answer is larger than anybody needs."""
    BLOCKED = "blocked"
    """The target policy forbids the target; nobody was called."""
    SCRIPT = "script"
    """An entry point of type crmscript raised an exception."""
    HTTP = "http"
    """What came is no HTTP answer, or the connection ended before one; or the request cannot be written as HTTP."""


class DeliveryFailed(Exception):
    """There is no answer, so nobody knows whether the receiver took the request. `detail` is a sentence for the log.

    It may repeat what the receiver sent; `is_cut` says that there was more of that.
    """

    def __init__(self, error_class: ErrorClass, detail: str, *, is_cut: bool = False) -> None:
        super().__init__(f"{error_class}: {detail}")
        self.error_class = error_class
        self.detail = detail
        self.is_cut = is_cut
