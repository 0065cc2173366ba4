from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.outbound.addresses import BLOCKED_IPV4, BLOCKED_IPV6
from shared.outbound.resolver import system_resolve
from shared.outbound.target import Target, TargetRefused
from shared.outbound.target_policy import OwnAddress, TargetPolicy
from tests.support.cases import holds_for

POLICY = TargetPolicy(require_https=False)
PUBLIC = ip_address("93.184.216.34")
# Every one names an address that no webhook may reach, as the system's resolver reads it.
DISGUISES = (Path(__file__).parent / "data/disguises.txt").read_text(encoding="utf-8").split()


def refused(url: str) -> TargetRefused:
    """The refusal of a URL after the system's resolver was asked, as a delivery would."""
    target = POLICY.parse(url)
    with pytest.raises(TargetRefused) as refusal:
        POLICY.judge_addresses(target, system_resolve(target.host, target.port))
    return refusal.value


def spelled(address: IPv4Address, parts: int, bases: list[Callable[[int], str]]) -> str:
    """An address in 1 to 4 parts, the last of which takes all the bits that are left."""
    rest, octets = int(address), list(address.packed)
    values = [*octets[: parts - 1], rest & ((1 << (8 * (5 - parts))) - 1)]
    return ".".join(base(value) for base, value in zip(bases, values, strict=False))


def octal(value: int) -> str:
    return f"0{value:o}"


BASES: list[Callable[[int], str]] = [str, hex, octal]
blocked_ipv4 = st.sampled_from([network for network, _ in BLOCKED_IPV4]).flatmap(
    lambda network: st.integers(int(network[0]), int(network[-1])).map(IPv4Address)
)
blocked_ipv6 = st.sampled_from([network for network, _ in BLOCKED_IPV6]).flatmap(
    lambda network: st.integers(int(network[0]), int(network[-1])).map(IPv6Address)
)


@holds_for("host", DISGUISES)
def test_an_address_in_disguise_is_blocked_as_the_resolver_reads_it(host: str) -> None:
    assert refused(f"http://{host}/").rule == "address"


@given(blocked_ipv4, st.integers(1, 4), st.lists(st.sampled_from(BASES), min_size=4, max_size=4))
def test_no_blocked_ipv4_address_is_allowed_in_any_spelling(
    address: IPv4Address, parts: int, bases: list[Callable[[int], str]]
) -> None:
    assert refused(f"http://{spelled(address, parts, bases)}/").rule == "address"


@given(blocked_ipv4, st.sampled_from(["::ffff:{}", "::{}", "::ffff:0:{}", "64:ff9b::{}", "2a00::5efe:{}"]))
def test_no_blocked_ipv4_address_is_allowed_inside_another(address: IPv4Address, form: str) -> None:
    assert refused(f"http://[{form.format(address)}]/").rule == "address"


@given(blocked_ipv6, st.sampled_from([str, lambda a: a.exploded, lambda a: a.exploded.upper()]))
def test_no_blocked_ipv6_address_is_allowed_in_any_spelling(
    address: IPv6Address, spelling: Callable[[IPv6Address], str]
) -> None:
    assert refused(f"http://[{spelling(address)}]/").rule == "address"


def test_https_is_required_where_the_policy_says_so() -> None:
    with pytest.raises(TargetRefused) as refusal:
        TargetPolicy(require_https=True).parse("http://a.example/")
    assert refusal.value.rule == "https"


@pytest.mark.parametrize("url", ["https://a.example/", "HTTPS://a.example/"])
def test_https_is_taken_everywhere(url: str) -> None:
    assert TargetPolicy(require_https=True).parse(url).scheme == "https"


def judged(policy: TargetPolicy, *addresses: str) -> None:
    policy.judge_addresses(
        Target("https", "a.example", 443, "/", "https://a.example/"), [ip_address(one) for one in addresses]
    )


def test_addresses_of_the_internet_may_be_called() -> None:
    judged(POLICY, str(PUBLIC), "2606:4700::1111")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_blocked_address_among_good_ones_refuses_the_target(place: int) -> None:
    addresses = [str(PUBLIC), "2606:4700::1111"]
    addresses.insert(place, "10.0.0.1")
    with pytest.raises(TargetRefused, match=r"10\.0\.0\.1 is in 10\.0\.0\.0/8"):
        judged(POLICY, *addresses)


def test_a_target_without_an_address_is_refused() -> None:
    with pytest.raises(TargetRefused):
        judged(POLICY)


def test_an_allowed_network_opens_a_target() -> None:
    judged(TargetPolicy(require_https=True, allowed_networks=(IPv4Network("10.0.0.0/24"),)), "10.0.0.1", str(PUBLIC))


def test_a_refusal_names_its_rule_and_says_why() -> None:
    with pytest.raises(TargetRefused) as refusal:
        judged(POLICY)
    assert (refusal.value.rule, refusal.value.detail) == ("address", "a.example has no address")
    with pytest.raises(TargetRefused) as refusal:
        TargetPolicy(require_https=True).parse("http://a.example/")
    assert "https://" in refusal.value.detail
    own = OwnAddress.of_url("https://hub.example")
    assert own is not None
    with pytest.raises(TargetRefused) as refusal:
        TargetPolicy(require_https=True, own=(own,)).parse("https://hub.example/api")
    assert (refusal.value.rule, "this hub" in refusal.value.detail) == ("hub", True)
