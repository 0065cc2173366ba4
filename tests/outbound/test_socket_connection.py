import socket
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest

from shared.outbound.reply import ErrorClass, RequestFailed
from shared.outbound.socket_connection import SocketConnection, TimeLimit, connect
from tests.fakes.receiver import Receiver
from tests.outbound.calling import THIS_MACHINE

NOBODY = IPv4Address("127.0.0.9")


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port of this machine at which nobody answers a call: its queue of calls is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            yield port


def test_an_address_that_refuses_is_followed_by_the_next(receiver: Receiver) -> None:
    sock, address = connect([NOBODY, NOBODY, THIS_MACHINE], receiver.port, TimeLimit(10))
    sock.close()
    assert address == THIS_MACHINE
    assert receiver.connections <= 1


def test_where_all_addresses_refuse_the_connection_is_refused(receiver: Receiver) -> None:
    with pytest.raises(RequestFailed) as failure:
        connect([NOBODY, NOBODY], receiver.port, TimeLimit(10))
    assert failure.value.error_class is ErrorClass.REFUSED
    assert failure.value.detail == f"no connection to port {receiver.port}: it was refused"


def test_an_address_that_is_silent_ends_with_the_time(silent_port: int) -> None:
    limit = TimeLimit(0.3)
    with pytest.raises(RequestFailed) as failure:
        connect([THIS_MACHINE], silent_port, limit)
    assert failure.value.error_class is ErrorClass.TIMEOUT
    assert limit.elapsed_seconds < 5


def test_a_silent_address_leaves_the_next_one_time(silent_port: int) -> None:
    with socket.create_server(("127.0.0.9", silent_port)):
        sock, address = connect([THIS_MACHINE, NOBODY], silent_port, TimeLimit(1))
        sock.close()
    assert address == NOBODY


def test_of_many_addresses_only_the_first_few_are_tried(receiver: Receiver) -> None:
    with pytest.raises(RequestFailed):
        connect([NOBODY] * 8 + [THIS_MACHINE], receiver.port, TimeLimit(10))


def test_a_limit_that_has_passed_has_nothing_left() -> None:
    with pytest.raises(TimeoutError):
        TimeLimit(0).left()


def test_a_request_that_nobody_reads_ends_with_the_time() -> None:
    ours, theirs = socket.socketpair()
    with theirs, SocketConnection(ours, TimeLimit(0.3)) as connection, pytest.raises(TimeoutError):
        connection.send(bytes(50_000_000))
