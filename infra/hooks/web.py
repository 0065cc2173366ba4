"""One HTTP call, with a time-out, without following redirects: a token must not travel on."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import urlsplit

from infra.hooks.failure import HookFailed

_SECONDS = 30
MAX_BYTES = 4_000_000
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Answer:
    """What a server answered. The body may hold secrets, so `repr` leaves it out."""

    status: int
    headers: Message = field(repr=False)
    body: bytes = field(repr=False)

    def document(self) -> Mapping[str, object]:
        """The body, if it is a JSON object; else an empty one."""
        return self.read() or {}

    def read(self) -> Mapping[str, object] | None:
        """The body, if it is a JSON object; None if it is something else, or only a part of one."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


class NoAnswer(Exception):
    """There was no answer, or not all of it; the message is the kind of the failure."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """A redirect is an answer like any other."""


# Through a proxy an encrypted call is a tunnel. One to this machine is not encrypted, and a proxy would read its token.
_OPENER = urllib.request.build_opener(_NoRedirects)
_OPENER_OF_LOOPBACK = urllib.request.build_opener(_NoRedirects, urllib.request.ProxyHandler({}))


def base_address(name: str, address: str) -> str:
    """The address that the variable `name` holds, without a slash at its end; raises HookFailed if it is not https."""
    if not _is_base(address):
        raise HookFailed(f"{name} is {address!r}: an address that begins with https:// is needed")
    return address.rstrip("/")


def _is_base(address: str) -> bool:
    try:
        parts = urlsplit(address)
        has_port_or_none = parts.port is None or parts.port > 0
    except ValueError:
        return False
    is_plain = re.fullmatch(r"[!-~]+", address) is not None and not re.search(r"[@?#\\]", address)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    return bool(parts.hostname) and has_port_or_none and is_plain and is_safe


def call(method: str, url: str, headers: Mapping[str, str], body: object = None) -> Answer:
    """Make a request, with `body` as JSON. Every status is an answer. Raises NoAnswer; HookFailed if none can work."""
    data = None if body is None else json.dumps(body).encode()
    sent = dict(headers) if data is None else {**headers, "Content-Type": "application/json"}
    # base_address looked at the scheme.
    request = urllib.request.Request(url, data=data, headers=sent, method=method)  # noqa: S310
    try:
        with _opener(url).open(request, timeout=_SECONDS) as response:
            return Answer(response.status, response.headers, _whole(response))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, _rest_of(error))
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise HookFailed(
                f"Python does not trust the certificate of {urlsplit(url).hostname}: install certificates for it"
                " (on a Mac: Install Certificates.command), or name those of your proxy in SSL_CERT_FILE"
            ) from None
        raise NoAnswer(type(reason).__name__) from None


def _opener(url: str) -> urllib.request.OpenerDirector:
    return _OPENER_OF_LOOPBACK if urlsplit(url).hostname in _LOOPBACK else _OPENER


def _whole(response: http.client.HTTPResponse) -> bytes:
    body = response.read(MAX_BYTES)
    # A read of so many bytes does not tell that the connection ended before them; what is left of the length does.
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return body


def _rest_of(error: urllib.error.HTTPError) -> bytes:
    try:
        return error.read(MAX_BYTES)
    except (OSError, http.client.HTTPException):
        return b""
