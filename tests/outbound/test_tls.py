"""Guards what TLS promises: only the receiver that the name belongs to is called, and the handshake ends in time."""

import ssl
from ipaddress import IPv6Address

import pytest

from shared.outbound.client import trusted_authorities
from shared.outbound.reply import ErrorClass, RequestFailed
from shared.outbound.target_policy import TargetPolicy
from tests.fakes.certificates import Authority
from tests.fakes.receiver import Behaviour, Receiver, Visit, drips, drips_its_body, drips_its_head, hangs, sends
from tests.outbound.calling import LOCAL, http_client, post, resolves_to

NAME = "receiver.example"
POLICY = TargetPolicy(require_https=True, allowed_networks=LOCAL.allowed_networks)


def failure_of(tls: ssl.SSLContext, authority: Authority) -> RequestFailed:
    """How a call fails when the receiver shows this."""
    with Receiver(tls) as receiver, pytest.raises(RequestFailed) as failure:
        post(http_client(POLICY, tls=authority.client_context()), f"https://{NAME}:{receiver.port}/")
    assert not receiver.journal
    return failure.value


def resets_the_handshake(visit: Visit) -> None:
    """Only once the handshake has begun: earlier it could be taken for a refused connection."""
    visit.receive()
    visit.reset()


def test_a_receiver_with_the_certificate_of_its_name_is_called(authority: Authority) -> None:
    with Receiver(authority.server_context(NAME)) as receiver:
        client = http_client(POLICY, tls=authority.client_context())
        assert post(client, f"https://{NAME}.:{receiver.port}/").status == 200
        assert receiver.journal[0].headers["host"] == f"{NAME}:{receiver.port}"


def test_the_name_is_sent_and_checked_in_ascii(authority: Authority) -> None:
    shown: list[str | None] = []
    context = authority.server_context("xn--bcher-kva.example")
    context.sni_callback = lambda connection, name, own: shown.append(name)
    with Receiver(context) as receiver:
        client = http_client(POLICY, tls=authority.client_context())
        assert post(client, f"https://B\u00dcCHER.example:{receiver.port}/").status == 200
    assert shown == ["xn--bcher-kva.example"]


def test_a_certificate_can_name_an_address(authority: Authority) -> None:
    with Receiver(authority.server_context("127.0.0.1")) as receiver:
        assert post(http_client(POLICY, tls=authority.client_context()), receiver.url).status == 200


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1", "sub.receiver.example", "*.receiver.example"])
def test_the_certificate_of_another_name_is_not_accepted(authority: Authority, name: str) -> None:
    failure = failure_of(authority.server_context(name), authority)
    assert failure.error_class is ErrorClass.TLS
    assert NAME in failure.detail


def test_an_expired_certificate_is_not_accepted(authority: Authority) -> None:
    failure = failure_of(authority.server_context(NAME, expired=True), authority)
    assert (failure.error_class, "expired" in failure.detail) == (ErrorClass.TLS, True)


def test_a_certificate_that_signs_itself_is_not_accepted(authority: Authority) -> None:
    failure = failure_of(authority.server_context(NAME, self_signed=True), authority)
    assert (failure.error_class, "self-signed" in failure.detail) == (ErrorClass.TLS, True)


def test_an_authority_that_nobody_knows_is_not_accepted_by_default(authority: Authority) -> None:
    with Receiver(authority.server_context(NAME)) as receiver, pytest.raises(RequestFailed) as failure:
        post(http_client(POLICY, tls=trusted_authorities()), f"https://{NAME}:{receiver.port}/")
    why = "its authority is unknown, or an intermediate certificate is missing"
    assert (failure.value.error_class, failure.value.detail) == (
        ErrorClass.TLS,
        f"the certificate is not accepted: {why}",
    )


def test_an_old_version_of_tls_is_not_accepted(authority: Authority) -> None:
    context = authority.server_context(NAME)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    assert failure_of(context, authority).error_class is ErrorClass.TLS


@pytest.mark.parametrize(
    ("behaviour", "error_class"),
    [
        (hangs(), ErrorClass.TIMEOUT),
        # The beginning of a record of 16 KB, whose rest comes a byte at a time.
        (drips(b"\x16\x03\x03\x40\x00\x02", b"\x00"), ErrorClass.TIMEOUT),
        (sends(b"HTTP/1.1 400 Plain\r\n\r\n"), ErrorClass.TLS),
        (sends(b""), ErrorClass.TLS),
        (resets_the_handshake, ErrorClass.TLS),
    ],
    ids=["hangs", "drips", "speaks plainly", "closes", "resets"],
)
def test_a_handshake_that_fails_ends_in_time(
    authority: Authority, behaviour: Behaviour, error_class: ErrorClass
) -> None:
    client = http_client(POLICY, tls=authority.client_context(), deadline_seconds=0.6)
    with Receiver() as receiver:
        receiver.behave(behaviour, reads_first=False)
        with pytest.raises(RequestFailed) as failure:
            post(client, f"https://{NAME}:{receiver.port}/")
    assert failure.value.error_class is error_class


def test_a_head_that_drips_over_tls_ends_in_time(authority: Authority) -> None:
    client = http_client(POLICY, tls=authority.client_context(), deadline_seconds=0.6)
    with Receiver(authority.server_context(NAME)) as receiver:
        receiver.behave(drips_its_head())
        with pytest.raises(RequestFailed) as failure:
            post(client, f"https://{NAME}:{receiver.port}/")
    assert failure.value.error_class is ErrorClass.TIMEOUT


def test_a_body_that_drips_over_tls_leaves_the_status(authority: Authority) -> None:
    with Receiver(authority.server_context(NAME)) as receiver:
        receiver.behave(drips_its_body())
        client = http_client(POLICY, tls=authority.client_context(), deadline_seconds=0.6)
        reply = post(client, f"https://{NAME}:{receiver.port}/")
    assert (reply.status, reply.was_truncated) == (200, True)


def test_a_certificate_does_not_make_up_for_a_blocked_address(authority: Authority) -> None:
    client = http_client(POLICY, tls=authority.client_context(), resolve=resolves_to(IPv6Address("::1")))
    with pytest.raises(RequestFailed) as failure:
        post(client, f"https://{NAME}/")
    assert failure.value.error_class is ErrorClass.BLOCKED
