"""Where the queues of a storage account are, and what opens them: a key, a shared access signature, an identity.

Source: https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Protocol
from urllib.parse import urlsplit

_VERSION = "2021-12-02"
# Of the headers that a signature covers, a request to a queue has these two; the others count as empty.
_SIGNED_LINES = "{method}\n\n\n{length}\n\n{type}\n\n\n\n\n\n\n{headers}\n{resource}"


class Opener(Protocol):
    """Says what a request must carry to be let in."""

    def headers(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> dict[str, str]:
        """All headers of this request; `path` begins with a slash."""


@dataclass(frozen=True)
class QueueAccount:
    """The queues at `endpoint`, which ends without a slash; `signature` is a query that goes with every request."""

    endpoint: str
    opener: Opener
    signature: str = field(default="", repr=False)


@dataclass(frozen=True)
class SharedKey:
    """Signs with the key of an account, given in base64; raises ValueError if it is none."""

    account: str
    key: str = field(repr=False)

    def __post_init__(self) -> None:
        base64.b64decode(self.key, validate=True)

    def headers(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> dict[str, str]:
        """The headers with a signature over all of the request but its body."""
        headers = _own_headers(body)
        text = _SIGNED_LINES.format(
            method=method,
            length=len(body) or "",
            type=headers.get("Content-Type", ""),
            headers="\n".join(f"{name}:{headers[name]}" for name in ("x-ms-date", "x-ms-version")),
            resource="\n".join([f"/{self.account}{path}", *(f"{name}:{query[name]}" for name in sorted(query))]),
        )
        mac = hmac.digest(base64.b64decode(self.key), text.encode(), hashlib.sha256)
        return {**headers, "Authorization": f"SharedKey {self.account}:{base64.b64encode(mac).decode()}"}


@dataclass(frozen=True)
class Token:
    """Opens with an access token, which `get` has ready."""

    get: Callable[[], str]

    def headers(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> dict[str, str]:
        """The headers with the token."""
        return {**_own_headers(body), "Authorization": f"Bearer {self.get()}"}


@dataclass(frozen=True)
class InTheAddress:
    """Needs nothing: the shared access signature of the account goes with the address."""

    def headers(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> dict[str, str]:
        """The headers that every request has."""
        return _own_headers(body)


def account_by_connection_string(text: str, development_storage: str) -> QueueAccount:
    """The account that a connection string names; raises ValueError, whose text repeats none of it.

    `development_storage` is the connection string that `UseDevelopmentStorage=true` stands for.
    """
    values = _values(text)
    if values.get("usedevelopmentstorage", "").lower() == "true":
        values = _values(development_storage)
    account, key = values.get("accountname", ""), values.get("accountkey", "")
    protocol, suffix = values.get("defaultendpointsprotocol", "https"), values.get("endpointsuffix", "core.windows.net")
    endpoint = values.get("queueendpoint") or (account and f"{protocol}://{account}.queue.{suffix}")
    signature = values.get("sharedaccesssignature", "").removeprefix("?")
    if not endpoint or urlsplit(endpoint).hostname is None or not (signature or (account and key)):
        raise ValueError("an address of queues, or what opens them, is missing")
    opener = InTheAddress() if signature else SharedKey(account, key)
    return QueueAccount(endpoint.rstrip("/"), opener, signature)


def _values(text: str) -> dict[str, str]:
    parts = (part.partition("=") for part in text.split(";") if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in parts}


def _own_headers(body: bytes) -> dict[str, str]:
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": _VERSION}
    return {**headers, "Content-Type": "application/xml"} if body else headers
