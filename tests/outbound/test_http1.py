"""One request and its answer on a connection: the very bytes, and how much of an answer is read."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shared.outbound.answer_head import MAX_EMPTY_LINES, Head
from shared.outbound.http1 import MAX_HEADERS, MAX_INTERIM_ANSWERS, HttpExchange
from shared.outbound.reply import ErrorClass, OutgoingRequest, RequestFailed
from shared.outbound.socket_connection import SocketConnection, TimeLimit
from shared.outbound.target import parse_target
from tests.support.cases import holds_for

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
        b"X-A: b\r\nAccept: */*\r\nAccept-Encoding: identity\r\n\r\nbody"
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
        (b"HTTP/1.1 200 " + b"x" * 70_000, ErrorClass.TOO_LARGE, "the head of the answer is too large"),
        (b"HTTP/1.1 103 Early\r\nA: " + b"x" * 70_000, ErrorClass.TOO_LARGE, "the head of the answer is too large"),
        (b"<html>", ErrorClass.HTTP, "the answer is not HTTP: it begins with <html>"),
        (
            b"220 \x00mail\r\nmore",
            ErrorClass.HTTP,
            "the answer is not HTTP: it begins with 220 \N{REPLACEMENT CHARACTER}mail",
        ),
        (b"x" * 100_000, ErrorClass.HTTP, f"the answer is not HTTP: it begins with {'x' * 80}"),
        (b"\r\n" * (MAX_EMPTY_LINES + 1) + b"HTTP/1.1 200 OK\r\n\r\n", ErrorClass.HTTP, "the answer is not HTTP"),
        (b"\nHTTP/1.1 200 OK\r\n\r\n", ErrorClass.HTTP, "the answer is not HTTP"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", ErrorClass.HTTP, "the answer is not HTTP: it begins with HTTP/1.1 2000 OK"),
        (b"", ErrorClass.HTTP, "the connection was closed before an answer"),
        (b"\r\n", ErrorClass.HTTP, "the connection was closed before an answer"),
        (b"HTTP/1.1 103 Early\r\n\r\n", ErrorClass.HTTP, "the connection was closed before an answer"),
        (b"HTTP/1.1 200 OK\r\nA: b", ErrorClass.HTTP, "the connection was closed within the head of the answer"),
        (b"HTTP/1.1 101 Go\r\n\r\n", ErrorClass.HTTP, "the receiver wants to switch to another protocol"),
    ],
)
def test_what_is_no_answer_fails_and_says_why_in_the_hubs_own_words(
    answer: bytes, error_class: ErrorClass, detail: str
) -> None:
    failed = failure(answer)
    assert (failed.error_class, failed.detail) == (error_class, detail)
    # What the webhook's LastError says repeats nothing of what came.
    assert (failed.own_words or detail) == detail.partition(":")[0]


ODD_HEADS = {
    "Transfer-Encoding: chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "two codings": b"Transfer-Encoding: gzip, chunked\r\n",
    "identity": b"Transfer-Encoding: identity\r\n",
    "a space before the colon": b"X-Powered-By : PHP\r\n",
    "a name with a space": b"Content Security Policy: x\r\n",
    "a name with a slash": b"X/Y: x\r\n",
    "no name": b": x\r\n",
    "no colon": b"what is this\r\n",
    "a zero byte": b"A: \x00\r\n",
    "a bracket": b"[: x\r\n",
    "a first line that goes on": b" folded: x\r\n",
    "length -1": b"Content-Length: -1\r\n",
    "no length": b"Content-Length: \r\n",
    "length +2": b"Content-Length: +2\r\n",
    "length two": b"Content-Length: two\r\n",
    "two lengths": b"Content-Length: 2\r\nContent-Length: 3\r\n",
    "more than 100 headers": b"A: b\r\n" * (MAX_HEADERS + 1),
    "too large": b"A: " + b"x" * 70_000 + b"\r\n",
}


@holds_for("name", ODD_HEADS)
@holds_for("status", [200, 204, 410, 503, 999])
def test_a_head_that_is_odd_after_its_status_line_counts_by_its_status(name: str, status: int) -> None:
    with exchange(b"HTTP/1.1 %d Said\r\n%b\r\n2\r\nok\r\n0\r\n\r\n" % (status, ODD_HEADS[name])) as (one, _):
        head = one.send_request(TARGET, REQUEST)
        assert (head, one.read_body(head, MAX_BYTES)) == (Head(status, {}, is_whole=False), (b"", False))
        assert not one.can_be_followed


@holds_for("name", ODD_HEADS)
def test_an_odd_interim_answer_is_none(name: str) -> None:
    with pytest.raises(RequestFailed), exchange(b"HTTP/1.1 103 Early\r\n%b\r\n" % ODD_HEADS[name]) as (one, _):
        one.send_request(TARGET, REQUEST)


@pytest.mark.parametrize("lines", [1, MAX_EMPTY_LINES])
def test_empty_lines_before_the_answer_are_skipped(lines: int) -> None:
    with exchange(b"\r\n" * lines + b"HTTP/1.1 202 Yes\r\nContent-Length: 2\r\n\r\nok") as (one, _):
        head = one.send_request(TARGET, REQUEST)
        assert (head.status, one.read_body(head, MAX_BYTES)) == (202, (b"ok", True))


def test_how_long_to_wait_is_read_from_an_odd_head_too() -> None:
    with exchange(b"HTTP/1.1 503 Busy\r\nX-Powered-By : PHP\r\nRetry-After: 20\r\n\r\n") as (one, _):
        assert one.send_request(TARGET, REQUEST) == Head(503, {"retry-after": "20"}, is_whole=False)


def test_a_header_that_cannot_be_written_is_not_repeated() -> None:
    with exchange(b"") as (one, _), pytest.raises(RequestFailed) as failed:
        one.send_request(TARGET, OutgoingRequest("POST", TARGET.url, {"X-Key": "hunter2\r\nX-More: 1"}))
    assert (failed.value.error_class, "hunter2" in str(failed.value)) == (ErrorClass.HTTP, False)
