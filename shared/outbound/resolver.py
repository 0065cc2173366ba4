"""From a host to its addresses, by the system's resolver and within a time limit."""

import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from queue import Empty, SimpleQueue

from shared.outbound.addresses import Address

type Resolve = Callable[[str, int], Sequence[Address]]
"""Returns the addresses of a host (ASCII, no brackets) for a port, in the order to try; raises NameNotResolved."""


class NameNotResolved(Exception):
    """The host has no address, or the name servers gave none. The text says which host."""


def system_resolve(host: str, port: int) -> Sequence[Address]:
    """The addresses that getaddrinfo returns, each once.

    It reads `0x7f.1` as 127.0.0.1, so its answer has to be judged, not the host.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as exc:
        is_outage = isinstance(exc, socket.gaierror) and exc.errno == socket.EAI_AGAIN
        why = "the name servers do not answer" if is_outage else "there is no such name, or it has no address"
        raise NameNotResolved(f"{host} is not resolved ({why})") from exc
    return tuple(dict.fromkeys(ip_address(sockaddr[0]) for *_, sockaddr in found))


def resolve_within(resolve: Resolve, host: str, port: int, seconds: float) -> Sequence[Address]:
    """What `resolve` returns or raises; raises TimeoutError if it takes longer than `seconds`.

    getaddrinfo has no time limit, so it runs in a thread of its own. A thread that hangs is left behind until the
    system's resolver gives up (about ten seconds by default); as a daemon it doesn't delay a shutdown.
    """
    answers: SimpleQueue[Sequence[Address] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(host, port))
        except Exception as exc:  # Whatever it is, the waiting thread raises it.
            answers.put(exc)

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=max(seconds, 0))
    except Empty:
        raise TimeoutError(f"{host} was not resolved in time") from None
    if isinstance(answer, Exception):
        raise answer
    return answer
