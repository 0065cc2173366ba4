"""Where the head of an answer ends, however its bytes arrive, and what is certain of an odd one."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.outbound.answer_head import (
    MAX_HEAD_BYTES,
    Head,
    HeadBuffer,
    HeadTooLarge,
    NotAHead,
    head_by_its_status,
    status_of,
)

HEAD = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"


def fed(*pieces: bytes) -> tuple[bytes | None, bytes]:
    """The head, once it is there, and what is left after it."""
    buffer, head = HeadBuffer(), None
    for piece in pieces:
        buffer.add(piece)
        head = buffer.take() if head is None else head
    return head, buffer.rest


@pytest.mark.parametrize(
    "head", [HEAD, b"HTTP/1.1 200\n\n", b"HTTP/1.0 999 \xe9\x00\nno colon\n\r\n", b"HTTP/1.1 100 C\r\n\n"]
)
def test_a_head_ends_with_the_first_empty_line_wherever_its_bytes_are_cut(head: bytes) -> None:
    for at in range(len(head) + 1):
        assert fed(head[:at], head[at:] + b"body\n\n") == (head, b"body\n\n")


def test_byte_by_byte_it_is_found_too() -> None:
    whole = b"\r\n\r\n" + HEAD
    assert fed(*(whole[at : at + 1] for at in range(len(whole)))) == (HEAD, b"")


def test_after_one_head_the_next_is_found() -> None:
    buffer = HeadBuffer()
    buffer.add(b"HTTP/1.1 103 Early\r\n\r\n" + HEAD)
    assert (buffer.take(), buffer.take(), buffer.take()) == (b"HTTP/1.1 103 Early\r\n\r\n", HEAD, None)


@pytest.mark.parametrize(
    "data", [b"<", b"H<", b"220 ready\r\n", b"HTTP/1.1 20\r\n", b"HTTP/1.1 099 A\n", b"\rH", b"\n", b" HTTP/1.1 200\n"]
)
def test_what_cannot_become_a_head_is_known_at_once(data: bytes) -> None:
    buffer = HeadBuffer()
    buffer.add(data)
    with pytest.raises(NotAHead) as failure:
        buffer.take()
    assert failure.value.beginning == data


@pytest.mark.parametrize(("bytes_", "fits"), [(MAX_HEAD_BYTES, True), (MAX_HEAD_BYTES + 1, False)])
def test_a_head_has_a_limit(bytes_: int, *, fits: bool) -> None:
    head = HEAD[:-4].ljust(bytes_ - 4, b"x") + b"\r\n\r\n"
    buffer = HeadBuffer()
    buffer.add(head)
    if fits:
        assert buffer.take() == head
    else:
        with pytest.raises(HeadTooLarge):
            buffer.take()


@given(st.lists(st.binary(max_size=6) | st.sampled_from([b"HTTP/1.1 ", b"200", b"\r\n", b"\n", b"A: b"]), max_size=12))
def test_whatever_comes_it_is_a_head_or_not_yet_or_none(pieces: list[bytes]) -> None:
    with suppress(NotAHead):
        head, rest = fed(*pieces)
        assert head is None or (status_of(head) is not None and b"".join(pieces).endswith(head + rest))


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"HTTP/1.1 200 OK\r\n", 200),
        (b"HTTP/1.9 999\n", 999),
        (b"HTTP/1.1 200 OK", None),
        (b"HTTP/1.1 2x0 OK\n", None),
        (b"", None),
    ],
)
def test_the_status_is_in_the_first_line(line: bytes, status: int | None) -> None:
    assert status_of(line) == status


@pytest.mark.parametrize(
    ("lines", "headers"),
    [
        (
            b"RETRY-after:\t20 \r\nLocation: https://a.example/x y\r\n",
            {"retry-after": "20", "location": "https://a.example/x y"},
        ),
        (b"Location: /a\r\nRetry-After: 20\r\nretry-after: 30\r\nLocation: /b\r\n", {"retry-after": "20, 30"}),
        (b"Retry-After : 20\r\n Retry-After: 20\r\nX-Retry-After: 20\r\nRetry-After:\r\n", {}),
        (b"Retry-After: 2\x000\r\nRetry-After: \xe9\r\n", {}),
        (b"A: b\r\nRetry-After: 2", {}),
        (b"A\rRetry-After: 20\r\n", {}),
    ],
)
def test_of_an_odd_head_only_plain_lines_are_read_and_a_location_only_if_it_is_one(
    lines: bytes, headers: dict[str, str]
) -> None:
    assert head_by_its_status(b"HTTP/1.1 503 Busy\r\n" + lines, 503) == Head(503, headers, is_whole=False)
