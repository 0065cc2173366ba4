"""The body of an answer, decompressed piece by piece and never more of it than wanted. Pure."""

import zlib

_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})
# Tells by the first bytes which of the two it is: a gzip header or a zlib one.
_GZIP_OR_ZLIB = zlib.MAX_WBITS + 32


class ReplyBody:
    """Takes the pieces of a body as they come and keeps the first `most_bytes` of what they decompress to.

    Understood are gzip and deflate, one of them at a time; another coding is kept as it came. A bomb is not unpacked:
    the decompressor is never asked for more than one byte above the limit.
    """

    def __init__(self, coding: str, most_bytes: int) -> None:
        self._decompressor = zlib.decompressobj(_GZIP_OR_ZLIB) if coding.strip().lower() in _COMPRESSED else None
        self._most_bytes = most_bytes
        self._kept = bytearray()
        self._is_broken = False
        self._is_empty = True

    def add(self, data: bytes) -> None:
        """Take one piece. A piece that cannot be decompressed ends the body."""
        # With one byte more than wanted it is known that there was more; 0 would mean no limit.
        room = self._most_bytes + 1 - len(self._kept)
        if self.is_over or not data:
            return
        self._is_empty = False
        if self._decompressor is None:
            self._kept += data[:room]
            return
        try:
            self._kept += self._decompressor.decompress(data, room)
        except zlib.error:
            self._is_broken = True
        # What follows the end of the compressed data belongs to nothing.
        self._is_broken = self._is_broken or bool(self._decompressor.unused_data)

    @property
    def is_over(self) -> bool:
        """No further piece would change what is kept."""
        return self._is_broken or len(self._kept) > self._most_bytes

    @property
    def is_whole(self) -> bool:
        """The pieces so far are a whole body that was kept as a whole."""
        ended = self._decompressor is None or self._decompressor.eof or self._is_empty
        return ended and not self.is_over

    @property
    def content(self) -> bytes:
        """What is kept, at most the limit."""
        return bytes(self._kept[: self._most_bytes])
