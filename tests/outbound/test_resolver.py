import threading
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

import pytest

from shared.outbound.addresses import Address
from shared.outbound.resolver import NameNotResolved, resolve_within, system_resolve
from tests.outbound.calling import THIS_MACHINE, resolves_to

# Longer than a name can be: no name server is asked.
TOO_LONG = "a." * 200 + "example"


def test_a_literal_address_is_its_own_answer() -> None:
    assert system_resolve("8.8.8.8", 443) == (IPv4Address("8.8.8.8"),)
    assert system_resolve("::1", 443) == (IPv6Address("::1"),)


def test_localhost_is_this_machine() -> None:
    assert THIS_MACHINE in system_resolve("localhost", 443)


@pytest.mark.parametrize("host", [TOO_LONG, "a" * 64])
def test_a_host_without_an_address_is_not_resolved(host: str) -> None:
    with pytest.raises(NameNotResolved, match="is not resolved"):
        system_resolve(host, 443)


def test_within_the_time_the_answer_is_the_resolvers() -> None:
    assert resolve_within(resolves_to(THIS_MACHINE), "a.example", 443, 5) == (THIS_MACHINE,)


def test_a_failure_of_the_resolver_is_the_callers() -> None:
    with pytest.raises(NameNotResolved):
        resolve_within(system_resolve, TOO_LONG, 443, 20)


def test_a_resolver_that_hangs_is_not_waited_for() -> None:
    may_answer = threading.Event()

    def hang(host: str, port: int) -> Sequence[Address]:
        may_answer.wait()
        return ()

    # Waited for, this would never end.
    with pytest.raises(TimeoutError, match=r"a\.example"):
        resolve_within(hang, "a.example", 443, 0.1)
    may_answer.set()
