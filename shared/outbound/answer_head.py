"""Where the head of an answer ends, and what can be told of one that is not proper HTTP. Pure.

h11 refuses a head for one bad line. But whoever answered `HTTP/1.1 200` took the request: the status stands, as it does
for curl and browsers, and only the rest of the answer is not read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

MAX_HEAD_BYTES = 65_536
MAX_EMPTY_LINES = 8
"""Empty lines that may come before an answer; some servers send one after the body before."""

_STATUS_LINE = re.compile(rb"HTTP/[0-9]\.[0-9] ([1-9][0-9]{2})(?: [^\r\n]*)?")
_BEGINNING = b"HTTP/"
_END = re.compile(rb"\n\r?\n")
_EMPTY_LINE = b"\r\n"
# What the hub acts on; a line that looks exactly so means the same whatever the other lines are.
_READABLE = re.compile(rb"(retry-after|location):[ \t]*([!-~](?:[ -~]*[!-~])?)[ \t]*", re.IGNORECASE)


@dataclass(frozen=True)
class Head:
    """Status and headers of an answer, as in Reply.

    `is_whole` says that all of it was understood; if not, `headers` has hardly any of them, and there is no body.
    """

    status: int
    headers: Mapping[str, str]
    is_whole: bool = True


class HeadTooLarge(Exception):
    """No end of the head within MAX_HEAD_BYTES."""


class NotAHead(Exception):
    """What came is not the beginning of an answer. `beginning` is the beginning of it."""

    def __init__(self, beginning: bytes) -> None:
        super().__init__("not the head of an answer")
        self.beginning = beginning


class HeadBuffer:
    """Collects the bytes of an answer until its head is there; the answer may be one of several (1xx)."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._searched = 0
        self._empty_lines = 0
        self._has_status_line = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing of an answer came, but for empty lines before it."""
        return not self._data

    @property
    def rest(self) -> bytes:
        """What came after the last head that was taken."""
        return bytes(self._data)

    def add(self, data: bytes) -> None:
        """Add the bytes that came next."""
        self._data += data

    def take(self) -> bytes | None:
        """The head of the next answer, with the empty line that ends it; None while it is not complete.

        Raises NotAHead as soon as what came cannot be one, and HeadTooLarge if it does not end.
        """
        if not self._has_status_line:
            self._drop_empty_lines()
            if _EMPTY_LINE.startswith(self._data):
                return None
            self._refuse_other_beginnings()
        found = _END.search(self._data, self._searched)
        if found is None or found.end() > MAX_HEAD_BYTES:
            if len(self._data) > MAX_HEAD_BYTES:
                raise HeadTooLarge
            self._searched = max(0, len(self._data) - len(_EMPTY_LINE))
            return None
        head = bytes(self._data[: found.end()])
        del self._data[: found.end()]
        self._searched, self._has_status_line = 0, False
        return head

    def _drop_empty_lines(self) -> None:
        while self._data.startswith(_EMPTY_LINE):
            self._empty_lines += 1
            if self._empty_lines > MAX_EMPTY_LINES:
                raise NotAHead(self.rest)
            del self._data[: len(_EMPTY_LINE)]

    def _refuse_other_beginnings(self) -> None:
        begins_well = self._data[: len(_BEGINNING)] == _BEGINNING[: len(self._data)]
        self._has_status_line = status_of(self._data) is not None
        if not begins_well or (b"\n" in self._data and not self._has_status_line):
            raise NotAHead(self.rest)


def status_of(head: bytes | bytearray) -> int | None:
    """The status in the first line, 100 to 999; None if that line is no status line, or not complete."""
    end = head.find(b"\n")
    found = _STATUS_LINE.fullmatch(head[: max(end, 0)].removesuffix(b"\r"))
    return int(found[1]) if found else None


def head_by_its_status(head: bytes, status: int) -> Head:
    """What is certain of a head that is not proper HTTP: its status, and the headers that the hub acts on.

    A Location that stands there twice says nothing; of Retry-After all values are kept, as in a proper head.
    """
    lines = [found for line in head.split(b"\n")[1:-1] if (found := _READABLE.fullmatch(line.removesuffix(b"\r")))]
    values: dict[str, list[str]] = {}
    for found in lines:
        values.setdefault(found[1].decode("ascii").lower(), []).append(found[2].decode("ascii"))
    headers = {name: ", ".join(found) for name, found in values.items() if len(found) == 1 or name == "retry-after"}
    return Head(status, headers, is_whole=False)
