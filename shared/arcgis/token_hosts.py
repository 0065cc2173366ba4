"""Whether a token may go to an address (docs/arcgis.md "Where tokens go"). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.arcgis.service_address import OddServiceUrl, plain_path
from shared.errors import Misconfigured
from shared.outbound.target import Target, TargetRefused, parse_target

_HTTPS_PORT = 443


class ForeignServiceHost(Exception):
    """An item's address is at a host, or a port of it, that may not be sent a token."""


@dataclass(frozen=True)
class _Allowed:
    """An entry of ARCGIS_SERVICE_HOSTS; without a port it is for https at its own."""

    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> "_Allowed":
        """`host`, `host:port`, `[IPv6]:port`; a host with a leading dot is a suffix."""
        host, colon, port = text.strip().lower().rpartition(":")
        has_port = colon and port.isdecimal() and (":" not in host or host.endswith("]"))
        name = host if has_port else text.strip().lower()
        return cls(name.removeprefix("[").removesuffix("]"), int(port) if has_port else None)

    def fits(self, target: Target) -> bool:
        if self.port is None and (target.scheme, target.port) != ("https", _HTTPS_PORT):
            return False
        return self.port in {None, target.port} and self._is_host(target.host)

    def _is_host(self, host: str) -> bool:
        if self.host.startswith("."):
            return host.endswith(self.host) and host != self.host[1:]
        return host == self.host


class TokenHosts:
    """Who may be sent a token: the portal's host, at its own port or 443, and those that `hosts` names."""

    def __init__(self, portal_url: str, hosts: Sequence[str]) -> None:
        try:
            portal = parse_target(portal_url)
        except TargetRefused as refusal:
            raise Misconfigured(f"ARCGIS_PORTAL_URL is no address: {refusal.detail}") from None
        # Where the portal itself has none, as a stand-in in development, TLS is not asked of its services.
        self._schemes = {"https", portal.scheme}
        self._allowed = [
            _Allowed(portal.host, portal.port),
            _Allowed(portal.host, None),
            *(_Allowed.parse(host) for host in hosts),
        ]

    def judge(self, url: str) -> None:
        """Raise OddServiceUrl or ForeignServiceHost where no token may be sent to this address."""
        plain_path(url)
        target = parse_target(url)
        if target.scheme not in self._schemes:
            raise OddServiceUrl("the address does not begin with https://")
        if not any(allowed.fits(target) for allowed in self._allowed):
            raise ForeignServiceHost(f"{target.host}:{target.port} is not in ARCGIS_SERVICE_HOSTS")
