"""Why an attempt to deliver got no answer."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import h11

_TOO_LARGE_HINT = 431
# The text of an HTTP error can hold what the receiver sent.
_MOST_TEXT = 200


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


@contextmanager
def failures_of_the_exchange() -> Iterator[None]:
    """Turn what goes wrong between an open connection and the head of the answer into DeliveryFailed."""
    try:
        yield
    except TimeoutError as exc:
        raise DeliveryFailed(ErrorClass.TIMEOUT, "the receiver did not answer in time") from exc
    except h11.LocalProtocolError as exc:
        # Its text can hold a header's value, and that can be a token.
        raise DeliveryFailed(ErrorClass.HTTP, "a header of the request cannot be written as HTTP") from exc
    except h11.RemoteProtocolError as exc:
        if exc.error_status_hint == _TOO_LARGE_HINT:
            raise DeliveryFailed(ErrorClass.TOO_LARGE, "the head of the answer is too large") from exc
        text, is_cut = str(exc), len(str(exc)) > _MOST_TEXT
        raise DeliveryFailed(ErrorClass.HTTP, f"the answer is no HTTP: {text[:_MOST_TEXT]}", is_cut=is_cut) from exc
    except ssl.SSLError as exc:
        raise DeliveryFailed(ErrorClass.TLS, f"TLS broke off: {exc.reason or 'the connection was closed'}") from exc
    except OSError as exc:
        raise DeliveryFailed(
            ErrorClass.HTTP, f"the connection broke off before an answer ({type(exc).__name__})"
        ) from exc
