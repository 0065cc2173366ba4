"""Which feature services may be sent a token (docs/arcgis.md "Where tokens go"). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.arcgis.service_address import InvalidServiceUrl, ServiceAddress, require_bound
from shared.arcgis.webhook_connection import WebhookConnection
from shared.errors import Misconfigured
from shared.outbound.target import Target, TargetRefused, parse_target

_HTTPS_PORT = 443


class ForeignServiceHost(Exception):
    """A service's host, or its port there, may not be sent a token; the text names both."""


@dataclass(frozen=True)
class _Allowed:
    """An entry of ARCGIS_SERVICE_HOSTS. Without a port it allows https at port 443."""

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
    """Tokens go to the portal's host, at its own port or 443, and to those in `hosts`; nowhere else."""

    def __init__(self, portal_url: str, hosts: Sequence[str]) -> None:
        try:
            portal = parse_target(portal_url)
        except TargetRefused as refusal:
            raise Misconfigured(f"ARCGIS_PORTAL_URL is not a valid address: {refusal.detail}") from None
        # If the portal itself has no TLS, as a stand-in in development, its services need none.
        self._schemes = {"https", portal.scheme}
        self._allowed = [
            _Allowed(portal.host, portal.port),
            _Allowed(portal.host, None),
            *(_Allowed.parse(host) for host in hosts),
        ]

    def service(self, item_url: str) -> ServiceAddress:
        """The service in the address of an item, which may be sent a token.

        Raises InvalidServiceUrl for an address that is not a service's, or has no TLS, and ForeignServiceHost.
        """
        address = ServiceAddress.of_item(item_url)
        self._require_known(address.target)
        return address

    def bound_service(self, connection: WebhookConnection, item_url: str) -> ServiceAddress:
        """The same for the item of a connection; raises InvalidServiceUrl also if it is bound to another service."""
        address = ServiceAddress.of_item(item_url)
        require_bound(connection, address)
        self._require_known(address.target)
        return address

    def _require_known(self, target: Target) -> None:
        if target.scheme not in self._schemes:
            raise InvalidServiceUrl("the address does not begin with https://")
        if not any(allowed.fits(target) for allowed in self._allowed):
            raise ForeignServiceHost(f"{target.host}:{target.port} is not in ARCGIS_SERVICE_HOSTS")
