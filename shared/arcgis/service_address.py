"""Where a feature service is, and whether a token may go there (facts/arcgis.md 3.1, design.md 6b). Pure."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from shared.delivery.target import TargetRefused, parse_target

_SERVICE = re.compile(
    r"(?P<root>https?://[^/?#]+/(?:[^?#]*/)?rest/)(?P<path>services/[^?#]+?/FeatureServer)(?:/\d+)?/?", re.I
)


class OddServiceUrl(Exception):
    """An item's address is none of a feature service."""


class ForeignServiceHost(Exception):
    """An item's address is at a host that may not be sent a token."""


class TokenHosts:
    """Who may be sent a token: the portal's host, and those that `hosts` names; one with a leading dot is a suffix."""

    def __init__(self, portal_url: str, hosts: Sequence[str]) -> None:
        portal = urlsplit(portal_url)
        self._portal = (portal.hostname or "").lower()
        # Where the portal itself has none, as a stand-in in development, TLS is not asked of its services.
        self._schemes = {"https", portal.scheme}
        self._hosts = [host.lower() for host in hosts]

    def judge(self, url: str) -> str:
        """The host of an address that may be sent a token; raises OddServiceUrl or ForeignServiceHost."""
        try:
            target = parse_target(url)
        except TargetRefused as refusal:
            raise OddServiceUrl(refusal.detail) from None
        if target.scheme not in self._schemes:
            raise OddServiceUrl("the address does not begin with https://")
        is_known = any(_fits(target.host, host) or target.authority == host for host in self._hosts)
        if target.host != self._portal and not is_known:
            raise ForeignServiceHost(f"{target.host} is not in ARCGIS_SERVICE_HOSTS")
        return target.host


def webhooks_url(item_url: str) -> str:
    """The admin resource of an item's feature service, which manages its webhooks; raises OddServiceUrl."""
    found = _SERVICE.fullmatch(item_url.strip())
    if found is None:
        raise OddServiceUrl("the item's address is none of a feature service")
    return f"{found['root']}admin/{found['path']}/WebHooks"


def _fits(host: str, allowed: str) -> bool:
    return host.endswith(allowed) and host != allowed[1:] if allowed.startswith(".") else host == allowed
