"""What can go wrong on the way to Dataverse and back, for requests of one method to one set."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.fakes.server import Received, Reply, json_reply

_PATIENCE_SECONDS = 60


@dataclass
class _Fault:
    method: str
    set_: str
    skip: int
    reply: Reply | None = None
    action: Callable[[], object] | None = None
    echoed: int | None = None
    late: Reply | None = None

    def is_meant(self, method: str, set_: str) -> bool:
        if (self.method, self.set_) != (method, set_):
            return False
        self.skip -= 1
        return self.skip < 0


@dataclass(frozen=True)
class Fate:
    """What becomes of a request: answered `instead` of done, or done with its answer lost or replaced (`late`)."""

    instead: Reply | None = None
    is_lost: bool = False
    late: Reply | None = None


class Faults:
    """Faults that tests ask for; each happens once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[_Fault] = []
        self._meetings: dict[tuple[str, str], list[threading.Barrier]] = {}

    def fail_once(self, method: str, set_: str, reply: Reply, *, skip: int = 0) -> None:
        """Let a request get this answer and not be done; `skip` requests are let through first."""
        self._faults.append(_Fault(method, set_, skip, reply))

    def lose_answer(self, method: str, set_: str) -> None:
        """Let a request be done, and its connection end without an answer."""
        self._faults.append(_Fault(method, set_, 0))

    def answer_late(self, method: str, set_: str, reply: Reply, *, skip: int = 0) -> None:
        """Let a request be done, but get this answer: a gateway in between has lost patience."""
        self._faults.append(_Fault(method, set_, skip, late=reply))

    def meet(self, method: str, set_: str, parties: int = 2) -> None:
        """Let the next requests of this kind wait until so many of them are there, which makes a race."""
        self._meetings[method, set_] = [threading.Barrier(parties)] * parties

    def before(
        self, method: str, set_: str, action: Callable[[], object], *, skip: int = 0, reply: Reply | None = None
    ) -> None:
        """Let something happen just before a request is done; with a reply, the request gets that and is not done."""
        self._faults.append(_Fault(method, set_, skip, reply, action))

    def echo(self, method: str, set_: str, status: int) -> None:
        """Let a request not be done, and let the error repeat its body, plain and as JSON."""
        self._faults.append(_Fault(method, set_, 0, echoed=status))

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._faults.clear()
        self._meetings.clear()

    def wait(self, request: Received, set_: str) -> None:
        """Wait for the other requests, if this one is to meet them."""
        with self._lock:
            waiting = self._meetings.get((request.method, set_))
            barrier = waiting.pop() if waiting else None
        if barrier is not None:
            barrier.wait(_PATIENCE_SECONDS)

    def take(self, request: Received, set_: str) -> Fate:
        """What becomes of this request; an action is carried out first."""
        fault = self._next(request.method, set_)
        if fault is None:
            return Fate()
        if fault.echoed is not None:
            return Fate(_echo(request, fault.echoed))
        if fault.action is not None:
            fault.action()
            return Fate(fault.reply)
        return Fate(fault.reply, fault.reply is None and fault.late is None, fault.late)

    def _next(self, method: str, set_: str) -> _Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.is_meant(method, set_):
                    self._faults.remove(fault)
                    return fault
        return None


def _echo(request: Received, status: int) -> Reply:
    sent = json.loads(request.body)
    message = f"Invalid value {sent['authvalue']} in {request.body.decode()}"
    return json_reply({"error": {"code": "0x80040216", "message": message}}, status)
