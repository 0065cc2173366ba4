"""Connections that are kept: how often they are used again, and everything after which they are not."""

import socket
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network

import pytest

from shared.outbound.addresses import Address
from shared.outbound.client import HttpClient
from shared.outbound.kept_connections import (
    MAX_IDLE_SECONDS,
    MAX_JUDGED_SECONDS,
    MAX_KEPT,
    MAX_KEPT_PER_RECEIVER,
    KeptConnections,
    OpenConnection,
)
from shared.outbound.reply import ClosedBeforeAnswer, ErrorClass, OutgoingRequest, RequestFailed
from shared.outbound.target_policy import TargetPolicy
from tests.fakes.certificates import Authority
from tests.fakes.receiver import (
    Behaviour,
    Receiver,
    Visit,
    answers,
    answers_and_keeps,
    answers_in_turn,
    hangs,
    is_a_bomb,
    keeps,
    resets_after,
    sends,
)
from tests.outbound.calling import LOCAL, THIS_MACHINE, http_client, post

OTHER = IPv4Address("127.0.0.2")
ORIGIN = ("http", "a.example", 80)
JUST_ONE = TargetPolicy(require_https=False, allowed_networks=(IPv4Network("127.0.0.1/32"),))


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Names:
    """A resolver whose answer can be changed, and which counts how often it was asked."""

    def __init__(self, *addresses: Address) -> None:
        self.addresses: Sequence[Address] = addresses
        self.asked = 0

    def __call__(self, host: str, port: int) -> Sequence[Address]:
        self.asked += 1
        return self.addresses


def keeping(clock: Clock | None = None, names: Names | None = None, policy: TargetPolicy = LOCAL) -> HttpClient:
    return http_client(policy, resolve=names or Names(THIS_MACHINE), kept=KeptConnections(clock or Clock()))


