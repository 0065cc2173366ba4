"""From a host to its addresses, by the system's resolver and within a time limit."""

import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from queue import Empty, SimpleQueue

from shared.outbound.addresses import Address

type Resolve = Callable[[str, int], Sequence[Address]]
"""Gives the addresses of a host (ASCII, no brackets) for a port, in the order to try; raises NameNotResolved."""


class NameNotResolved(Exception):
    """The host has no address, or the name servers gave none; the text says which."""


def system_resolve(host: str, port: int) -> Sequence[Address]:
    """The addresses that getaddrinfo gives, each once. It reads `0x7f.1` as 127.0.0.1, so only its answer is judged."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as exc:
        raise NameNotResolved(f"{host} is not resolved ({getattr(exc, 'strerror', None) or 'no name'})") from exc
    return tuple(dict.fromkeys(ip_address(sockaddr[0]) for *_, sockaddr in found))


def resolve_within(resolve: Resolve, host: str, port: int, seconds: float) -> Sequence[Address]:
    """What `resolve` gives, or raises; TimeoutError where it takes longer than `seconds`.

    getaddrinfo knows no time limit, so it runs in a thread of its own. One that hangs is left behind until the system's
    resolver gives up (some ten seconds by default); being a daemon, it holds up no shutdown.
    """
    answers: SimpleQueue[Sequence[Address] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(host, port))
        except Exception as exc:  # Whatever it is, it belongs to the thread that waits.
            answers.put(exc)

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=max(seconds, 0))
    except Empty:
        raise TimeoutError(f"{host} was not resolved in time") from None
    if isinstance(answer, Exception):
        raise answer
    return answer
