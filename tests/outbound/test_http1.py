"""One request and its answer on a connection: the very bytes, and how much of an answer is read."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shared.outbound.http1 import MAX_HEADERS, MAX_INTERIM_ANSWERS, HttpExchange
from shared.outbound.reply import ErrorClass, OutgoingRequest, RequestFailed
from shared.outbound.socket_connection import SocketConnection, TimeLimit
from shared.outbound.target import parse_target

TARGET = parse_target("http://a.example:8080/hook?a=b")
REQUEST = OutgoingRequest("POST", TARGET.url, {"X-A": "b", "Host": "forged", "content-length": "9"}, b"body")
MAX_BYTES = 100


@contextmanager
def exchange(answer: bytes) -> Iterator[tuple[HttpExchange, socket.socket]]:
    """An exchange with somebody who says this and hangs up; their socket has what they were sent."""
    ours, theirs = socket.socketpair()
    theirs.sendall(answer)
    theirs.shutdown(socket.SHUT_WR)
    with theirs, SocketConnection(ours, TimeLimit(10)) as connection:
        yield HttpExchange(connection), theirs


def failure(answer: bytes) -> RequestFailed:
    with exchange(answer) as (one, _), pytest.raises(RequestFailed) as failed:
        one.send_request(TARGET, REQUEST)
    return failed.value


def test_the_request_has_the_headers_of_the_connection_from_here_and_the_others_as_given() -> None:
    with exchange(b"HTTP/1.1 204 No\r\n\r\n") as (one, theirs):
        one.send_request(TARGET, REQUEST)
        sent = theirs.recv(10_000)
    assert sent == (
        b"POST /hook?a=b HTTP/1.1\r\nHost: a.example:8080\r\nContent-Length: 4\r\nConnection: close\r\n"
        b"X-A: b\r\nAccept-Encoding: identity\r\n\r\nbody"
    )


def test_head_and_body_come_one_after_the_other() -> None:
    with exchange(b"HTTP/1.1 202 Yes\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 2\r\n\r\nok") as (one, _):
        head = one.send_request(TARGET, REQUEST)
        assert (head.status, head.headers) == (202, {"x-a": "1, 2", "content-length": "2"})
        assert one.read_body(head, MAX_BYTES) == (b"ok", True)


@pytest.mark.parametrize(("length", "is_whole"), [(MAX_BYTES - 1, True), (MAX_BYTES, True), (MAX_BYTES + 1, False)])
def test_a_body_is_read_up_to_the_limit(length: int, *, is_whole: bool) -> None:
    with exchange(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (length, b"x" * length)) as (one, _):
        head = one.send_request(TARGET, REQUEST)
        assert one.read_body(head, MAX_BYTES) == (b"x" * min(length, MAX_BYTES), is_whole)


@pytest.mark.parametrize(("interim", "fails"), [(MAX_INTERIM_ANSWERS, False), (MAX_INTERIM_ANSWERS + 1, True)])
def test_interim_answers_are_skipped_up_to_a_limit(interim: int, *, fails: bool) -> None:
    answer = b"HTTP/1.1 103 Early\r\n\r\n" * interim + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    if fails:
        assert failure(answer).error_class is ErrorClass.HTTP
    else:
        with exchange(answer) as (one, _):
            assert one.send_request(TARGET, REQUEST).status == 200


@pytest.mark.parametrize(
    ("answer", "error_class", "detail"),
    [
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * (MAX_HEADERS + 1) + b"\r\n", ErrorClass.TOO_LARGE, "too large"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000, ErrorClass.TOO_LARGE, "too large"),
        (b"<html>", ErrorClass.HTTP, "the answer is not HTTP"),
        (b"", ErrorClass.HTTP, "the answer is not HTTP"),
    ],
)
def test_what_is_no_answer_fails_and_says_why(answer: bytes, error_class: ErrorClass, detail: str) -> None:
    failed = failure(answer)
    assert (failed.error_class, detail in failed.detail) == (error_class, True)


def test_a_header_that_cannot_be_written_is_not_repeated() -> None:
    with exchange(b"") as (one, _), pytest.raises(RequestFailed) as failed:
        one.send_request(TARGET, OutgoingRequest("POST", TARGET.url, {"X-Key": "hunter2\r\nX-More: 1"}))
    assert (failed.value.error_class, "hunter2" in str(failed.value)) == (ErrorClass.HTTP, False)
