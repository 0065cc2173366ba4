"""Query parameters of the Events API, cast and checked; a wrong one is a BadRequest that names it. Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from shared.errors import BadRequest
from shared.storage.paging import Position

MAX_ITEMS = 200
MAX_FILTER = 250
_MAX_MOMENT = 100
_DEFAULT_ITEMS = 50
_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_POSITION = re.compile(rf"([0-9]{{8,10}})\.([0-9]{{17}}-{_UUID})")


def is_event_id(text: str) -> bool:
    """Whether this can be the id of an event."""
    return re.fullmatch(_UUID, text) is not None


def parse_limit(query: Mapping[str, str]) -> int:
    """`limit`: how many items a page has."""
    text = query.get("limit")
    if text is None:
        return _DEFAULT_ITEMS
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ITEMS)) and 1 <= int(text) <= MAX_ITEMS):
        raise BadRequest(f"limit: a whole number from 1 to {MAX_ITEMS} is needed", pointer="#/limit")
    return int(text)


def parse_flag(query: Mapping[str, str], name: str) -> bool:
    """`true` or `false`; one that is left out is false."""
    text = query.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise BadRequest(f"{name}: true or false is needed", pointer=f"#/{name}")
    return text == "true"


def event_name_filter(text: str | None, name: str) -> str | None:
    """The event that a filter names, None for an empty one; a name that nothing can have finds nothing.

    White space around it is refused: such a name looks like another one, and whoever asks would believe the answer.
    """
    if text and len(text) > MAX_FILTER:
        # No name is like that, and storage refuses a query that has thousands of characters.
        raise BadRequest(f"{name}: at most {MAX_FILTER} characters are taken", pointer=f"#/{name}")
    if text and (text != text.strip() or not text.isprintable()):
        raise BadRequest(
            f"{name}: the name of an event is needed, without white space around it or invisible characters in it",
            pointer=f"#/{name}",
        )
    return text or None


def parse_moment(query: Mapping[str, str], name: str) -> datetime | None:
    """A time in ISO 8601, `since` or `until`; one without an offset is UTC."""
    text = query.get(name)
    if text is None:
        return None
    try:
        # The library takes any character between date and time, a line end too.
        if len(text) > _MAX_MOMENT or not text.isprintable():
            raise ValueError("too long, or an invisible character")
        # A "+" that was not escaped arrives as a space, and in a time with a "T" nothing else is one.
        moment = datetime.fromisoformat(re.sub(r" (?=\d\d:?\d\d$)", "+", text) if "T" in text else text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRequest(f"{name}: an ISO 8601 time is needed, 2026-01-31T12:00:00Z", pointer=f"#/{name}") from None


def parse_position(query: Mapping[str, str]) -> Position | None:
    """`continuationToken`: where the page before ended."""
    token = query.get("continuationToken")
    if token is None:
        return None
    found = _POSITION.fullmatch(token)
    if found is None:
        raise BadRequest("continuationToken: not one that this API gave", pointer="#/continuationToken")
    return Position(found.group(1), found.group(2))
