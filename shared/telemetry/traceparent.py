"""The header `traceparent` of W3C Trace Context: which trace a call belongs to, and which span of it. Pure."""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator

TRACEPARENT_HEADER = "traceparent"
TRACE_HEADERS = frozenset({TRACEPARENT_HEADER, "tracestate"})
"""The headers by which a call tells its place in a trace, in lower case."""

_VERSION_00 = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
# A later version may add members behind these four.
_LATER = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_MAX_LENGTH = 512


@dataclass(frozen=True, slots=True)
class Traceparent:
    """A place in a trace: `trace_id` has 32 hexadecimal digits, `span_id` 16, `flags` two (01: sampled)."""

    trace_id: str
    span_id: str
    flags: str = "00"

    def __str__(self) -> str:
        """The header's value, in version 00."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def parse_traceparent(text: object) -> Traceparent | None:
    """The place that a header names; None for anything that the standard has a receiver ignore, or that is no text."""
    if not isinstance(text, str) or len(text) > _MAX_LENGTH:
        return None
    found = (_VERSION_00 if text.startswith("00") else _LATER).fullmatch(text)
    if found is None:
        return None
    trace_id, span_id, flags = found.groups()
    if not trace_id.strip("0") or not span_id.strip("0"):
        return None
    # Of a later version only this flag is known to mean the same.
    return Traceparent(trace_id, span_id, f"{int(flags, 16) & 1:02x}")


def known_traceparent(stored: object) -> str | None:
    """What a row or a message says of a place in a trace, in version 00; None for anything malformed.

    Nothing is refused for it: the event that comes with it is worth more than its trace.
    """
    found = parse_traceparent(stored)
    return None if found is None else str(found)


type StoredTraceparent = Annotated[str | None, BeforeValidator(known_traceparent)]
"""The same as a member of a message or a row that pydantic reads."""
