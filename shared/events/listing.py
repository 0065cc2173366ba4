"""The Events API: `GET /api/v1/events` newest first, `GET /api/v1/events/{id}` with the payload."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from urllib.parse import urlencode

from shared.errors import BadRequest, NotFound
from shared.events.event import EventId
from shared.events.store import EventStore, LogFilter, LogPosition

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_POSITION = re.compile(rf"(\d{{8}})\.(\d{{17}}-{_UUID.pattern})")
_DEFAULT_LIMIT = 50
_MOST = 200


def list_events(events: EventStore, query: Mapping[str, str], *, url: str) -> dict[str, object]:
    """A page of events: `{"value": [...], "continuationToken", "nextLink"}`, the last two null on the last page.

    `query` may hold `type`, `since` (inclusive), `until` (exclusive), `limit` and `continuationToken`; `url` is where
    the listing stands. Raises BadRequest, which names the parameter.
    """
    limit = _limit(query.get("limit"))
    page = list(islice(events.log(_filter(query), page_size=limit + 1), limit + 1))
    token = _token(page[limit - 1][0]) if len(page) > limit else None
    return {
        "value": [event.as_json() for _, event in page[:limit]],
        "continuationToken": token,
        "nextLink": token and f"{url}?{urlencode({**_kept(query), 'continuationToken': token})}",
    }


def show_event(events: EventStore, id_: str) -> dict[str, object]:
    """One event with its payload, as JSON; raises NotFound."""
    normal = id_.lower()
    stored = events.get(EventId(normal)) if _UUID.fullmatch(normal) else None
    if stored is None:
        raise NotFound("there is no event with this id")
    return {**stored.event.as_json(), "payload": json.loads(stored.payload)}


def _kept(query: Mapping[str, str]) -> dict[str, str]:
    return {name: query[name] for name in ("type", "since", "until", "limit") if name in query}


def _filter(query: Mapping[str, str]) -> LogFilter:
    wanted = query.get("type")
    return LogFilter(
        type=wanted.strip().lower() if wanted else None,
        since=_moment("since", query.get("since")),
        until=_moment("until", query.get("until")),
        after=_position(query.get("continuationToken")),
    )


def _limit(text: str | None) -> int:
    if text is None:
        return _DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) < len(str(_MOST)) + 1 and 1 <= int(text) <= _MOST):
        raise BadRequest(f"limit: a whole number from 1 to {_MOST} is needed", pointer="#/limit")
    return int(text)


def _moment(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        # A "+" that was not escaped arrives as a space, and in a time nothing else is one but before the time of day.
        moment = datetime.fromisoformat(re.sub(r" (?=\d\d:?\d\d$)", "+", text) if "T" in text else text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRequest(f"{name}: an ISO 8601 time is needed, 2026-01-31T12:00:00Z", pointer=f"#/{name}") from None


def _token(position: LogPosition) -> str:
    return f"{position.partition}.{position.key}"


def _position(token: str | None) -> LogPosition | None:
    if token is None:
        return None
    found = _POSITION.fullmatch(token)
    if found is None:
        raise BadRequest("continuationToken: not one that this API gave", pointer="#/continuationToken")
    return LogPosition(found.group(1), found.group(2))
