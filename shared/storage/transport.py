"""The way to storage: it fails fast while a service is down, and knows what time it is there."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import ServiceRequestError, ServiceResponseError

from shared.azure_transport import READ_SECONDS, DeadlineTransport
from shared.circuit_breaker import CircuitBreaker
from shared.clock import now
from shared.deadline import remaining_seconds
from shared.errors import StorageDown
from shared.server_clock import ServerClock

# What storage itself answered has it; a proxy on the way writes other answers, and may have a clock that is wrong.
_REQUEST_ID = "x-ms-request-id"
_GATEWAY_ERRORS = frozenset({502, 503, 504})
_MIN_FAIR_SECONDS = 1.0

type _Verdict = Callable[[CircuitBreaker, float, float], CircuitBreaker]


class StorageTransport(DeadlineTransport):
    """Sends calls to storage. After a few in a row without an answer it refuses those that follow, but for one probe.

    What counts as no answer: a connection that cannot be made or breaks off, a time limit that passes, and a 502, 503
    or 504 that storage did not write itself. Any answer of storage says that it is there, even a 503 of its own: that
    comes at once, and holds no thread. A call that had less than a second, because its request's time was over, says
    nothing.

    Tables and queues are judged apart, by their addresses: they fail apart, and answers of the one would hide that the
    other gives none. Refused calls raise StorageDown. `clock` tells the local time; a test passes one that is wrong.
    """

    def __init__(
        self,
        *,
        read_seconds: float = READ_SECONDS,
        clock: Callable[[], datetime] = now,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(read_seconds=read_seconds)
        self._local_clock = clock
        self._seconds = seconds
        self._server_clock = ServerClock()
        self._breakers: defaultdict[str, CircuitBreaker] = defaultdict(CircuitBreaker)
        self._breakers_lock = threading.Lock()

    def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as in the class it stands for
        """Send as DeadlineTransport does; raises StorageDown at once while the service is known to be down."""
        address = urlsplit(request.url).netloc
        began = self._admit(address)
        is_fair = remaining_seconds(at_most=_MIN_FAIR_SECONDS) >= _MIN_FAIR_SECONDS
        sent = self._local_clock()
        verdict: _Verdict = CircuitBreaker.abandoned
        try:
            response = super().send(request, **kwargs)
            is_answer = _REQUEST_ID in response.headers or response.status_code not in _GATEWAY_ERRORS
            verdict = _answered if is_answer else CircuitBreaker.failed
        except (ServiceRequestError, ServiceResponseError):
            verdict = CircuitBreaker.failed if is_fair else verdict
            raise
        finally:
            self._judge(address, began, verdict)
        if _REQUEST_ID in response.headers:
            # A lost update of a thread beside this one only means that less is known.
            self._server_clock = self._server_clock.observe(response.headers.get("Date"), sent, self._local_clock())
        return response

    def now(self) -> datetime:
        """Storage's time, as far as its answers tell it: the local time before the first one."""
        return self._server_clock.at(self._local_clock())

    @property
    def is_refusing(self) -> bool:
        """True while calls to one of the services at least would be refused."""
        with self._breakers_lock:
            return any(breaker.refuses(self._seconds()) for breaker in self._breakers.values())

    @property
    def is_failing(self) -> bool:
        """True if the last call to one of the services at least got no answer."""
        with self._breakers_lock:
            return any(breaker.failures for breaker in self._breakers.values())

    def _admit(self, address: str) -> float:
        with self._breakers_lock:
            began = self._seconds()
            if self._breakers[address].refuses(began):
                raise StorageDown("storage gave no answer to the last calls, and is left alone for a moment")
            self._breakers[address] = self._breakers[address].admitted(began)
            return began

    def _judge(self, address: str, began: float, verdict: _Verdict) -> None:
        with self._breakers_lock:
            self._breakers[address] = verdict(self._breakers[address], began, self._seconds())


def _answered(breaker: CircuitBreaker, began: float, now: float) -> CircuitBreaker:
    return breaker.answered(now)
