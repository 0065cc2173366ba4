"""The headers that a webhook's owner adds to every call (docs/sources/superoffice.md 3.5). Pure."""

import re
from collections.abc import Mapping

from shared.loops import HOPS_HEADER, TEST_HEADER
from shared.telemetry.traceparent import TRACE_HEADERS
from shared.validation import HEADER_NAME_PATTERN
from shared.version import __version__

_HEADER_NAME = re.compile(HEADER_NAME_PATTERN)
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
_OF_THE_HUB = frozenset({"content-encoding", "content-type", TEST_HEADER.lower(), HOPS_HEADER.lower(), *TRACE_HEADERS})
_PREFIXES_OF_THE_HUB = ("x-superoffice-", "webhook-")


def check_custom_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """The headers that may not be saved, in the order given: pairs of a name and a phrase that follows it.

    Values must be printable ASCII, because receivers read everything else differently. The phrases never repeat a
    value: most values are tokens.
    """
    wrong = []
    seen: set[str] = set()
    for name, value in headers.items():
        phrase = _refusal(name, value, seen)
        seen.add(name.lower())
        if phrase is not None:
            wrong.append((name, phrase))
    return wrong


def usable_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that may be sent. Those saved under older rules are left out, so that they stop no delivery."""
    wrong = {name for name, _ in check_custom_headers(headers)}
    return {name: value for name, value in headers.items() if name not in wrong}


def request_headers(custom: Mapping[str, str] | None) -> dict[str, str]:
    """The headers that every request begins with: the usable ones of the webhook's owner, and a User-Agent.

    Firewalls refuse requests without one. An owner may give another one, in whatever case.
    """
    usable = usable_headers(custom or {})
    if any(name.lower() == "user-agent" for name in usable):
        return usable
    return {**usable, "User-Agent": f"DynamicsWebhookHub/{__version__}"}


def _refusal(name: str, value: str, seen: set[str]) -> str | None:
    lower = name.lower()
    if not _HEADER_NAME.fullmatch(name):
        return "must be a header name: only letters, digits and !#$%&'*+-.^_`|~"
    if lower in _OF_THE_CONNECTION:
        return "belongs to the connection and is set only by the hub"
    if lower in _OF_THE_HUB or lower.startswith(_PREFIXES_OF_THE_HUB):
        return "is set by the hub and cannot be replaced"
    if lower in seen:
        return "is given twice: upper and lower case are the same"
    if not _VALUE.fullmatch(value):
        return "must have a value of printable ASCII characters, without white space at its ends"
    return None
