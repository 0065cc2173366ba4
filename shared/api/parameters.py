"""Parameters of requests, in path and query, cast and checked. A wrong one is a BadRequest that names it. Pure."""

import base64
import hashlib
import json
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from shared.storage.paging import BEGINNING, Place, Position
from shared.validation import BOOLEAN, UUID_PATTERN, bad_field, integer_from, max_length, parse_digits
from shared.webhooks.fields import MAX_EVENT_NAME

MAX_ITEMS = 200
MAX_WEBHOOK_ID = 2**31 - 1
"""SuperOffice's ids are 32-bit integers."""

_MAX_MOMENT = 100
_DEFAULT_ITEMS = 50
_PLATFORM_PARAMETER = "code"
_MAX_SHOWN_NAME = 50
_MAX_TOKEN = 5000
"""Characters: a token holds four keys, each of at most 1,024 bytes, and they are in fact far shorter."""
_DIGEST_CHARACTERS = 12
_PLACE = "continuationToken"


def is_event_id(text: str) -> bool:
    """Whether this can be the id of an event."""
    return re.fullmatch(UUID_PATTERN, text) is not None


def with_empty(url: str, query: Mapping[str, str], names: Collection[str]) -> Mapping[str, str]:
    """The query with those of these parameters that the request's address has without a value.

    The platform drops such parameters, but not from the address.
    """
    given = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    return {**{name: text for name, text in given if name in names and not text}, **query}


def parse_webhook_id(text: str) -> int | None:
    """The id of a webhook; None for a text that can be none."""
    return parse_digits(text, 0, MAX_WEBHOOK_ID)


def parse_webhook_filter(query: Mapping[str, str]) -> int | None:
    """`webhook`: the id of the one webhook that is wanted; None if it is left out."""
    webhook = query.get("webhook")
    webhook_id = None if webhook is None else parse_webhook_id(webhook)
    if webhook is not None and webhook_id is None:
        raise bad_field("webhook", "must be the id of a webhook")
    return webhook_id


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


def require_known(query: Mapping[str, str], names: Collection[str]) -> None:
    """Raise BadRequest for a parameter that is none of these: a filter with a slip in its name would not filter."""
    for name in query:
        # The platform accepts its own parameter in any case.
        if name not in names and name.lower() != _PLATFORM_PARAMETER:
            known = f"known are {', '.join(names)}" if names else "there are none here"
            raise bad_field(name[:_MAX_SHOWN_NAME], f"is not a known parameter; {known}")


def parse_place(query: Mapping[str, str], asked: object, name: str = _PLACE) -> Place:
    """`continuationToken`, or another name: where the call before ended; the beginning if it is left out.

    `asked` is what the query asks for, filters and all. Raises BadRequest for a token that this API gave to another
    query, or not at all.
    """
    token = query.get(name)
    if token is None:
        return BEGINNING
    try:
        digest, *keys = _token_items(token)
        if digest != _digest(keys, asked):
            raise ValueError("of another query, or changed")
    except (ValueError, RecursionError):
        raise bad_field(name, "must be a token from an answer of this API to the same query") from None
    after, continuation = keys[:2], keys[2:]
    return Place(
        Position(after[0], after[1]) if any(after) else None,
        (continuation[0], continuation[1]) if any(continuation) else None,
    )


def token_of(place: Place, asked: object) -> str:
    """The continuation token that leads to this place, for the query that asks for the same alone."""
    after = place.after or Position("", "")
    keys = [after.partition, after.key, *(place.continuation or ("", ""))]
    return base64.urlsafe_b64encode(json.dumps([_digest(keys, asked), *keys]).encode()).decode().rstrip("=")


def _token_items(token: str) -> list[str]:
    """The digest and the four keys in a token; raises ValueError."""
    if len(token) > _MAX_TOKEN or not token.isascii():
        raise ValueError("no token")
    items = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    if not isinstance(items, list) or len(items) != 5 or not all(isinstance(item, str) for item in items):
        raise ValueError("no token")
    return items


def _digest(keys: list[str], asked: object) -> str:
    return hashlib.sha256(json.dumps([keys, repr(asked)]).encode()).hexdigest()[:_DIGEST_CHARACTERS]
