"""The queue service over HTTP: the five calls that a listener and an output make.

Not by the SDK, whose work for a call is three times that of the call: it would count as the app's in every measurement.
Source: https://learn.microsoft.com/rest/api/storageservices/queue-service-rest-api
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

import urllib3
from defusedxml import ElementTree

from devhost.queue_account import QueueAccount

_CONNECT_SECONDS = 3
_READ_SECONDS = 5
_ATTEMPTS = 2
_PAUSE_SECONDS = 0.2
_MAX_CONNECTIONS = 16


class QueueFailed(Exception):
    """A call failed. The text says how, without an address, which may hold a signature."""


class NoSuchThing(QueueFailed):
    """The queue is not there, or the message, or it is somebody else's by now."""


@dataclass(frozen=True)
class QueueMessage:
    """A message that was fetched, as the service tells of it."""

    id: str
    content: str
    pop_receipt: str
    dequeue_count: int
    inserted_on: datetime
    expires_on: datetime
    next_visible_on: datetime


class QueueService:
    """The queues of one account. May be used by several threads at a time."""

    def __init__(self, account: QueueAccount) -> None:
        self._account = account
        self._path = urlsplit(account.endpoint).path
        limits = urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS)
        self._pool = urllib3.connection_from_url(
            account.endpoint, maxsize=_MAX_CONNECTIONS, timeout=limits, retries=False
        )

    def fetch(self, queue: str, most: int, hidden_seconds: int) -> list[QueueMessage]:
        """Up to so many messages, which nobody else sees for so long; raises NoSuchThing if there is no queue."""
        query = {"numofmessages": str(most), "visibilitytimeout": str(hidden_seconds)}
        found = ElementTree.fromstring(self._call("GET", f"/{queue}/messages", query).data)
        return [_message({part.tag: part.text or "" for part in element}) for element in found]

    def hide(self, queue: str, message: QueueMessage, seconds: int) -> QueueMessage:
        """Hide a message for so long from now, and return it with its new receipt; raises NoSuchThing."""
        query = {"popreceipt": message.pop_receipt, "visibilitytimeout": str(seconds)}
        headers = self._call("PUT", f"/{queue}/messages/{message.id}", query).headers
        seen_again = parsedate_to_datetime(headers["x-ms-time-next-visible"])
        return replace(message, pop_receipt=headers["x-ms-popreceipt"], next_visible_on=seen_again)

    def delete(self, queue: str, message: QueueMessage) -> None:
        """Remove a message; raises NoSuchThing."""
        self._call("DELETE", f"/{queue}/messages/{message.id}", {"popreceipt": message.pop_receipt})

    def send(self, queue: str, text: str) -> None:
        """Send a text to a queue, which is made if it is missing. It expires as the service has it: after a week."""
        body = f"<QueueMessage><MessageText>{escape(text)}</MessageText></QueueMessage>".encode()
        try:
            self._call("POST", f"/{queue}/messages", {}, body)
        except NoSuchThing:
            self._call("PUT", f"/{queue}", {})
            self._call("POST", f"/{queue}/messages", {}, body)

    def _call(self, method: str, path: str, query: Mapping[str, str], body: bytes = b"") -> urllib3.BaseHTTPResponse:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return _checked(self._once(method, self._path + path, query, body))
            except urllib3.exceptions.HTTPError as error:
                # Its own text has the address.
                failed = QueueFailed(type(error).__name__)
            except _Busy as error:
                failed = error
            if attempt < _ATTEMPTS:
                time.sleep(_PAUSE_SECONDS)
        raise failed

    def _once(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> urllib3.BaseHTTPResponse:
        headers = self._account.opener.headers(method, path, query, body)
        text = "&".join(filter(None, (urlencode(query), self._account.signature)))
        return self._pool.urlopen(
            method, f"{path}?{text}" if text else path, body=body or None, headers=headers, redirect=False
        )


class _Busy(QueueFailed):
    """The service could not do it now."""


def _checked(answer: urllib3.BaseHTTPResponse) -> urllib3.BaseHTTPResponse:
    """The answer, if it is a success. A queue that is made while another makes it is one, too."""
    code = answer.headers.get("x-ms-error-code", "")
    if answer.status < 300 or code == "QueueAlreadyExists":
        return answer
    told = f"{answer.status} {code}".strip()
    if answer.status == 404:
        raise NoSuchThing(told)
    raise _Busy(told) if answer.status >= 500 else QueueFailed(told)


def _message(parts: Mapping[str, str]) -> QueueMessage:
    return QueueMessage(
        id=parts["MessageId"],
        content=parts["MessageText"],
        pop_receipt=parts["PopReceipt"],
        dequeue_count=int(parts["DequeueCount"]),
        inserted_on=parsedate_to_datetime(parts["InsertionTime"]),
        expires_on=parsedate_to_datetime(parts["ExpirationTime"]),
        next_visible_on=parsedate_to_datetime(parts["TimeNextVisible"]),
    )
