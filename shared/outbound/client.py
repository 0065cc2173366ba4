"""An HTTP client for targets that strangers chose.

It resolves the name, has the target policy judge every address (target_policy.py), connects to one that was judged, and
reads within bounds. It has its own socket, with h11 for HTTP on it (http1.py): requests and urllib3, used
elsewhere in the app, resolve the name again when they connect, and have time limits only for single reads.
"""

import ssl
import time
from contextlib import suppress

import certifi

from shared.deadline import remaining_seconds
from shared.outbound.addresses import Address
from shared.outbound.http1 import HttpExchange
from shared.outbound.kept_connections import KeptConnections, OpenConnection, origin_of
from shared.outbound.reply import ClosedBeforeAnswer, ErrorClass, OnHead, OutgoingRequest, Reply, RequestFailed, nothing
from shared.outbound.resolver import NameNotResolved, Resolve, resolve_within, system_resolve
from shared.outbound.socket_connection import SocketConnection, TimeLimit, connect, start_tls
from shared.outbound.target import Target, TargetRefused
from shared.outbound.target_policy import TargetPolicy


def trusted_authorities() -> ssl.SSLContext:
    """A TLS context that checks certificates against the authorities of the system and of certifi.

    Some systems have no authorities of their own.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


class HttpClient:
    """Sends requests, each over a connection of its own or over one that was kept. Threads may share a client.

    deadline_seconds: for all of one `send`, from resolving the name to the last byte read. If the caller's own deadline
        (shared/deadline.py) is nearer, that one counts.
    max_response_bytes: bounds the decompressed body.
    kept: where connections are kept between requests (kept_connections.py); None to make each anew. A request over a
        kept one may reach the receiver twice, see `send`.

    No redirect is followed, and no proxy, netrc or other setting of the environment is used.
    """

    def __init__(
        self,
        policy: TargetPolicy,
        *,
        deadline_seconds: float,
        max_response_bytes: int,
        resolve: Resolve = system_resolve,
        tls: ssl.SSLContext | None = None,
        kept: KeptConnections | None = None,
    ) -> None:
        self._policy = policy
        self._deadline_seconds = deadline_seconds
        self._max_response_bytes = max_response_bytes
        self._resolve = resolve
        # Made once: reading the authorities takes time and memory.
        self._tls = tls or trusted_authorities()
        self._kept = kept
        self._clock = kept.clock if kept else time.monotonic

    def send(self, request: OutgoingRequest, on_head: OnHead = nothing) -> Reply:
        """The answer, whatever its status; raises RequestFailed if no head of an answer came.

        `on_head` is called before the body is read, in the caller's thread; interim answers (1xx) do not count. What
        goes wrong after the head only costs the rest of the body: the status stands.

        A kept connection that ends before a byte of an answer is replaced once. Its receiver closed it, most likely,
        before it saw the request; but nobody can know, so such a request is sent at least once, not at most once.
        """
        limit = TimeLimit(remaining_seconds(at_most=self._deadline_seconds))
        target = self._parse(request.url)
        kept = self._kept.take(origin_of(target)) if self._kept else None
        addresses: tuple[Address, ...] = ()
        if kept is None:
            addresses = self._resolve_and_judge(target, limit)
            kept = self._kept.take(origin_of(target), addresses) if self._kept else None
        if kept is not None:
            with suppress(ClosedBeforeAnswer):
                return self._exchange(kept, target, request, limit, on_head)
        addresses = addresses or self._resolve_and_judge(target, limit)
        return self._exchange(self._connect(target, addresses, limit), target, request, limit, on_head)

    def check_target(self, url: str) -> None:
        """Resolve a target and judge it without calling it; raises TargetRefused, NameNotResolved or TimeoutError."""
        target = self._policy.parse(url)
        seconds = remaining_seconds(at_most=self._deadline_seconds)
        self._policy.judge_addresses(target, tuple(resolve_within(self._resolve, target.host, target.port, seconds)))

    def _parse(self, url: str) -> Target:
        try:
            return self._policy.parse(url)
        except TargetRefused as exc:
            raise RequestFailed(ErrorClass.BLOCKED, exc.detail) from exc

    def _exchange(
        self, connection: OpenConnection, target: Target, request: OutgoingRequest, limit: TimeLimit, on_head: OnHead
    ) -> Reply:
        """The answer on this connection, which is kept or closed afterwards."""
        with SocketConnection(connection.sock, limit) as stream:
            exchange = HttpExchange(stream, keeps=self._kept is not None)
            head = exchange.send_request(target, request)
            on_head()
            body, is_whole = exchange.read_body(head, self._max_response_bytes)
            if self._kept is not None and exchange.can_be_followed:
                stream.detach()
                self._kept.put(connection, head.headers.get("keep-alive"))
        return Reply(head.status, head.headers, body, was_truncated=not is_whole, is_head_whole=head.is_whole)

    def _connect(self, target: Target, addresses: tuple[Address, ...], limit: TimeLimit) -> OpenConnection:
        judged_at = self._clock()
        sock, address = connect(addresses, target.port, limit)
        if target.scheme == "https":
            sock = start_tls(sock, self._tls, target.host, limit)
        return OpenConnection(origin_of(target), address, sock, judged_at)

    def _resolve_and_judge(self, target: Target, limit: TimeLimit) -> tuple[Address, ...]:
        try:
            # A copy, so that what is judged is also what is called, whatever the resolver does with its list.
            addresses = tuple(resolve_within(self._resolve, target.host, target.port, limit.left()))
            self._policy.judge_addresses(target, addresses)
        except NameNotResolved as exc:
            raise RequestFailed(ErrorClass.DNS, str(exc)) from exc
        except TimeoutError as exc:
            raise RequestFailed(ErrorClass.TIMEOUT, f"{target.host} was not resolved in time") from exc
        except TargetRefused as exc:
            raise RequestFailed(ErrorClass.BLOCKED, exc.detail) from exc
        return addresses