@pytest.mark.parametrize(
    "answer",
    [
        answers_and_keeps(200, b"body"),
        answers_and_keeps(410, b"gone"),
        answers_and_keeps(503, b"", "Keep-Alive: timeout=20, max=100"),
        keeps(b"HTTP/1.1 204 No\r\n\r\n"),
        keeps(b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        keeps(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nA: trailer\r\n\r\n"),
    ],
    ids=["sized", "an error", "a hint", "no body", "interim", "chunked"],
)
def test_after_a_whole_answer_the_connection_is_used_again(receiver: Receiver, answer: Behaviour) -> None:
    receiver.behave(answer)
    names = Names(THIS_MACHINE)
    client = keeping(names=names)
    for _ in range(5):
        post(client, f"http://a.example:{receiver.port}/")
    assert (receiver.connections, len(receiver.journal), names.asked) == (1, 5, 1)
    assert "connection" not in receiver.journal[0].headers


def test_each_request_over_it_has_its_own_headers_and_body(receiver: Receiver) -> None:
    receiver.behave(answers_and_keeps())
    client = keeping()
    post(client, f"{receiver.url}/a", b"one", Authorization="Bearer one")
    client.send(OutgoingRequest("OPTIONS", f"{receiver.url}/b", {}))
    first, second = receiver.journal
    assert (first.path, first.body, first.headers["authorization"]) == ("/a", b"one", "Bearer one")
    assert (second.method, second.path, second.body) == ("OPTIONS", "/b", b"")
    assert "authorization" not in second.headers


@pytest.mark.parametrize(
    "answer",
    [
        answers_and_keeps(200, b"body", "Connection: close"),
        keeps(b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody"),
        keeps(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nbody"),
        keeps(b"HTTP/2.0 200 OK\r\nContent-Length: 4\r\n\r\nbody"),
        keeps(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody and more"),
        keeps(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody" * 2),
        keeps(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000),
        keeps(b"HTTP/1.1 200 OK\r\nX Y: z\r\nContent-Length: 4\r\n\r\nbody"),
        keeps(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\nxyz\r\n"),
        keeps(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nbody"),
        is_a_bomb(),
        answers(200, b"body"),
        sends(b"HTTP/1.1 200 OK\r\n\r\nbody"),
        sends(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nbody"),
        resets_after(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nbody"),
    ],
    ids=[
        "says close", "HTTP/1.0", "HTTP/1.0 that keeps", "HTTP/2.0", "more bytes", "two answers", "too long",
        "an odd head", "a broken chunk", "no gzip", "a bomb", "closes", "ends with the body", "half", "reset",
    ],
)  # fmt: skip
def test_after_any_other_answer_a_new_connection_is_made(receiver: Receiver, answer: Behaviour) -> None:
    receiver.behave(answer)
    client = keeping()
    for _ in range(3):
        assert post(client, receiver.url).status == 200
    assert (receiver.connections, len(receiver.journal)) == (3, 3)


def test_an_answer_that_nobody_asked_for_is_never_read(receiver: Receiver) -> None:
    forged = threading.Event()

    def behave(visit: Visit) -> None:
        visit.keep()
        visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        if len(receiver.journal) == 1:
            forged.wait(10)
            visit.send(b"HTTP/1.1 410 Forged\r\nContent-Length: 0\r\n\r\n")

    receiver.behave(behave)
    kept = KeptConnections()
    client = http_client(kept=kept)
    post(client, receiver.url)
    connection = kept.take(("http", "127.0.0.1", receiver.port))
    assert connection is not None
    kept.put(connection, None)
    forged.set()
    connection.sock.settimeout(10)
    assert connection.sock.recv(1, socket.MSG_PEEK) == b"H"
    assert [post(client, receiver.url).status, receiver.connections] == [200, 2]


def test_a_connection_that_ends_before_a_byte_of_the_answer_is_replaced_once_by_a_new_one(receiver: Receiver) -> None:
    client = keeping()
    receiver.behave(answers_in_turn(answers_and_keeps(), sends(b""), answers_and_keeps(202)))
    post(client, receiver.url)
    heads: list[str] = []
    reply = client.send(OutgoingRequest("POST", receiver.url, {}, b"again"), lambda: heads.append("came"))
    assert (reply.status, receiver.connections, heads) == (202, 2, ["came"])
    assert [call.body for call in receiver.journal] == [b"{}", b"again", b"again"]


@pytest.mark.parametrize("end", [sends(b""), resets_after(b"")], ids=["closes", "resets"])
def test_a_new_one_that_ends_so_is_a_failure(receiver: Receiver, end: Behaviour) -> None:
    client = keeping()
    receiver.behave(answers_in_turn(answers_and_keeps(), end))
    post(client, receiver.url)
    with pytest.raises(ClosedBeforeAnswer):
        post(client, receiver.url)
    assert (receiver.connections, len(receiver.journal)) == (2, 3)


@pytest.mark.parametrize("end", [sends(b"HTTP/1.1 200 OK\r\nA"), sends(b"nonsense\n"), resets_after(b"HTTP/1.1 2")])
def test_half_an_answer_is_not_asked_for_again(receiver: Receiver, end: Behaviour) -> None:
    client = keeping()
    receiver.behave(answers_in_turn(answers_and_keeps(), end))
    post(client, receiver.url)
    with pytest.raises(RequestFailed):
        post(client, receiver.url)
    assert (receiver.connections, len(receiver.journal)) == (1, 2)


def test_a_kept_connection_that_hangs_ends_with_the_time_and_is_not_tried_again(receiver: Receiver) -> None:
    client = http_client(deadline_seconds=0.6, kept=KeptConnections())
    receiver.behave(answers_in_turn(answers_and_keeps(), hangs()))
    post(client, receiver.url)
    with pytest.raises(RequestFailed) as failure:
        post(client, receiver.url)
    assert (failure.value.error_class, len(receiver.journal)) == (ErrorClass.TIMEOUT, 2)


@pytest.mark.parametrize(("seconds", "connections"), [(MAX_IDLE_SECONDS, 1), (MAX_IDLE_SECONDS + 0.1, 2)])
def test_an_idle_connection_is_kept_for_a_while(receiver: Receiver, seconds: float, connections: int) -> None:
    receiver.behave(answers_and_keeps())
    clock = Clock()
    client = keeping(clock)
    post(client, receiver.url)
    clock.now += seconds
    post(client, receiver.url)
    assert receiver.connections == connections


@pytest.mark.parametrize(
    ("hint", "seconds", "connections"),
    [("timeout=5", 4, 1), ("timeout=5, max=9", 4.1, 2), ("max=1,TIMEOUT = 5", 4.1, 2), ("timeout=0", 0.1, 2),
     ("timeout=600", 30.1, 2), ("timeout=soon", 30, 1), ("xtimeout=1", 30, 1)],
)  # fmt: skip
def test_no_longer_than_its_receiver_says(receiver: Receiver, hint: str, seconds: float, connections: int) -> None:
    receiver.behave(answers_and_keeps(200, b"", f"Keep-Alive: {hint}"))
    clock = Clock()
    client = keeping(clock)
    post(client, receiver.url)
    clock.now += seconds
    post(client, receiver.url)
    assert receiver.connections == connections


def used_until(client: HttpClient, clock: Clock, url: str, seconds: float) -> None:
    """Use the client again and again, so that its connection is never idle for long."""
    end = clock.now + seconds
    while clock.now < end:
        post(client, url)
        clock.now = min(clock.now + 20, end)


def test_after_a_minute_the_name_is_judged_anew_and_a_good_answer_keeps_the_connection(receiver: Receiver) -> None:
    receiver.behave(answers_and_keeps())
    clock, names = Clock(), Names(THIS_MACHINE)
    client, url = keeping(clock, names), f"http://a.example:{receiver.port}/"
    used_until(client, clock, url, MAX_JUDGED_SECONDS)
    post(client, url)
    assert (names.asked, receiver.connections) == (1, 1)
    clock.now += 0.1
    post(client, url)
    assert (names.asked, receiver.connections) == (2, 1)
    post(client, url)
    assert (names.asked, receiver.connections) == (2, 1)


def test_a_name_that_leads_to_a_blocked_address_by_then_is_blocked(receiver: Receiver) -> None:
    receiver.behave(answers_and_keeps())
    clock, names = Clock(), Names(THIS_MACHINE)
    client, url = keeping(clock, names, JUST_ONE), f"http://a.example:{receiver.port}/"
    used_until(client, clock, url, MAX_JUDGED_SECONDS)
    names.addresses = [THIS_MACHINE, OTHER]
    clock.now += 0.1
    calls = len(receiver.journal)
    for _ in range(2):
        with pytest.raises(RequestFailed) as failure:
            post(client, url)
        assert failure.value.error_class is ErrorClass.BLOCKED
    assert (len(receiver.journal), receiver.connections) == (calls, 1)


def test_a_name_that_leads_elsewhere_by_then_is_called_there(receiver: Receiver) -> None:
    receiver.behave(answers_and_keeps())
    clock, names = Clock(), Names(THIS_MACHINE)
    client, url = keeping(clock, names), f"http://a.example:{receiver.port}/"
    used_until(client, clock, url, MAX_JUDGED_SECONDS)
    names.addresses = [OTHER]
    clock.now += 0.1
    with pytest.raises(RequestFailed) as failure:  # Nobody listens there.
        post(client, url)
    assert (failure.value.error_class, receiver.connections) == (ErrorClass.REFUSED, 1)
    names.addresses = [THIS_MACHINE]
    post(client, url)
    assert receiver.connections == 2


def test_a_connection_belongs_to_its_host_whatever_the_address(receiver: Receiver) -> None:
    receiver.behave(answers_and_keeps())
    client = keeping()
    for host in ("a.example", "b.example", "a.example", "A.Example.", "127.0.0.1"):
        post(client, f"http://{host}:{receiver.port}/")
    assert (receiver.connections, len(receiver.journal)) == (3, 5)


def test_over_tls_it_is_agreed_once_for_each_name(authority: Authority) -> None:
    shown: list[str | None] = []
    context = authority.server_context("a.example")
    context.sni_callback = lambda connection, name, own: shown.append(name)
    with Receiver(context) as receiver:
        receiver.behave(answers_and_keeps(200, b"body"))
        client = http_client(tls=authority.client_context(), kept=KeptConnections())
        for _ in range(3):
            assert post(client, f"https://a.example:{receiver.port}/").body == b"body"
        with pytest.raises(RequestFailed, match="another name than b"):
            post(client, f"https://b.example:{receiver.port}/")
        assert (shown, len(receiver.journal)) == (["a.example", "b.example"], 3)


def test_over_tls_bytes_that_nobody_asked_for_end_it_too(authority: Authority) -> None:
    with Receiver(authority.server_context("a.example")) as receiver:
        receiver.behave(keeps(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 410 Forged\r\n\r\n"))
        client = http_client(tls=authority.client_context(), kept=KeptConnections())
        assert [post(client, f"https://a.example:{receiver.port}/").status for _ in range(3)] == [200] * 3
        assert receiver.connections == 3


def test_without_a_place_for_them_none_is_kept(receiver: Receiver) -> None:
    receiver.behave(answers_and_keeps())
    client = http_client()
    for _ in range(2):
        post(client, receiver.url)
    assert (receiver.connections, receiver.journal[0].headers["connection"]) == (2, "close")


def test_threads_never_share_one_at_the_same_time(receiver: Receiver) -> None:
    def behave(visit: Visit) -> None:
        visit.keep()
        visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    receiver.behave(behave)
    client = keeping()
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda number: post(client, receiver.url, b"%d" % number), range(200)))
    assert [reply.status for reply in replies] == [200] * 200
    assert sorted(int(call.body) for call in receiver.journal) == list(range(200))
    assert receiver.connections < 200


def opened(origin: tuple[str, str, int] = ORIGIN) -> tuple[OpenConnection, socket.socket]:
    ours, theirs = socket.socketpair()
    return OpenConnection(origin, THIS_MACHINE, ours, judged_at=1_000.0), theirs


def is_closed(theirs: socket.socket) -> bool:
    theirs.setblocking(False)
    try:
        return theirs.recv(1) == b""
    except BlockingIOError:
        return False


def test_of_one_receiver_a_few_are_kept_the_latest_first() -> None:
    pool, pairs = KeptConnections(Clock()), [opened() for _ in range(MAX_KEPT_PER_RECEIVER + 2)]
    for ours, _ in pairs:
        pool.put(ours, None)
    assert [is_closed(theirs) for _, theirs in pairs] == [True] * 2 + [False] * MAX_KEPT_PER_RECEIVER
    taken = [pool.take(ORIGIN) for _ in range(MAX_KEPT_PER_RECEIVER)]
    assert [one.sock for one in taken if one] == [ours.sock for ours, _ in reversed(pairs[2:])]
    assert pool.take(ORIGIN) is None
    for ours, theirs in pairs:
        ours.sock.close()
        theirs.close()


def test_of_all_receivers_there_is_a_limit_and_the_oldest_go() -> None:
    pool, pairs = KeptConnections(Clock()), [opened(("http", f"{n}.example", 80)) for n in range(MAX_KEPT + 3)]
    for ours, _ in pairs:
        pool.put(ours, None)
    assert [is_closed(theirs) for _, theirs in pairs] == [True] * 3 + [False] * MAX_KEPT
    del pool
    assert all(is_closed(theirs) for _, theirs in pairs)
    for _, theirs in pairs:
        theirs.close()


def test_those_of_others_are_closed_in_time_by_any_use() -> None:
    clock = Clock()
    pool, (ours, theirs) = KeptConnections(clock), opened()
    pool.put(ours, None)
    clock.now += MAX_IDLE_SECONDS + 1
    assert pool.take(("https", "b.example", 443)) is None
    assert is_closed(theirs)
    theirs.close()


def test_one_that_was_closed_meanwhile_is_not_given_out() -> None:
    pool, (first, first_theirs), (second, second_theirs) = KeptConnections(Clock()), opened(), opened()
    for one in (first, second):
        pool.put(one, None)
    second_theirs.close()
    taken = pool.take(ORIGIN)
    assert taken is not None
    assert taken.sock is first.sock
    assert second.sock.fileno() == -1
    taken.sock.close()
    first_theirs.close()
