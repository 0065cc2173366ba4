"""What is sent, what was answered, and why there is no answer, as plain data. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

type OnHead = Callable[[], None]
"""Called when the head of the final answer has come: once, or never where none comes."""


def nothing() -> None:
    """An `OnHead` for those who need not know."""


@dataclass(frozen=True)
class OutgoingRequest:
    """What to send.

    The client itself sets Host, Content-Length, Transfer-Encoding and Connection; it ignores them in `headers`.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """An answer. Its status is certain; if the body is incomplete, `was_truncated` is true.

    `is_head_whole` is false if only the status line was proper HTTP: then there is no body, and hardly any header.
    Names in `headers` are in lower case; the values of several headers with one name are joined by a comma. `body` is
    decompressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    was_truncated: bool
    is_head_whole: bool = True

    @property
    def is_success(self) -> bool:
        """Any 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def header(self, name: str) -> str | None:
        """The value of a header, whatever the case of its name; None if it is missing."""
        return self.headers.get(name.lower())


class ErrorClass(StrEnum):
    """The kind of a failure; the delivery log shows its value."""

    DNS = "dns"
    """The host has no address, or the name servers do not answer."""
    REFUSED = "refused"
    """No connection could be made: it was refused, or there is no route."""
    TLS = "tls"
    """No TLS connection could be made; most often the certificate is wrong, expired or from an unknown authority."""
    TIMEOUT = "timeout"
    """The time was over before the head of the answer was complete, in any step."""
    TOO_LARGE = "too_large"
    """The status line of the answer, or the head of an interim one, is larger than any sensible one."""
    BLOCKED = "blocked"
    """The target policy refuses the target; nobody was called."""
    SCRIPT = "script"
    """An entry point of type crmscript raised an exception."""
    HTTP = "http"
    """The answer is not a success or not HTTP, or the connection ended before one.

    Also a request that cannot be written as HTTP.
    """
    FORGOTTEN = "forgotten"
    """The event was forgotten while its delivery was open; nobody was called."""


_SENTENCES = {
    ErrorClass.DNS: "the host has no address",
    ErrorClass.REFUSED: "no connection could be made",
    ErrorClass.TLS: "no TLS connection could be made",
    ErrorClass.TIMEOUT: "there was no answer in time",
    ErrorClass.TOO_LARGE: "the head of the answer is too large",
    ErrorClass.BLOCKED: "the target policy refuses the target",
    ErrorClass.SCRIPT: "the script raised an exception",
    ErrorClass.HTTP: "there was no whole HTTP answer",
    ErrorClass.FORGOTTEN: "the event was forgotten",
}


def why_no_answer(error_class: str) -> str:
    """What a class of failure means where no status came, for people; the class stands behind it: `... (refused)`."""
    sentence = _SENTENCES[ErrorClass(error_class)]
    return f"{sentence} ({error_class})"


class RequestFailed(Exception):
    """There is no answer; whether the receiver processed the request is unknown. `detail` is a sentence for the log.

    It may repeat what the receiver sent; `is_cut` says that this is only the beginning of it. `own_words` is the
    sentence without that, empty if it repeats nothing.
    """

    def __init__(self, error_class: ErrorClass, detail: str, *, is_cut: bool = False, own_words: str = "") -> None:
        super().__init__(f"{error_class}: {detail}")
        self.error_class = error_class
        self.detail = detail
        self.own_words = own_words
        self.is_cut = is_cut


class ClosedBeforeAnswer(RequestFailed):
    """The connection ended before a byte of an answer came.

    Where the connection was kept from an earlier request, its receiver most likely closed it before this one came.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(ErrorClass.HTTP, detail)
