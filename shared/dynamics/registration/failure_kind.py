"""What became of a request whose system job failed: the receiver refused it, or could not be reached. Pure.

Source: docs/sources/dynamics.md 1.6 and 1.8.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from http import HTTPStatus

# The receiver did not answer in time; or was out of reach, or answered 502, 503 or 504 and then failed again. The text
# of the second kind names both failures, and whatever the second was, the first one was an outage.
_OUTAGE_CODES = frozenset({"0x80050202", "0x80050205"})
_REFUSED = range(400, 500)
_BROKEN = range(500, 600)

# What may hold three digits that are no status: addresses with their ports, GUIDs, dates and times.
_NOT_STATUS = re.compile(
    r"\b[a-z]+://[^\s\"'<>]*"
    r"|\b[\w.-]+\.[\w-]+:\d+\b"
    r"|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|\b\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ]\d[\d:.]*Z?)?"
    r"|\b\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?",
    re.IGNORECASE,
)
_PHRASES = {
    re.sub(r"[^a-z]", "", status.phrase.lower()): status.value
    for status in HTTPStatus
    if status.value >= _REFUSED.start
}
_WORDS = "|".join(
    sorted((re.sub(r"[^a-z]+", "[^a-z]?", status.phrase.lower()) for status in HTTPStatus), key=len, reverse=True)
)
_NUMBER = r"(?P<number>[1-5]\d\d)(?![\w%]|[.,:/-]\d)"
_NAMED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # httpStatus code: 403, "statusCode":403, status code '403', StatusCode=403
        rf"status(?:[\s_-]*code)?[\"']?\s*(?:is|was|of|[:=])?\s*[\"'(]*{_NUMBER}",
        # Response status code does not indicate success: 404 (Not Found)
        rf"\bindicate success:\s*{_NUMBER}",
        # The remote server returned an error: (403) Forbidden
        r"(?<!\w)\((?P<number>[1-5]\d\d)\)",
        # HTTP 403, HTTP/1.1 403, HTTP error 403
        rf"\bhttp(?:/\d(?:\.\d)?)?(?:\s+error)?(?:\s+code)?\s*:?\s+{_NUMBER}",
        # answered 403, responded with 403; but not: received 500 bytes
        rf"\b(?:answered|responded|returned|received)(?:\s+with)?(?:\s+an?)?(?:\s+error)?\s*:?\s+{_NUMBER}"
        r"(?=\s*(?:[.;,)]|\Z|(?:from|for|to|by)\b))",
        # 403 Forbidden, 403 (Forbidden)
        rf"(?<![\w.,:/%-])(?P<number>[1-5]\d\d)[\s:,('\"-]{{1,3}}(?P<after>{_WORDS})\b",
        # Forbidden 403, Forbidden (403)
        rf"\b(?P<before>{_WORDS})[\s:,(-]{{1,3}}{_NUMBER}",
        # status code: Forbidden, as .NET writes its own names
        rf"status(?:[\s_-]*code)?[\"']?\s*(?:is|was|of|[:=])?\s*[\"'(]*(?P<word>{_WORDS})\b",
        # nothing but the number
        r"\A\s*(?P<number>[1-5]\d\d)\s*\Z",
    )
)


class FailureKind(StrEnum):
    """Why a job failed: whether a repetition as it is would help."""

    REFUSED = "refused"
    """The receiver answered 400 to 499: it would refuse a repetition too, until something is changed."""
    OUTAGE = "outage"
    """The receiver was out of reach or failed: a replay may succeed."""
    UNKNOWN = "unknown"
    """Neither code nor message says."""


def failure_kind(error_code: str | None, message: str | None) -> FailureKind:
    """The kind of a failure, by its code and, where that does not say, by the statuses that its message names."""
    if error_code in _OUTAGE_CODES:
        return FailureKind.OUTAGE
    named = set(statuses_in(message or ""))
    if any(status in _REFUSED for status in named):
        return FailureKind.REFUSED
    return FailureKind.OUTAGE if any(status in _BROKEN for status in named) else FailureKind.UNKNOWN


def statuses_in(message: str) -> Iterator[int]:
    """The HTTP statuses that a message names as such; not every number is one."""
    text = _NOT_STATUS.sub(" ", message)
    for pattern in _NAMED:
        for found in pattern.finditer(text):
            parts = found.groupdict()
            word = re.sub(r"[^a-z]", "", (parts.get("after") or parts.get("before") or parts.get("word") or "").lower())
            if word and parts.get("number") is None:
                yield _PHRASES[word]
            elif not word or _PHRASES.get(word) == int(parts["number"]):
                yield int(parts["number"])
