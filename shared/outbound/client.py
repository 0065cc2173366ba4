"""Calls receivers: resolves once, judges every address, connects to one that was judged, and reads within bounds.

The socket is ours, and HTTP on it is h11's (see exchange.py). requests and urllib3, used elsewhere in the app, resolve
the name again when they connect, and know time limits for single reads only.
"""

import ssl

import certifi

from shared.deadline import remaining_seconds
from shared.outbound.addresses import Address
from shared.outbound.http1 import HttpExchange
from shared.outbound.reply import DeliveryFailed, ErrorClass, OutgoingRequest, Reply
from shared.outbound.resolver import NameNotResolved, Resolve, resolve_within, system_resolve
from shared.outbound.socket_connection import SocketConnection, TimeLimit, connect, start_tls
from shared.outbound.target import Target, TargetRefused
from shared.outbound.target_policy import TargetPolicy


def trusted_authorities() -> ssl.SSLContext:
    """Checks certificates against the authorities that the system trusts, and certifi's where a system has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


class Transport:
    """Sends requests, each over a connection of its own. Threads may share one: all it keeps is the TLS context.

    `deadline_seconds` is for all of one `send`, from resolving the name to the last byte read; where the caller's own
    deadline is nearer (shared/deadline.py), that counts. `max_response_bytes` bounds the decompressed body. No
    redirect is followed, and no proxy, netrc or other setting of the environment is used.
    """

    def __init__(
        self,
        policy: TargetPolicy,
        *,
        deadline_seconds: float,
        max_response_bytes: int,
        resolve: Resolve = system_resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._deadline_seconds = deadline_seconds
        self._max_response_bytes = max_response_bytes
        self._resolve = resolve
        # Made once: reading the authorities takes long, and memory.
        self._tls = tls or trusted_authorities()

    def send(self, request: OutgoingRequest) -> Reply:
        """The answer, whatever its status; raises DeliveryFailed where no head of an answer came.

        What goes wrong after the head costs the rest of the body only: a receiver that answered has answered.
        """
        limit = TimeLimit(remaining_seconds(at_most=self._deadline_seconds))
        target = self._parse(request.url)
        with self._connect(target, limit) as connection:
            exchange = HttpExchange(connection)
            head = exchange.ask(target, request)
            body, is_whole = exchange.read_body(head, self._max_response_bytes)
            return Reply(head.status, head.headers, body, limit.elapsed_seconds, not is_whole)

    def vet(self, url: str) -> None:
        """Judge a target without calling it; raises TargetRefused, NameNotResolved, or TimeoutError."""
        target = self._policy.parse(url)
        seconds = remaining_seconds(at_most=self._deadline_seconds)
        self._policy.judge(target, tuple(resolve_within(self._resolve, target.host, target.port, seconds)))

    def _parse(self, url: str) -> Target:
        try:
            return self._policy.parse(url)
        except TargetRefused as exc:
            raise DeliveryFailed(ErrorClass.BLOCKED, exc.detail) from exc

    def _connect(self, target: Target, limit: TimeLimit) -> SocketConnection:
        addresses = self._judged_addresses(target, limit)
        sock = connect(addresses, target.port, limit)
        if target.scheme == "https":
            sock = start_tls(sock, self._tls, target.host, limit)
        return SocketConnection(sock, limit)

    def _judged_addresses(self, target: Target, limit: TimeLimit) -> tuple[Address, ...]:
        try:
            # A copy: what is judged and what is called is the same, whatever the resolver does with its list.
            addresses = tuple(resolve_within(self._resolve, target.host, target.port, limit.left()))
            self._policy.judge(target, addresses)
        except NameNotResolved as exc:
            raise DeliveryFailed(ErrorClass.DNS, str(exc)) from exc
        except TimeoutError as exc:
            raise DeliveryFailed(ErrorClass.TIMEOUT, f"{target.host} was not resolved in time") from exc
        except TargetRefused as exc:
            raise DeliveryFailed(ErrorClass.BLOCKED, exc.detail) from exc
        return addresses
