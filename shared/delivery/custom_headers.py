"""The headers that a webhook's owner adds to every call (docs/sources/superoffice.md 3.5). Pure."""

import re
from collections.abc import Mapping

from shared.loops import HOPS_HEADER, TEST_HEADER

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"([!-~]([ -~]*[!-~])?)?")
_OF_THE_CONNECTION = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_OF_THE_HUB = frozenset({"content-encoding", "content-type", "user-agent", TEST_HEADER.lower(), HOPS_HEADER.lower()})
_PREFIXES_OF_THE_HUB = ("x-superoffice-", "webhook-")


def check_custom_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """What may not be saved: name and reason, one pair for each header at fault, in the order given.

    Values are printable ASCII: what else a header may hold, no two receivers read alike. They are never repeated, for
    most of them are tokens.
    """
    wrong = []
    seen: set[str] = set()
    for name, value in headers.items():
        reason = _reason(name, value, seen)
        seen.add(name.lower())
        if reason is not None:
            wrong.append((name, reason))
    return wrong


def usable_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Those that may be sent. What was saved under older rules is left out and stops no delivery."""
    wrong = {name for name, _ in check_custom_headers(headers)}
    return {name: value for name, value in headers.items() if name not in wrong}


def _reason(name: str, value: str, seen: set[str]) -> str | None:
    lower = name.lower()
    if not _TOKEN.fullmatch(name):
        return "is no name of a header: letters, digits and !#$%&'*+-.^_`|~ only"
    if lower in _OF_THE_CONNECTION:
        return "belongs to the connection and is set by the hub alone"
    if lower in _OF_THE_HUB or lower.startswith(_PREFIXES_OF_THE_HUB):
        return "is set by the hub and cannot be replaced"
    if lower in seen:
        return "stands there twice; upper and lower case are the same"
    if not _VALUE.fullmatch(value):
        return "has a value with other than printable ASCII characters, or with white space at its ends"
    return None
