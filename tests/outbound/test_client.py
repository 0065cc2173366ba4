import os
import ssl
import threading
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest

from shared.deadline import deadline
from shared.outbound.addresses import Address
from shared.outbound.client import HttpClient, trusted_authorities
from shared.outbound.reply import ErrorClass, OutgoingRequest, RequestFailed
from shared.outbound.resolver import NameNotResolved
from shared.outbound.target_policy import TargetPolicy
from tests.fakes.receiver import Receiver, Visit, answers, redirects, sends
from tests.outbound.calling import LOCAL, MAX_BYTES, STRICT, THIS_MACHINE, http_client, post, resolves_to


class Changing:
    """A resolver whose name leads elsewhere each time it is asked."""

    def __init__(self, *answers: Sequence[Address]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[Address]:
        self.asked.append(host)
        return self.answers[len(self.asked) - 1]


def failure_of(client: HttpClient, url: str) -> RequestFailed:
    """How a post to this URL fails."""
    with pytest.raises(RequestFailed) as failure:
        post(client, url)
    return failure.value


def test_a_receiver_gets_the_very_bytes_and_headers(receiver: Receiver) -> None:
    post(http_client(), f"{receiver.url}/hook?a=1", b'{"a": "\xc3\xa9"}', X_Key="k", Content_Type="application/json")
    [received] = receiver.journal
    assert (received.method, received.path, received.query) == ("POST", "/hook", {"a": "1"})
    assert received.body == b'{"a": "\xc3\xa9"}'
    assert received.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "content-length": "11",
        "connection": "close",
        "x-key": "k",
        "content-type": "application/json",
        "accept": "*/*",
        "accept-encoding": "identity",
    }


def test_the_answer_comes_back_whole(receiver: Receiver) -> None:
    receiver.behave(answers(201, b"\xff\xfe not UTF-8", "Retry-After: 5", "Set-Cookie: a", "Set-Cookie: b"))
    reply = post(http_client(), receiver.url)
    assert (reply.status, reply.body, reply.was_truncated) == (201, b"\xff\xfe not UTF-8", False)
    assert reply.header("Retry-After") == "5"
    assert reply.headers["set-cookie"] == "a, b"


@pytest.mark.parametrize("status", [200, 204, 299, 304, 400, 410, 429, 500, 599, 999])
def test_every_status_is_an_answer(receiver: Receiver, status: int) -> None:
    receiver.behave(answers(status))
    reply = post(http_client(), receiver.url)
    assert (reply.status, reply.is_success) == (status, 200 <= status <= 299)


