"""The way to storage, with a journal, and with faults that a test asks for."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shared.clock import now
from shared.errors import StorageDown
from shared.storage.transport import StorageTransport


class Fault(Enum):
    """Where a call fails: on its way to storage, or on the way back, when storage has done it."""

    BEFORE = "before it reached storage"
    AFTER = "after it reached storage"


@dataclass(frozen=True)
class Call:
    """One storage transaction. `path` is a table, or a queue with what follows it: `events`, `events/messages`."""

    method: str
    host: str
    path: str
    query: dict[str, list[str]]


class JournalTransport(StorageTransport):
    """Notes each attempt at a storage transaction, retries included."""

    def __init__(self, *, clock: Callable[[], datetime] = now) -> None:
        # A busy machine may keep Azurite from answering for more than the app's five seconds.
        super().__init__(read_seconds=30, clock=clock)
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._faults: dict[int, tuple[Fault, Exception]] = {}

    @property
    def calls(self) -> list[Call]:
        """What was called since the last `forget`."""
        with self._lock:
            return list(self._calls)

    @property
    def summary(self) -> list[str]:
        """The same in short: `POST events/messages`."""
        return [f"{call.method} {call.path}" for call in self.calls]

    def forget(self) -> None:
        """Empty the journal, and let nothing fail any more."""
        with self._lock:
            self._calls.clear()
            self._faults.clear()

    def fail(self, number: int, fault: Fault, error: Exception | None = None) -> None:
        """Let the call with this number fail, counted from 1 since the last `forget`.

        Without `error` it is an outage that nobody tries again, as if the process had ended there.
        """
        self._faults[number] = (fault, error or StorageDown("a fault that the test injected"))

    def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as in the class it stands for
        """Note the call, then send it, unless it is one that fails."""
        with self._lock:
            self._calls.append(_call(request.method, request.url))
            fault, error = self._faults.get(len(self._calls), (None, None))
        if error and fault is Fault.BEFORE:
            raise error
        response = super().send(request, **kwargs)
        if error:
            raise error
        return response


def _call(method: str, url: str) -> Call:
    parts = urlsplit(url)
    # The first step of Azurite's paths is the account's name.
    _, _, path = parts.path.removeprefix("/").partition("/")
    return Call(method, parts.netloc, path.partition("(")[0], parse_qs(parts.query, keep_blank_values=True))
