"""Which addresses may never be called, by the tables of docs/sources/delivery.md 3.2 to 3.4. Pure.

The flags of the standard library (`is_global`, `is_private`) are not used: they differ between versions of Python, and
let multicast, NAT64 and Azure's platform address through.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network

_IPV4_BYTES = 4
_NUMBERS = (
    (re.compile(r"0[xX][0-9a-fA-F]{1,253}"), 16),
    (re.compile(r"0[0-7]{0,253}"), 8),
    (re.compile(r"[1-9][0-9]{0,253}"), 10),
)

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

BLOCKED_IPV4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), what)
    for network, what in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared address space"),
        ("127.0.0.0/8", "loopback"),
        # In no registry: Azure answers there to every virtual machine.
        ("168.63.129.16/32", "platform address of Azure"),
        ("169.254.0.0/16", "link-local, with the metadata services"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "IETF protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "AS112"),
        ("192.52.193.0/24", "AMT"),
        ("192.88.99.0/24", "former 6to4 relays"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "AS112, direct delegation"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)


@dataclass(frozen=True)
class _BlockedIPv6:
    """One row of the tables.

    If addresses of the network have an IPv4 address inside, `shift` is the number of bits below it, else None.
    """

    network: IPv6Network
    what: str
    shift: int | None = None


# The first match gives the reason, so a network stands before one that it lies in.
_BLOCKED_IPV6 = tuple(
    _BlockedIPv6(IPv6Network(network), what, shift)
    for network, what, shift in (
        ("::/128", "unspecified", None),
        ("::1/128", "loopback", None),
        ("::/96", "IPv4-compatible", 0),
        ("::ffff:0:0:0/96", "IPv4-translated", 0),
        ("64:ff9b::/96", "NAT64", 0),
        ("64:ff9b:1::/48", "NAT64, local use", None),
        ("100::/64", "discard-only", None),
        ("100:0:0:1::/64", "dummy prefix", None),
        ("5f00::/16", "segment routing", None),
        ("fc00::/7", "unique local", None),
        ("fe80::/10", "link-local", None),
        ("fec0::/10", "former site-local", None),
        ("ff00::/8", "multicast", None),
        ("2001::/32", "Teredo", None),
        ("2001::/23", "IETF protocol assignments", None),
        ("2001:db8::/32", "documentation", None),
        ("2002::/16", "6to4", 80),
        ("2620:4f:8000::/48", "AS112, direct delegation", None),
        ("3fff::/20", "documentation", None),
    )
)
BLOCKED_IPV6: tuple[tuple[IPv6Network, str], ...] = tuple((row.network, row.what) for row in _BLOCKED_IPV6)
"""The networks with a row of their own. Everything outside 2000::/3 is blocked too."""

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_LOW_32_BITS = 0xFFFF_FFFF
_ISATAP_MARKS = frozenset({0x0000_5EFE, 0x0200_5EFE})


def blocked_reason(address: Address, allowed: Sequence[Network]) -> str | None:
    """Why this address may not be called, as a sentence that names the network; None if it may be called.

    An IPv4-mapped address is judged only as the IPv4 address. `allowed` opens networks for the address itself, never
    for one inside it: 127.0.0.0/8 in `allowed` does not open 64:ff9b::7f00:1.
    """
    judged = unmapped(address)
    if any(judged in network for network in allowed):
        return None
    reason = _reason_ipv4(judged) if isinstance(judged, IPv4Address) else _reason_ipv6(judged)
    if reason is None or judged == address:
        return reason
    return f"{address} stands for {judged}: {reason}"


def literal_address(host: str) -> Address | None:
    """The address that a host is; None for a name.

    IPv4 addresses are read as the system's resolver reads them (`inet_aton`): `127.1`, `0x7f.1`, `0177.0.0.1` and
    `2130706433` are all 127.0.0.1.
    """
    try:
        return IPv6Address(host) if ":" in host else _any_ipv4(host)
    except AddressValueError:
        return None


def unmapped(address: Address) -> Address:
    """The IPv4 address that an IPv4-mapped IPv6 address stands for; any other address as it is."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _reason_ipv4(address: IPv4Address) -> str | None:
    for network, what in BLOCKED_IPV4:
        if address in network:
            return f"{address} is in {network} ({what})"
    return None


def _reason_ipv6(address: IPv6Address) -> str | None:
    for row in _BLOCKED_IPV6:
        if address in row.network:
            inside = "" if row.shift is None else f", which stands for {_embedded(address, row.shift)}"
            return f"{address} is in {row.network} ({row.what}){inside}"
    if address not in _GLOBAL_UNICAST:
        return f"{address} is not in {_GLOBAL_UNICAST} (the only addresses on the internet)"
    return _reason_isatap(address)


def _reason_isatap(address: IPv6Address) -> str | None:
    # The mark can be in the interface identifier of any network, so the tunnel's end must be good as well.
    if int(address) >> 32 & _LOW_32_BITS not in _ISATAP_MARKS:
        return None
    reason = _reason_ipv4(_embedded(address, 0))
    return None if reason is None else f"{address} is an ISATAP address: {reason}"


def _embedded(address: IPv6Address, shift: int) -> IPv4Address:
    return IPv4Address(int(address) >> shift & _LOW_32_BITS)


def _any_ipv4(host: str) -> IPv4Address | None:
    numbers = [_number(part) for part in host.split(".")]
    if len(numbers) > _IPV4_BYTES or None in numbers:
        return None
    *front, last = [number for number in numbers if number is not None]
    # The last number fills all the bytes that the others leave.
    last_bits = 8 * (_IPV4_BYTES - len(front))
    if last >= 1 << last_bits or any(number >= 1 << 8 for number in front):
        return None
    return IPv4Address(sum(number << 24 - 8 * place for place, number in enumerate(front)) + last)


def _number(text: str) -> int | None:
    """A number in C's notation: `0x` before hexadecimal digits, `0` before octal ones."""
    for pattern, base in _NUMBERS:
        if pattern.fullmatch(text):
            return int(text, base)
    return None
