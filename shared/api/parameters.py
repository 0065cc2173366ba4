"""Parameters of requests, in path and query, cast and checked. A wrong one is a BadRequest that names it. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from shared.storage.paging import Position
from shared.validation import BOOLEAN, UUID_PATTERN, bad_field, integer_from, max_length, parse_digits
from shared.webhooks.fields import MAX_EVENT_NAME

MAX_ITEMS = 200
MAX_WEBHOOK_ID = 2**31 - 1
"""SuperOffice's ids are 32-bit integers."""

_MAX_MOMENT = 100
_DEFAULT_ITEMS = 50
_POSITION = re.compile(rf"([0-9]{{8,10}})\.([0-9]{{17}}-{UUID_PATTERN})")


def is_event_id(text: str) -> bool:
    """Whether this can be the id of an event."""
    return re.fullmatch(UUID_PATTERN, text) is not None


def parse_webhook_id(text: str) -> int | None:
    """The id of a webhook; None for a text that can be none."""
    return parse_digits(text, 0, MAX_WEBHOOK_ID)


def parse_limit(query: Mapping[str, str]) -> int:
    """`limit`: how many items a page has; 50 if it is left out."""
    return parse_count(query, "limit", 1, MAX_ITEMS) or _DEFAULT_ITEMS


def parse_count(query: Mapping[str, str], name: str, minimum: int, maximum: int) -> int | None:
    """The parameter `name`, an integer in this range; None if it is left out."""
    text = query.get(name)
    if text is None:
        return None
    count = parse_digits(text, minimum, maximum)
    if count is None:
        raise bad_field(name, integer_from(minimum, maximum))
    return count


def parse_flag(query: Mapping[str, str], name: str) -> bool:
    """`true` or `false`; false if it is left out."""
    text = query.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise bad_field(name, BOOLEAN)
    return text == "true"


def event_name_filter(text: str | None, name: str) -> str | None:
    """The event that the filter `name` asks for; None for an empty one. No event needs to have the name.

    White space around it is refused: the name would look like another one, and the empty answer would be believed.
    """
    if not text:
        return None
    if len(text) > MAX_EVENT_NAME:
        # No event has so long a name, and storage refuses a query of thousands of characters.
        raise bad_field(name, max_length(MAX_EVENT_NAME, len(text)))
    if text != text.strip() or not text.isprintable():
        raise bad_field(name, "must be the name of an event, without white space around it or control characters")
    return text


def parse_moment(query: Mapping[str, str], name: str) -> datetime | None:
    """`since` or `until`: a time in ISO 8601, in UTC if it has no offset; None if it is left out."""
    text = query.get(name)
    if text is None:
        return None
    try:
        # The library accepts any character between date and time, even a line end.
        if len(text) > _MAX_MOMENT or not text.isprintable():
            raise ValueError("too long, or an invisible character")
        # A "+" that was not escaped arrives as a space, and in a time with a "T" nothing else is one.
        moment = datetime.fromisoformat(re.sub(r" (?=\d\d:?\d\d$)", "+", text) if "T" in text else text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise bad_field(name, "must be an ISO 8601 time, such as 2026-01-31T12:00:00Z") from None


def parse_position(query: Mapping[str, str]) -> Position | None:
    """`continuationToken`: where the page before ended; None if it is left out."""
    token = query.get("continuationToken")
    if token is None:
        return None
    found = _POSITION.fullmatch(token)
    if found is None:
        raise bad_field("continuationToken", "must be a token from an answer of this API")
    return Position(found.group(1), found.group(2))
