import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.outbound.addresses import BLOCKED_IPV4, BLOCKED_IPV6, blocked_reason, literal_address
from tests.support.cases import holds_for

DATA = Path(__file__).parent / "data"
# Written down a second time on purpose: a row that is lost from the tables is missed here.
EDGES = (DATA / "blocked_addresses.txt").read_text(encoding="ascii").split()
GOOD = (DATA / "open_addresses.txt").read_text(encoding="ascii").split()


@holds_for("text", EDGES)
def test_what_the_tables_name_is_blocked(text: str) -> None:
    assert blocked_reason(ip_address(text), ()) is not None


@holds_for("text", GOOD)
def test_what_lies_just_outside_them_may_be_called(text: str) -> None:
    assert blocked_reason(ip_address(text), ()) is None


def test_every_row_of_the_tables_is_there() -> None:
    assert len(BLOCKED_IPV4) == 19
    assert len(BLOCKED_IPV6) == 19


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_may_be_called_that_the_library_calls_special(address: IPv4Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert blocked_reason(address, ()) is not None


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_that_may_be_called_is_of_the_internet(address: IPv6Address) -> None:
    if blocked_reason(address, ()) is None:
        assert address in IPv6Network("2000::/3") or address.ipv4_mapped


@holds_for("network", [row[0] for row in BLOCKED_IPV6])
def test_both_ends_of_an_ipv6_network_are_blocked(network: IPv6Network) -> None:
    assert blocked_reason(network[0], ()) is not None
    assert blocked_reason(network[-1], ()) is not None


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_the_ipv4_address(address: IPv4Address) -> None:
    mapped = IPv6Address(f"::ffff:{address}")
    assert (blocked_reason(mapped, ()) is None) == (blocked_reason(address, ()) is None)


@holds_for(
    ("text", "named"),
    [
        ("127.0.0.1", "127.0.0.0/8 (loopback)"),
        ("168.63.129.16", "Azure"),
        ("::ffff:10.1.2.3", "10.1.2.3 is in 10.0.0.0/8"),
        ("64:ff9b::a9fe:a9fe", "NAT64), which stands for 169.254.169.254"),
        ("2002:c0a8:1::", "6to4), which stands for 192.168.0.1"),
        ("::7f00:1", "which stands for 127.0.0.1"),
        ("::ffff:0:7f00:1", "which stands for 127.0.0.1"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"),
        ("2600::5efe:a00:1", "ISATAP address: 10.0.0.1 is in 10.0.0.0/8"),
        ("::1", "loopback"),
        ("4000::1", "2000::/3"),
    ],
)
def test_the_reason_names_the_rule(text: str, named: str) -> None:
    assert named in (blocked_reason(ip_address(text), ()) or "")


def test_an_allowed_network_opens_itself_and_nothing_beside_it() -> None:
    allowed = (IPv4Network("10.1.0.0/16"),)
    assert blocked_reason(IPv4Address("10.1.2.3"), allowed) is None
    assert blocked_reason(IPv4Address("10.2.0.1"), allowed) is not None


def test_an_allowed_network_opens_the_mapped_spelling_of_its_addresses() -> None:
    assert blocked_reason(IPv6Address("::ffff:10.1.2.3"), (IPv4Network("10.0.0.0/8"),)) is None


@pytest.mark.parametrize(
    "text", ["::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2600::5efe:7f00:1", "::1"]
)
def test_an_allowed_network_is_never_opened_by_an_address_inside_another(text: str) -> None:
    assert blocked_reason(ip_address(text), (IPv4Network("127.0.0.0/8"), IPv4Network("0.0.0.0/0"))) is not None


def test_a_network_of_ipv6_can_be_allowed() -> None:
    assert blocked_reason(ip_address("64:ff9b::808:808"), (IPv6Network("64:ff9b::/96"),)) is None


def test_an_allowed_network_of_mapped_addresses_opens_nothing() -> None:
    allowed = (ip_network("::ffff:0:0/96"),)
    assert blocked_reason(ip_address("::ffff:127.0.0.1"), allowed) is not None


def test_a_zone_does_not_open_an_address() -> None:
    assert blocked_reason(ip_address("fe80::1%eth0"), ()) is not None
    assert blocked_reason(ip_address("::ffff:127.0.0.1%eth0"), ()) is not None


IPV4_NUMBER = st.one_of(
    st.integers(0, 2**33).map(str),
    st.integers(0, 300).map(str),
    st.integers(0, 2**33).map(hex),
    st.integers(0, 2**33).map(lambda number: f"0{number:o}"),
    st.sampled_from(
        ["", "0", "00", "08", "0x", "0X1f", "0xg", "-1", "+1", " 1", "1 ", "1_0", "\u0661", "0b1", "0o7", "1e1"]
    ),
)


@given(parts=st.lists(IPV4_NUMBER, min_size=1, max_size=5))
def test_an_ipv4_address_is_read_as_the_resolver_reads_it(parts: list[str]) -> None:
    text = ".".join(parts)
    try:
        # The resolver ignores what follows a space; a host never holds one (shared/outbound/target.py).
        expected = IPv4Address(socket.inet_aton(text)) if " " not in text else None
    except (OSError, UnicodeEncodeError):
        expected = None
    assert literal_address(text) == expected


@holds_for(
    ("text", "address"),
    [
        ("4294967295", "255.255.255.255"),
        ("4294967296", None),
        ("1.16777215", "1.255.255.255"),
        ("1.16777216", None),
        ("1.33554431", None),
        ("1.2.65535", "1.2.255.255"),
        ("1.2.65536", None),
        ("1.2.131071", None),
        ("1.2.3.255", "1.2.3.255"),
        ("1.2.3.256", None),
        ("1.2.3.511", None),
        ("255.1", "255.0.0.1"),
        ("256.1", None),
        ("511.1", None),
        ("1.256.1", None),
        ("1.2.256.1", None),
        ("0x7f.1", "127.0.0.1"),
        ("0177.0.0.01", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
    ],
)
def test_a_part_of_an_ipv4_address_fills_its_bytes_and_no_more(text: str, address: str | None) -> None:
    assert literal_address(text) == (IPv4Address(address) if address else None)


def test_an_ipv6_address_is_read_and_a_name_is_none() -> None:
    assert literal_address("::1") == IPv6Address("::1")
    assert literal_address("fe80:::1") is None
    assert literal_address("localhost") is None


def test_the_reason_is_one_sentence_and_names_an_inner_address_only_where_there_is_one() -> None:
    assert blocked_reason(ip_address("fc00::1"), ()) == "fc00::1 is in fc00::/7 (unique local)"
    assert blocked_reason(ip_address("10.1.2.3"), ()) == "10.1.2.3 is in 10.0.0.0/8 (private)"
