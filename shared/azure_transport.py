"""The HTTP transport of the Azure SDKs, which keeps their calls and the pauses between them within the deadline."""

import re
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import requests
from azure.core.exceptions import AzureError
from azure.core.pipeline.transport import HttpTransport, RequestsTransport
from requests.adapters import HTTPAdapter

from shared.clock import now
from shared.deadline import remaining_seconds
from shared.errors import StorageDown, Unavailable
from shared.server_clock import ServerClock

CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
_POOL_SIZE = 64
# A shared access signature is part of the address, and so of the texts of errors, which end up in the log.
_SIGNATURE = re.compile(r"(?i)(\bsig=)[^&\s]+")

# What storage itself answered has it; a proxy on the way may have a clock that is wrong.
_REQUEST_ID = "x-ms-request-id"


class DeadlineTransport(HttpTransport[Any, Any]):
    """Sends what azure-core hands over, and never for longer than the request that caused it has left.

    `on_unavailable` is raised if no time is left. It is not one of azure-core's errors, which the SDK's retry policy
    would retry. `name` is what the neighbour is called in messages. `read_seconds` is how long one read may take.
    `clock` tells the local time; a test passes one that is wrong.
    """

    def __init__(
        self,
        on_unavailable: type[Unavailable] = StorageDown,
        name: str = "storage",
        *,
        read_seconds: float = READ_SECONDS,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._on_unavailable = on_unavailable
        self._name = name
        self._read_seconds = read_seconds
        self._local_clock = clock
        self._server_clock = ServerClock()
        session = requests.Session()
        # The worker's threads share this session; a smaller pool would drop connections and open them anew.
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(pool_maxsize=_POOL_SIZE))
        self._inner = RequestsTransport(session=session)

    def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - azure-core's own signature is a union of its old and new classes
        """Send with what is left of the deadline as the time limit; raises `on_unavailable` if nothing is left."""
        left = remaining_seconds(at_most=CONNECT_SECONDS + self._read_seconds)
        if left <= 0:
            raise self._on_unavailable(f"{self._name} did not answer within the time of this request")
        limits = {"connection_timeout": min(CONNECT_SECONDS, left), "read_timeout": min(self._read_seconds, left)}
        sent = self._local_clock()
        try:
            response = self._inner.send(request, **(kwargs | limits))
        except AzureError as exc:
            if (told := _SIGNATURE.sub(r"\1...", str(exc))) == str(exc):
                raise
            # The chain is cut too: requests and urllib3 have the address in their own texts.
            raise type(exc)(told) from None
        if _REQUEST_ID in response.headers:
            # A lost update of a thread beside this one only means that less is known.
            self._server_clock = self._server_clock.observe(response.headers.get("Date"), sent, self._local_clock())
        return response

    def now(self) -> datetime:
        """The neighbour's time, as far as its answers tell it: the local time before the first one."""
        return self._server_clock.at(self._local_clock())

    def sleep(self, duration: float) -> None:
        """The pause before the SDK's next try; raises `on_unavailable` if the deadline comes first."""
        if duration >= remaining_seconds(at_most=duration + 1):
            raise self._on_unavailable(f"{self._name} asks for a longer pause than this request has time for")
        super().sleep(duration)

    def open(self) -> None:
        """Open the session."""
        self._inner.open()

    def close(self) -> None:
        """Close the session and its connections."""
        self._inner.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()
