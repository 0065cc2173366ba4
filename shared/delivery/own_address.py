"""Where this hub itself answers: a target there would make every delivery a request to the hub, and so a loop. Pure."""

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from shared.delivery.addresses import Address, unmapped
from shared.delivery.target import Target, TargetRefused, parse_target

_DEFAULT_PORTS = frozenset({80, 443})
_LOCALHOST = "localhost"


@dataclass(frozen=True)
class OwnAddress:
    """One address of the hub. `address` is its host where that is an IP address, in whatever spelling; else None.

    `is_local` says that it is this machine, which answers to every loopback address. Ports 80 and 443 are one: the
    platform serves both, unless it is told otherwise.
    """

    host: str
    ports: frozenset[int]
    address: Address | None
    is_local: bool

    @classmethod
    def of_url(cls, url: str) -> "OwnAddress | None":
        """The address in a URL; None for one that no target can have, because it is refused as a target too."""
        try:
            target = parse_target(url)
        except TargetRefused:
            return None
        address = _literal(target.host)
        ports = _DEFAULT_PORTS if target.port in _DEFAULT_PORTS else frozenset({target.port})
        is_local = _is_localhost(target.host) or (address is not None and _is_this_machine(address))
        return cls(target.host, ports, address, is_local)

    def is_named_by(self, target: Target) -> bool:
        """Whether a target has this host and port by its name alone."""
        is_host = target.host == self.host or (self.is_local and _is_localhost(target.host))
        return is_host and target.port in self.ports

    def is_reached_by(self, target: Target, addresses: Sequence[Address]) -> bool:
        """Whether a target, which resolved to these addresses, leads here.

        A host with a name is told by its name alone: the addresses of a platform belong to many who live there.
        """
        return target.port in self.ports and any(map(self._is_here, map(unmapped, addresses)))

    def _is_here(self, address: Address) -> bool:
        return address == self.address or (self.is_local and _is_this_machine(address))


def own_addresses(urls: Iterable[str]) -> tuple[OwnAddress, ...]:
    """The addresses in these URLs, as `OwnAddress.of_url` reads each."""
    return tuple(own for own in map(OwnAddress.of_url, urls) if own is not None)


def _literal(host: str) -> Address | None:
    if ":" in host:
        return unmapped(IPv6Address(host))
    try:
        # As the system's resolver reads it: 127.1 and 0x7f000001 are addresses too.
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _is_localhost(host: str) -> bool:
    return host == _LOCALHOST or host.endswith(f".{_LOCALHOST}")


def _is_this_machine(address: Address) -> bool:
    return address.is_loopback or address.is_unspecified
