"""Guards the bounds of a call: whatever a receiver does, it ends in time, within memory, and with the right verdict."""

import time

import pytest

from shared.outbound.reply import ErrorClass, OutgoingRequest, Reply, RequestFailed
from tests.fakes.receiver import (
    Behaviour,
    Receiver,
    answers,
    drips,
    drips_its_body,
    drips_its_head,
    floods,
    floods_with_interim_answers,
    floods_with_its_status_line,
    hangs,
    is_a_bomb,
    never_ends,
    resets_after,
    sends,
    sends_many_headers,
)
from tests.outbound.calling import MAX_BYTES, http_client, post

DEADLINE_SECONDS = 0.6
# For what does not end by the clock: then even a busy machine has the time to come to another end.
PLENTY_SECONDS = 20
# Generous, for busy machines: what is caught is a call that does not end.
AT_MOST_SECONDS = 40

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
NO_ANSWER: dict[str, tuple[Behaviour, ErrorClass]] = {
    "hangs": (hangs(), ErrorClass.TIMEOUT),
    "drips its head": (drips_its_head(), ErrorClass.TIMEOUT),
    "drips empty lines": (drips(b"", b"\r\n"), ErrorClass.HTTP),
    "drips the first line": (drips(b"HTTP/1.1 200 ", b"O"), ErrorClass.TIMEOUT),
    "drips interim answers": (drips(b"", b"HTTP/1.1 102 Wait\r\n\r\n"), ErrorClass.HTTP),
    "drips one interim answer": (drips(b"HTTP/1.1 102 Wait\r\n", b"A: b\r\n"), ErrorClass.TIMEOUT),
    "floods with interim answers": (floods_with_interim_answers(), ErrorClass.HTTP),
    "a status line without an end": (floods_with_its_status_line(), ErrorClass.TOO_LARGE),
    "an interim head without an end": (floods(b"HTTP/1.1 102 Wait\r\n", b"A: b\r\n" * 1_000), ErrorClass.TOO_LARGE),
    "another protocol, and hangs": (drips(b"220 mail.example ESMTP\r\n", b""), ErrorClass.HTTP),
    "closes at once": (sends(b""), ErrorClass.HTTP),
    "resets at once": (resets_after(b""), ErrorClass.HTTP),
    "resets in its head": (resets_after(b"HTTP/1.1 200 OK\r\nConte"), ErrorClass.HTTP),
    "closes in its head": (sends(b"HTTP/1.1 200 OK\r\nContent-Length: 5"), ErrorClass.HTTP),
    "invalid UTF-8": (sends(b"\xff\xfe\xfd\r\n\r\n"), ErrorClass.HTTP),
    "another protocol": (sends(b"220 mail.example ESMTP\r\n"), ErrorClass.HTTP),
    "HTTP 0.9": (sends(b"<html>hello</html>"), ErrorClass.HTTP),
    "a switch of protocols": (sends(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"), ErrorClass.HTTP),
    "a status of four digits": (sends(b"HTTP/1.1 2000 OK\r\n\r\n"), ErrorClass.HTTP),
    "a status below 100": (sends(b"HTTP/1.1 099 Odd\r\n\r\n"), ErrorClass.HTTP),
}
ODD_HEADS: dict[str, Behaviour] = {
    "a head of a megabyte": sends_many_headers(),
    "a head without an end": floods(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 1_000),
    "one endless header": floods(b"HTTP/1.1 200 OK\r\nA: ", b"b" * 10_000),
    "too many small headers": answers(200, b"", *["A: b"] * 101),
    "two lengths": answers(200, b"ab", "Content-Length: 3"),
    "a zero byte in its head, and then nothing": drips(b"HTTP/1.1 200 OK\r\nA: \x00\r\n\r\n", b""),
}
BROKEN_BODIES: dict[str, tuple[Behaviour, bytes]] = {
    "shorter than it says": (sends(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nbegun"), b"begun"),
    "no gzip": (answers(200, b"no gzip", "Content-Encoding: gzip"), b""),
    "a chunk without a size": (sends(CHUNKED + b"5\r\nbegun\r\nxyz\r\n"), b"begun"),
    "chunks that end early": (sends(CHUNKED + b"5\r\nbegun\r\n"), b"begun"),
    "endless text for a chunk": (floods(CHUNKED + b"5\r\nbegun\r\n1;", b"x" * 10_000), b"begun"),
    "endless trailers": (floods(CHUNKED + b"5\r\nbegun\r\n0\r\n", b"A: b\r\n" * 1_000), b"begun"),
}


def reply_of(receiver: Receiver, behaviour: Behaviour, deadline_seconds: float = PLENTY_SECONDS) -> Reply:
    """The answer of such a receiver; fails where the call takes far too long."""
    receiver.behave(behaviour)
    began_at = time.monotonic()
    reply = post(http_client(deadline_seconds=deadline_seconds), receiver.url)
    assert time.monotonic() - began_at < AT_MOST_SECONDS
    return reply


@pytest.mark.parametrize("name", NO_ANSWER)
def test_what_is_no_answer_fails_in_time_and_says_why(receiver: Receiver, name: str) -> None:
    behaviour, error_class = NO_ANSWER[name]
    began_at = time.monotonic()
    with pytest.raises(RequestFailed) as failure:
        reply_of(receiver, behaviour, DEADLINE_SECONDS if error_class is ErrorClass.TIMEOUT else PLENTY_SECONDS)
    assert time.monotonic() - began_at < AT_MOST_SECONDS
    assert failure.value.error_class is error_class
    assert len(failure.value.detail) < 300


@pytest.mark.parametrize("name", ODD_HEADS)
def test_an_odd_head_after_a_good_status_line_counts_by_its_status_and_no_body_is_read(
    receiver: Receiver, name: str
) -> None:
    heads: list[str] = []
    receiver.behave(ODD_HEADS[name])
    reply = http_client(deadline_seconds=PLENTY_SECONDS).send(
        OutgoingRequest("POST", receiver.url, {}), lambda: heads.append("came")
    )
    assert (reply.status, reply.body, reply.was_truncated, reply.is_head_whole) == (200, b"", True, False)
    assert heads == ["came"]


@pytest.mark.parametrize("status", [200, 204, 299, 410, 500])
def test_a_body_that_drips_past_the_deadline_leaves_the_status(receiver: Receiver, status: int) -> None:
    reply = reply_of(receiver, drips_its_body(status), DEADLINE_SECONDS)
    assert reply.status == status
    if status != 204:  # which has no body, whatever follows
        assert reply.body.startswith(b"begun")
        assert reply.was_truncated


@pytest.mark.parametrize("status", [200, 500])
def test_a_body_without_an_end_is_read_up_to_the_limit(receiver: Receiver, status: int) -> None:
    reply = reply_of(receiver, never_ends(status))
    assert (reply.status, reply.body, reply.was_truncated) == (status, b"x" * MAX_BYTES, True)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_is_unpacked_up_to_the_limit(receiver: Receiver, coding: str) -> None:
    reply = reply_of(receiver, is_a_bomb(coding))
    assert (reply.status, reply.body, reply.was_truncated) == (200, bytes(MAX_BYTES), True)


def test_single_bytes_in_chunks_with_long_texts_are_not_read_for_ever(receiver: Receiver) -> None:
    reply = reply_of(receiver, floods(CHUNKED, b"1;" + b"x" * 10_000 + b"\r\na\r\n"))
    assert reply.was_truncated
    assert len(reply.body) < 10


@pytest.mark.parametrize("name", BROKEN_BODIES)
def test_a_broken_body_leaves_the_status_and_what_came_before(receiver: Receiver, name: str) -> None:
    behaviour, body = BROKEN_BODIES[name]
    reply = reply_of(receiver, behaviour)
    assert (reply.status, reply.body, reply.was_truncated) == (200, body, True)


def test_a_reset_in_the_body_leaves_the_status(receiver: Receiver) -> None:
    reply = reply_of(receiver, resets_after(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nbegun"))
    assert (reply.status, reply.was_truncated) == (200, True)


def test_a_few_interim_answers_are_skipped(receiver: Receiver) -> None:
    reply = reply_of(
        receiver, sends(b"HTTP/1.1 103 Early\r\n\r\n" * 10 + b"HTTP/1.1 202 OK\r\nContent-Length: 0\r\n\r\n")
    )
    assert reply.status == 202


def test_an_answer_that_comes_before_the_request_was_read_counts(receiver: Receiver) -> None:
    receiver.behave(sends(b"HTTP/1.1 413 Too large\r\nContent-Length: 0\r\n\r\n"), reads_first=False)
    assert post(http_client(), receiver.url, bytes(20_000_000)).status == 413


def test_a_receiver_that_never_reads_ends_with_the_time(receiver: Receiver) -> None:
    receiver.behave(hangs(), reads_first=False)
    with pytest.raises(RequestFailed) as failure:
        post(http_client(deadline_seconds=DEADLINE_SECONDS), receiver.url, bytes(50_000_000))
    assert failure.value.error_class is ErrorClass.TIMEOUT
