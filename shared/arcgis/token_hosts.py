"""Which feature services may be sent a token (docs/arcgis.md "Where tokens go"). Pure."""

from collections.abc import Sequence

from shared.arcgis.service_address import InvalidServiceUrl, ServiceAddress, require_bound
from shared.arcgis.webhook_connection import WebhookConnection
from shared.errors import Misconfigured
from shared.host_names import HostEntry
from shared.outbound.target import Target, TargetRefused, parse_target

_HTTPS_PORT = 443


class ForeignServiceHost(Exception):
    """A service's host, or its port there, may not be sent a token; the text names both."""


class TokenHosts:
    """Tokens go to the portal's host, at its own port or 443, and to those in `hosts`; nowhere else.

    `hosts` are entries of ARCGIS_SERVICE_HOSTS, read by `HostEntry.parse`.
    """

    def __init__(self, portal_url: str, hosts: Sequence[str]) -> None:
        try:
            portal = parse_target(portal_url)
        except TargetRefused as refusal:
            raise Misconfigured(f"ARCGIS_PORTAL_URL is not a valid address: {refusal.detail}") from None
        # If the portal itself has no TLS, as a stand-in in development, its services need none.
        self._schemes = {"https", portal.scheme}
        self._allowed = [
            HostEntry(portal.host, portal.port),
            HostEntry(portal.host, None),
            *filter(None, map(HostEntry.parse, hosts)),
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
        if not any(_fits(allowed, target) for allowed in self._allowed):
            raise ForeignServiceHost(f"{target.host}:{target.port} is not in ARCGIS_SERVICE_HOSTS")


def _fits(allowed: HostEntry, target: Target) -> bool:
    if allowed.port is None and (target.scheme, target.port) != ("https", _HTTPS_PORT):
        return False
    return allowed.port in {None, target.port} and _is_host(allowed.host, target.host)


def _is_host(allowed: str, host: str) -> bool:
    if allowed.startswith("."):
        return host.endswith(allowed) and host != allowed[1:]
    return host == allowed
