"""How the tests of this folder call: a client that may reach this machine, and one request."""

import ssl
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network

from shared.outbound.addresses import Address
from shared.outbound.client import HttpClient
from shared.outbound.kept_connections import KeptConnections
from shared.outbound.reply import OutgoingRequest, Reply
from shared.outbound.resolver import Resolve
from shared.outbound.target_policy import TargetPolicy

THIS_MACHINE = IPv4Address("127.0.0.1")
LOCAL = TargetPolicy(require_https=False, allowed_networks=(IPv4Network("127.0.0.0/8"),))
STRICT = TargetPolicy(require_https=True)
MAX_BYTES = 1_000


def resolves_to(*addresses: Address) -> Resolve:
    """A resolver that knows one answer."""

    def resolve(host: str, port: int) -> Sequence[Address]:
        return addresses

    return resolve


_FINDS_THIS_MACHINE = resolves_to(THIS_MACHINE)


def http_client(
    policy: TargetPolicy = LOCAL,
    *,
    deadline_seconds: float = 10,
    resolve: Resolve = _FINDS_THIS_MACHINE,
    tls: ssl.SSLContext | None = None,
    kept: KeptConnections | None = None,
) -> HttpClient:
    """A client that finds every name on this machine, and keeps 1 000 bytes of a body."""
    return HttpClient(
        policy,
        deadline_seconds=deadline_seconds,
        max_response_bytes=MAX_BYTES,
        resolve=resolve,
        # The real authorities take a while to load, and no test needs them but the one that says so.
        tls=tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        kept=kept,
    )


def post(to: HttpClient, url: str, body: bytes = b"{}", **headers: str) -> Reply:
    """Post a body; underscores in the names of headers stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return to.send(OutgoingRequest("POST", url, named, body))
