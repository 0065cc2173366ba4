"""Loops through the outside: what the hub sends may lead somebody to call the hub, which sends that out again. Pure.

A number goes round with it, as in Max-Forwards of HTTP: an event that a delivery led to is one hop further than the
event that was delivered. Whoever answers a delivery with a call to the hub hands on the header that came with it.
"""

import re
from collections.abc import Mapping

from shared.errors import BadRequest

HOPS_HEADER = "X-Hub-Hops"
MAX_HOPS = 4
"""How far an event may be from the first of its chain."""
TEST_HEADER = "X-Hook-Test"
_YES = frozenset({"true", "1"})

_HOPS = re.compile(r"[0-9]{1,9}")


def request_hops(headers: Mapping[str, str]) -> int:
    """How many deliveries led to a request; 0 where none did. Names of headers must compare ignoring case.

    Of several values, which the host joins by commas, the largest counts. Raises BadRequest where it is more than
    MAX_HOPS, and for what is no number: who garbles the header must not get a loop for it.
    """
    given = (headers.get(HOPS_HEADER.lower()) or "").strip()
    if not given:
        return 0
    values = [value.strip() for value in given.split(",")]
    if not all(map(_HOPS.fullmatch, values)):
        raise BadRequest(f"{HOPS_HEADER}: a whole number is needed", pointer=f"#/{HOPS_HEADER}")
    hops = max(map(int, values))
    if hops > MAX_HOPS:
        raise BadRequest(
            f"{HOPS_HEADER}: {hops} deliveries of this hub led to this request, so it goes round in a loop; "
            f"at most {MAX_HOPS} may",
            pointer=f"#/{HOPS_HEADER}",
        )
    return hops


def delivery_hops(hops: int) -> dict[str, str]:
    """The header of a delivery of an event that is so many hops away from the first."""
    return {HOPS_HEADER: str(hops + 1)}


def is_test(headers: Mapping[str, str]) -> bool:
    """Whether a request is a test event that somebody handed on; names of headers must compare ignoring case.

    It is one where the header is `true` or `1` in any case; of several values, which the host joins by commas, one is
    enough. With any other value (`false`, `0`, nothing) it is an event as any, and gets lost for nobody's header.
    """
    values = (headers.get(TEST_HEADER.lower()) or "").split(",")
    return any(value.strip().lower() in _YES for value in values)
