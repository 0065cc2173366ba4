"""Where an invocation stands in a trace, as the platform tells it: each one is a span of its own."""

import re
from secrets import token_hex

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")


def invocation_traceparent(header: str | None = None) -> str:
    """A new span of the trace that a request's header `traceparent` names; of a new trace if it names none."""
    found = _TRACEPARENT.fullmatch(header or "")
    trace_id, flags = found.groups() if found else (token_hex(16), "00")
    return f"00-{trace_id}-{token_hex(8)}-{flags}"
