"""Listings read registrations in parts, so that a request never holds more of them than a few megabytes. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_MAX_ROWS = 1000
_MAX_BYTES = 2_000_000
_USAGE_BYTES = 1000
"""What the usage of a webhook has about, which is read beside it."""
_UNKNOWN_BYTES = 80_000
"""Rows that a version stored which noted no size: they may have half as much again, and most have less."""

SIZE_COLUMN = "Bytes"


def in_parts(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[int]]:
    """The ids of these rows, which hold their keys and sizes, in parts that fit into memory together."""
    part: list[int] = []
    size = 0
    for row in rows:
        bytes_ = int(row.get(SIZE_COLUMN) or _UNKNOWN_BYTES) + _USAGE_BYTES
        if part and (size + bytes_ > _MAX_BYTES or len(part) == _MAX_ROWS):
            yield part
            part, size = [], 0
        part.append(int(row["RowKey"]))
        size += bytes_
    if part:
        yield part
