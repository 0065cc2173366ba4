"""Which targets may be called: by scheme, by address, and never the hub itself. Pure.

The tables of blocked addresses are in addresses.py. A target where the hub itself answers would turn every delivery
into a request to the hub, and so into a loop.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.outbound.addresses import Address, Network, blocked_reason, literal_address, unmapped
from shared.outbound.target import Target, TargetRefused, parse_target

_DEFAULT_PORTS = frozenset({80, 443})
_LOCALHOST = "localhost"


@dataclass(frozen=True)
class OwnAddress:
    """One address at which the hub answers.

    `address` is its host if that is an IP address, in whatever spelling, else None. `is_local` says that it is this
    machine, which answers at every loopback address. Ports 80 and 443 count as one, because the platform serves both by
    default.
    """

    host: str
    ports: frozenset[int]
    address: Address | None
    is_local: bool

    @classmethod
    def of_url(cls, url: str) -> "OwnAddress | None":
        """The address in a URL; None for a URL that could not be a target either."""
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
        """Whether a target's host and port are these, before anything is resolved."""
        is_host = target.host == self.host or (self.is_local and _is_localhost(target.host))
        return is_host and target.port in self.ports

    def is_reached_by(self, target: Target, addresses: Sequence[Address]) -> bool:
        """Whether a target that resolved to these addresses leads here.

        If the hub's host is a name, only the name counts: many apps share the addresses of a platform.
        """
        return target.port in self.ports and any(map(self._is_here, map(unmapped, addresses)))

    def _is_here(self, address: Address) -> bool:
        return address == self.address or (self.is_local and _is_this_machine(address))


def own_addresses(urls: Iterable[str]) -> tuple[OwnAddress, ...]:
    """The hub's own addresses, from its URLs, each read by `OwnAddress.of_url`."""
    return tuple(own for own in map(OwnAddress.of_url, urls) if own is not None)


def _is_localhost(host: str) -> bool:
    return host == _LOCALHOST or host.endswith(f".{_LOCALHOST}")


def _is_this_machine(address: Address) -> bool:
    return address.is_loopback or address.is_unspecified


@dataclass(frozen=True)
class TargetPolicy:
    """Judges targets before they are called: `parse` the URL, `judge_addresses` what its host resolved to.

    `allowed_networks` may be called although a table blocks them; addresses of the internet need no entry. `own` is
    where this hub answers; no allowed network opens that.
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

    def judge_addresses(self, target: Target, addresses: Sequence[Address]) -> None:
        """Raise TargetRefused if any address that the host resolved to is blocked, or if there is none.

        One blocked address among good ones is enough: a host that mixes them is meant to reach the blocked one.
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