def test_the_head_of_the_final_answer_is_told_once_before_the_body_is_read(receiver: Receiver) -> None:
    head_is_known = threading.Event()

    def behave(visit: Visit) -> None:
        visit.send(b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\n")
        # Without the call nobody would ever go on.
        visit.send(b"body" if head_is_known.wait(10) else b"late")

    heads: list[str] = []

    def on_head() -> None:
        heads.append("came")
        head_is_known.set()

    receiver.behave(behave)
    reply = http_client().send(OutgoingRequest("POST", receiver.url, {}), on_head)
    assert (reply.status, reply.body, heads) == (503, b"body", ["came"])


def test_without_an_answer_no_head_is_told(receiver: Receiver) -> None:
    receiver.behave(sends(b"HTTP/1.1 103 Early\r\n\r\n"))
    heads: list[str] = []
    with pytest.raises(RequestFailed):
        http_client().send(OutgoingRequest("POST", receiver.url, {}), lambda: heads.append("came"))
    assert heads == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_a_private_address_is_an_answer_and_not_followed(receiver: Receiver, status: int) -> None:
    with Receiver() as elsewhere:
        receiver.behave(redirects(f"{elsewhere.url}/private", status))
        assert post(http_client(), receiver.url).status == status
        assert elsewhere.connections == 0


@pytest.mark.parametrize("name", ["Host", "content-length", "TRANSFER-ENCODING", "Connection"])
def test_headers_of_the_connection_cannot_be_given(receiver: Receiver, name: str) -> None:
    http_client().send(OutgoingRequest("POST", receiver.url, {name: "forged"}, b"body"))
    assert receiver.journal[0].body == b"body"
    assert "forged" not in receiver.journal[0].headers.values()


@pytest.mark.parametrize("name", ["Accept", "accept", "ACCEPT-ENCODING"])
def test_what_a_plain_client_accepts_can_be_replaced_in_any_case(receiver: Receiver, name: str) -> None:
    http_client().send(OutgoingRequest("POST", receiver.url, {name: "text/plain"}))
    assert receiver.journal[0].headers[name.lower()] == "text/plain"


def test_a_header_that_cannot_be_written_fails_and_is_not_repeated(receiver: Receiver) -> None:
    with pytest.raises(RequestFailed) as failure:
        post(http_client(), receiver.url, X_Key="hunter2\r\nX-More: 1")
    assert failure.value.error_class is ErrorClass.HTTP
    assert "hunter2" not in str(failure.value)
    assert not receiver.journal


def test_another_method_can_be_sent(receiver: Receiver) -> None:
    http_client().send(OutgoingRequest("OPTIONS", receiver.url, {"WebHook-Request-Origin": "hub.example"}))
    assert receiver.journal[0].method == "OPTIONS"


def test_an_answer_to_head_has_no_body(receiver: Receiver) -> None:
    receiver.behave(answers(200, b"", "Content-Encoding: gzip"))
    reply = http_client().send(OutgoingRequest("HEAD", receiver.url, {}))
    assert (reply.body, reply.was_truncated) == (b"", False)


def test_a_body_of_exactly_the_limit_is_whole(receiver: Receiver) -> None:
    receiver.behave(answers(200, b"x" * MAX_BYTES))
    assert not post(http_client(), receiver.url).was_truncated


def test_a_unicode_host_is_resolved_and_named_in_ascii(receiver: Receiver) -> None:
    resolve = Changing([THIS_MACHINE])
    post(http_client(resolve=resolve), f"http://B\u00fccher.example.:{receiver.port}/")
    assert resolve.asked == ["xn--bcher-kva.example"]
    assert receiver.journal[0].headers["host"] == f"xn--bcher-kva.example:{receiver.port}"


def test_an_address_that_refuses_is_followed_by_the_next_one_judged(receiver: Receiver) -> None:
    resolve = resolves_to(IPv6Address("::1"), IPv4Address("127.0.0.9"), THIS_MACHINE)
    policy = TargetPolicy(require_https=False, allowed_networks=(*LOCAL.allowed_networks, IPv6Network("::1/128")))
    assert post(http_client(policy, resolve=resolve), f"http://a.example:{receiver.port}/").status == 200


def test_nobody_listening_is_refused(receiver: Receiver) -> None:
    url = receiver.url
    receiver.close()
    assert failure_of(http_client(), url).error_class is ErrorClass.REFUSED


def test_a_name_without_an_address_is_a_failure_of_dns() -> None:
    def resolve(host: str, port: int) -> Sequence[Address]:
        raise NameNotResolved(f"{host} is not resolved")

    failure = failure_of(http_client(resolve=resolve), "http://a.example/")
    assert (failure.error_class, failure.detail) == (ErrorClass.DNS, "a.example is not resolved")


def test_a_resolver_that_hangs_is_a_timeout() -> None:
    may_answer = threading.Event()

    def resolve(host: str, port: int) -> Sequence[Address]:
        may_answer.wait()
        return [THIS_MACHINE]

    failure = failure_of(http_client(resolve=resolve, deadline_seconds=0.2), "http://a.example/")
    may_answer.set()
    assert failure.error_class is ErrorClass.TIMEOUT


@pytest.mark.parametrize(
    "url", ["http://a.example/", "https://user:hunter2@a.example/", "ftp://a.example/", "https://a.example/#x"]
)
def test_a_target_that_the_policy_refuses_is_not_even_resolved(url: str) -> None:
    resolve = Changing([THIS_MACHINE])
    failure = failure_of(http_client(STRICT, resolve=resolve), url)
    assert failure.error_class is ErrorClass.BLOCKED
    assert "hunter2" not in str(failure)
    assert resolve.asked == []


@pytest.mark.parametrize("text", ["10.0.0.1", "169.254.169.254", "168.63.129.16", "::1", "::ffff:10.0.0.1"])
def test_a_name_of_a_blocked_address_is_blocked(text: str) -> None:
    failure = failure_of(http_client(resolve=resolves_to(ip_address(text))), "http://a.example/")
    assert failure.error_class is ErrorClass.BLOCKED


def test_one_blocked_address_among_good_ones_blocks_the_target_and_nobody_is_called(receiver: Receiver) -> None:
    resolve = resolves_to(THIS_MACHINE, IPv4Address("10.0.0.1"))
    failure = failure_of(http_client(resolve=resolve), f"http://a.example:{receiver.port}/")
    assert failure.error_class is ErrorClass.BLOCKED
    assert receiver.connections == 0


def test_a_name_that_changes_its_answer_is_resolved_once_and_called_where_it_was_judged(receiver: Receiver) -> None:
    # 127.0.0.1 plays the good address here, and 127.0.0.2 the blocked one.
    policy = TargetPolicy(require_https=False, allowed_networks=(IPv4Network("127.0.0.1/32"),))
    resolve = Changing([THIS_MACHINE], [IPv4Address("127.0.0.2")])
    assert post(http_client(policy, resolve=resolve), f"http://a.example:{receiver.port}/").status == 200
    assert resolve.asked == ["a.example"]


def test_a_name_that_changes_to_a_blocked_address_is_blocked_the_next_time(receiver: Receiver) -> None:
    policy = TargetPolicy(require_https=False, allowed_networks=(IPv4Network("127.0.0.2/32"),))
    resolve = Changing([THIS_MACHINE], [THIS_MACHINE])
    url = f"http://a.example:{receiver.port}/"
    assert {failure_of(http_client(policy, resolve=resolve), url).error_class for _ in range(2)} == {ErrorClass.BLOCKED}
    assert receiver.connections == 0


def test_a_proxy_in_the_environment_is_ignored(receiver: Receiver) -> None:
    with Receiver() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            os.environ[name] = os.environ[name.lower()] = proxy.url
        post(http_client(), f"http://a.example:{receiver.port}/")
        assert proxy.connections == 0
    assert len(receiver.journal) == 1


def test_a_netrc_in_the_environment_is_ignored(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> None:
    netrc = tmp_path_factory.mktemp("home") / ".netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n", encoding="ascii")
    os.environ["NETRC"], os.environ["HOME"] = str(netrc), str(netrc.parent)
    post(http_client(), receiver.url)
    assert "authorization" not in receiver.journal[0].headers


def test_the_callers_own_deadline_counts_where_it_is_nearer(receiver: Receiver) -> None:
    with deadline(0):
        assert failure_of(http_client(), receiver.url).error_class is ErrorClass.TIMEOUT
    assert receiver.connections == 0


def test_by_default_the_systems_resolver_is_asked(receiver: Receiver) -> None:
    client = HttpClient(LOCAL, deadline_seconds=10, max_response_bytes=MAX_BYTES)
    assert post(client, f"http://127.1:{receiver.port}/").status == 200


def test_by_default_certificates_and_names_are_checked() -> None:
    context = trusted_authorities()
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
