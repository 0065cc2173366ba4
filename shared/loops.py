"""Loops through the outside: a delivery may lead its receiver to call the hub, which delivers that again. Pure.

A number goes round with it, as HTTP's Max-Forwards does: an event that a delivery led to is one hop further than the
event that was delivered. A receiver that calls the hub because of a delivery sends the header that came with it.
"""

import re
from collections.abc import Mapping

from shared.errors import BadRequest

HOPS_HEADER = "X-Hub-Hops"
TEST_HEADER = "X-Hook-Test"
MAX_HOPS = 4
"""How many hops an event may be away from the first of its chain."""

_YES = frozenset({"true", "1"})
_HOPS = re.compile(r"[0-9]{1,9}")


def request_hops(headers: Mapping[str, str]) -> int:
    """How many deliveries led to a request, 0 if none did. `headers` must have names in lower case, or ignore case.

    Of several values, which the host joins by commas, the largest counts. Raises BadRequest if it is above MAX_HOPS,
    or not a number: a garbled header must not allow a loop.
    """
    given = (headers.get(HOPS_HEADER.lower()) or "").strip()
    if not given:
        return 0
    values = [value.strip() for value in given.split(",")]
    if not all(map(_HOPS.fullmatch, values)):
        raise BadRequest(f"{HOPS_HEADER} must be a whole number", pointer=f"#/{HOPS_HEADER}")
    hops = max(map(int, values))
    if hops > MAX_HOPS:
        raise BadRequest(
            f"{HOPS_HEADER} must be at most {MAX_HOPS} (got {hops}): so many deliveries of this hub led to this"
            " request, so it goes round in a loop",
            pointer=f"#/{HOPS_HEADER}",
        )
    return hops


def delivery_hops(hops: int) -> dict[str, str]:
    """The header of a delivery of an event that is this many hops away from the first."""
    return {HOPS_HEADER: str(hops + 1)}


def is_test(headers: Mapping[str, str]) -> bool:
    """True if a request is a test event that somebody passed on. `headers` as in `request_hops`.

    The header must be `true` or `1`, in any case; of several values, which the host joins by commas, one is enough.
    With any other value (`false`, `0`, nothing) it is an event like any other, so that no header loses an event.
    """
    values = (headers.get(TEST_HEADER.lower()) or "").split(",")
    return any(value.strip().lower() in _YES for value in values)
