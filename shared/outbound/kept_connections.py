"""Connections to receivers that stay open between requests.

A kept connection spares resolving the name, connecting and agreeing on TLS. It is only ever used for the scheme, host
and port that it was made for, and it goes to an address that the target policy judged.
"""

import re
import select
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from shared.outbound.addresses import Address
from shared.outbound.target import Target

MAX_IDLE_SECONDS = 30
"""So long a connection is kept without a request. Many servers close theirs after a minute or two."""
MAX_JUDGED_SECONDS = 60
"""So long a judgement counts; then the name is resolved and judged anew."""
MAX_KEPT_PER_RECEIVER = 4
MAX_KEPT = 64

_TIMEOUT = re.compile(r"(?:^|[\s,;])timeout\s*=\s*([0-9]{1,6})(?![0-9])", re.IGNORECASE)
# A request must arrive before the receiver's own time is over.
_ARRIVAL_SECONDS = 1

type Origin = tuple[str, str, int]
"""Scheme, host and port. TLS was agreed for this host, and the certificate checked against it."""


def origin_of(target: Target) -> Origin:
    """What a connection to this target can be used for."""
    return target.scheme, target.host, target.port


@dataclass(frozen=True, eq=False)
class OpenConnection:
    """A connection and where it leads. `judged_at` is when its address was judged, `until` how long it may be idle.

    Both are readings of the pool's clock.
    """

    origin: Origin
    address: Address
    sock: socket.socket
    judged_at: float
    until: float = 0.0


class KeptConnections:
    """The idle connections of one client. Threads may share it; whoever takes a connection has it alone.

    It has no thread of its own: connections whose time is over are closed at the next use. `clock` counts seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        # The one that became idle last is at the end.
        self._kept: list[OpenConnection] = []
        weakref.finalize(self, _close_all, self._kept)

    def take(self, origin: Origin, judged: Collection[Address] | None = None) -> OpenConnection | None:
        """A connection to this origin on which nothing has come or ended since; None if there is none.

        Without `judged`, the addresses that were resolved and judged just now, only one whose judgement still counts.
        With it, only one to such an address; those to any other address are closed.
        """
        now = self.clock()
        with self._lock:
            self._drop([one for one in self._kept if one.until < now])
            for one in [one for one in reversed(self._kept) if one.origin == origin]:
                if judged is None and now - one.judged_at > MAX_JUDGED_SECONDS:
                    continue
                self._kept.remove(one)
                if (judged is None or one.address in judged) and _is_quiet(one.sock):
                    return one if judged is None else replace(one, judged_at=now)
                one.sock.close()
        return None

    def put(self, connection: OpenConnection, keep_alive: str | None) -> None:
        """Keep a connection whose last answer was read to its end. `keep_alive` is the answer's header of this name.

        Of too many, those that have been idle longest are closed.
        """
        now = self.clock()
        kept = replace(connection, until=now + _idle_seconds(keep_alive))
        with self._lock:
            self._kept.append(kept)
            mine = [one for one in self._kept if one.origin == kept.origin]
            self._drop([one for one in self._kept if one.until < now])
            self._drop(mine[:-MAX_KEPT_PER_RECEIVER])
            self._drop(self._kept[:-MAX_KEPT])

    def _drop(self, connections: list[OpenConnection]) -> None:
        for one in connections:
            if one in self._kept:
                self._kept.remove(one)
                one.sock.close()


def _close_all(connections: list[OpenConnection]) -> None:
    for one in connections:
        one.sock.close()


def _idle_seconds(keep_alive: str | None) -> float:
    """How long a connection may be idle: as long as the receiver says, with time for a request to arrive."""
    said = _TIMEOUT.search(keep_alive or "")
    return MAX_IDLE_SECONDS if said is None else min(MAX_IDLE_SECONDS, int(said[1]) - _ARRIVAL_SECONDS)


def _is_quiet(sock: socket.socket) -> bool:
    """Whether nothing came since the last answer: neither its end nor bytes that nobody asked for."""
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return False
    # `select.select` knows no more than 1,024 descriptors.
    poll = select.poll()
    poll.register(sock, select.POLLIN | select.POLLPRI)
    return not poll.poll(0)
