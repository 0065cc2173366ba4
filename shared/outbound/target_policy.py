"""Which targets may be called: the scheme, the address, and not the hub itself. Pure.

A target where the hub answers would make every delivery a request to the hub, and so a loop.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.outbound.addresses import Address, Network, blocked_reason, literal_address, unmapped
from shared.outbound.target import Target, TargetRefused, parse_target

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
        literal = literal_address(target.host)
        address = None if literal is None else unmapped(literal)
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


def _is_localhost(host: str) -> bool:
    return host == _LOCALHOST or host.endswith(f".{_LOCALHOST}")


def _is_this_machine(address: Address) -> bool:
    return address.is_loopback or address.is_unspecified


@dataclass(frozen=True)
class TargetPolicy:
    """`allowed_networks` are opened although a table blocks them; addresses of the internet need no entry.

    `own` is where this hub answers, which no network opens: what is delivered there comes back.
    """

    require_https: bool
    allowed_networks: tuple[Network, ...] = ()
    own: tuple[OwnAddress, ...] = ()

    def parse(self, url: str) -> Target:
        """The target that a URL names; raises TargetRefused. Its addresses are not judged yet."""
        target = parse_target(url)
        if self.require_https and target.scheme != "https":
            raise TargetRefused("https", "the URL must begin with https://")
        if any(own.is_named_by(target) for own in self.own):
            raise _leads_back()
        return target

    def judge(self, target: Target, addresses: Sequence[Address]) -> None:
        """Raise TargetRefused if any of the addresses that the host resolved to is blocked, or if there is none.

        One blocked address among good ones refuses the target: whoever mixes them wants to reach the blocked one.
        """
        if not addresses:
            raise TargetRefused("address", f"{target.host} has no address")
        if any(own.is_reached_by(target, addresses) for own in self.own):
            raise _leads_back()
        for address in addresses:
            reason = blocked_reason(address, self.allowed_networks)
            if reason is not None:
                raise TargetRefused("address", f"{target.host} may not be called: {reason}")


def _leads_back() -> TargetRefused:
    return TargetRefused("hub", "the URL leads back to this hub, which would send its own events to itself")
