"""The body of an answer, decompressed piece by piece and only as far as wanted. Pure."""

import zlib

_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})
# zlib tells by the first bytes whether it is gzip or zlib.
_GZIP_OR_ZLIB = zlib.MAX_WBITS + 32


class ReplyBody:
    """Collects the pieces of a body and keeps the first `max_bytes` of what they decompress to.

    `coding` is the value of Content-Encoding. gzip or deflate is decompressed; any other coding is kept as it came. A
    decompression bomb is harmless: the decompressor is never asked for more than one byte above the limit.
    """

    def __init__(self, coding: str, max_bytes: int) -> None:
        self._decompressor = zlib.decompressobj(_GZIP_OR_ZLIB) if coding.strip().lower() in _COMPRESSED else None
        self._max_bytes = max_bytes
        self._kept = bytearray()
        self._is_broken = False
        self._is_empty = True

    def add(self, data: bytes) -> None:
        """Add one piece. A piece that cannot be decompressed ends the body."""
        # One byte more than wanted tells that there was more; 0 would mean no limit.
        room = self._max_bytes + 1 - len(self._kept)
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
        # Nothing may follow the end of the compressed data.
        self._is_broken = self._is_broken or bool(self._decompressor.unused_data)

    @property
    def is_over(self) -> bool:
        """Whether no further piece can change what is kept."""
        return self._is_broken or len(self._kept) > self._max_bytes

    @property
    def is_whole(self) -> bool:
        """Whether the pieces so far are a whole body, and all of it was kept."""
        ended = self._decompressor is None or self._decompressor.eof or self._is_empty
        return ended and not self.is_over

    @property
    def content(self) -> bytes:
        """What is kept, at most the limit."""
        return bytes(self._kept[: self._max_bytes])
