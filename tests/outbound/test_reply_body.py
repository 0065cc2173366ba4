import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.outbound.reply_body import ReplyBody
from tests.support.cases import holds_for

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "X-GZIP ": gzip.compress,
    "deflate": zlib.compress,
}


def fed(coding: str, data: bytes, *, max_bytes: int = 100, piece_bytes: int = 7) -> ReplyBody:
    """A body that came in pieces."""
    body = ReplyBody(coding, max_bytes)
    for start in range(0, len(data), piece_bytes):
        body.add(data[start : start + piece_bytes])
    return body


@given(st.sampled_from(sorted(CODINGS)), st.binary(max_size=300), st.integers(1, 50), st.integers(1, 50))
def test_a_body_is_kept_up_to_the_limit_however_it_comes(
    coding: str, content: bytes, max_bytes: int, piece_bytes: int
) -> None:
    body = fed(coding, CODINGS[coding](content), max_bytes=max_bytes, piece_bytes=piece_bytes)
    assert body.content == content[:max_bytes]
    assert body.is_whole == (len(content) <= max_bytes)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_is_not_unpacked(coding: str) -> None:
    bomb = CODINGS[coding](bytes(50_000_000))
    tracemalloc.start()
    body = fed(coding, bomb, piece_bytes=len(bomb))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (body.content, body.is_over, body.is_whole) == (bytes(100), True, False)
    assert peak_bytes < 1_000_000


def test_a_coding_that_is_not_understood_is_kept_as_it_came() -> None:
    assert fed("br", b"\x0b\x02\x80").content == b"\x0b\x02\x80"


def test_of_two_codings_none_is_undone() -> None:
    packed = gzip.compress(b"a", mtime=0)
    assert fed("gzip, gzip", packed).content == packed


@holds_for("cut", range(1, 20))
def test_a_body_that_breaks_off_is_not_whole(cut: int) -> None:
    assert not fed("gzip", gzip.compress(b"hello", mtime=0)[:-cut]).is_whole


@pytest.mark.parametrize("data", [b"no gzip at all", gzip.compress(b"x", mtime=0)[:12] + b"\xff" * 30])
def test_a_body_that_is_no_gzip_ends_there(data: bytes) -> None:
    body = fed("gzip", data)
    assert body.is_over
    assert not body.is_whole


def test_what_follows_the_compressed_data_is_left_out() -> None:
    body = fed("gzip", gzip.compress(b"hello", mtime=0) + b"trailing")
    assert (body.content, body.is_whole) == (b"hello", False)


def test_an_empty_body_is_whole_whatever_its_coding_says() -> None:
    assert fed("gzip", b"").is_whole


def test_compressed_data_that_comes_to_nothing_keeps_nothing() -> None:
    packer = zlib.compressobj(wbits=31)
    nothing = packer.compress(b"") + b"".join(packer.flush(zlib.Z_FULL_FLUSH) for _ in range(1_000))
    assert fed("gzip", nothing).content == b""
