"""The Events API: `GET /api/v1/events` newest first, `GET /api/v1/events/{id}` with the payload."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol
from urllib.parse import urlencode

from shared.api.parameters import (
    event_name_filter,
    is_event_id,
    parse_limit,
    parse_moment,
    parse_place,
    require_known,
    token_of,
)
from shared.errors import NotFound
from shared.events.event import Event, EventId
from shared.events.store import EventStore, LogFilter
from shared.exact_json import dump_json
from shared.lenient_json import as_valid_json
from shared.storage.paging import Place, Position
from shared.storage.scan import WorkBudget
from shared.telemetry.traceparent import parse_traceparent
from shared.timestamps import utc_z

MAX_PAGE_CHARACTERS = 4_000_000
"""After the item that reaches this length, a page ends."""

STORAGE_PAGE = 50
"""Rows that storage is asked for at once: an event has up to 100,000 characters besides its payload."""

PARAMETERS = ("q", "type", "since", "until", "limit", "continuationToken")
_FORGOTTEN_PARAMETERS = frozenset({"code", "continuationtoken"})
"""Parameters that the address of the next page does not repeat: the key, and this page's own token."""


def list_events(events: EventStore, query: Mapping[str, str], *, url: str) -> dict[str, object]:
    """A page of events, as `page` makes it.

    `query` may hold `type`, `since` (inclusive), `until` (exclusive), `limit` and `continuationToken`; `url` is the
    address of the listing. Raises BadRequest, which names the parameter.
    """
    require_known(query, PARAMETERS)
    limit, asked = parse_limit(query), listing_filter(query)
    wanted = replace(asked, place=parse_place(query, asked))
    found = events.log(wanted, page_size=min(limit, STORAGE_PAGE) + 1, budget=WorkBudget())
    return page(found, lambda event: event.as_json(), query, asked, limit=limit, url=url)


def show_event(events: EventStore, id_: str) -> str:
    """One event with its moment of dispatch, its trace and payload, as JSON text in which numbers keep every digit.

    Raises NotFound.
    """
    stored = _found(id_, events.get_with_payload)
    begun = events.begun_dispatch(stored.event)
    event = begun.event if begun else stored.event
    dispatched_at = begun.dispatched_at if begun else None
    trace = parse_traceparent(stored.event.traceparent)
    more = {"dispatchedAt": dispatched_at and utc_z(dispatched_at), "trace": trace and trace.trace_id}
    members = dump_json({**event.as_json(), **more}).removesuffix("}")
    return f'{members}, "payload": {as_valid_json(stored.payload)}}}'


def find_event(events: EventStore, id_: str) -> Event:
    """The event with this id, as it was received; raises NotFound."""
    return _found(id_, events.get)


def _found[Found](id_: str, get: Callable[[EventId], Found | None]) -> Found:
    normal = id_.lower()
    found = get(EventId(normal)) if is_event_id(normal) else None
    if found is None:
        raise NotFound("there is no event with this id")
    return found


class Found[Item](Protocol):
    """What is gone through for a page: as a `Scan`."""

    place: Place
    is_complete: bool

    def __iter__(self) -> Iterator[tuple[Position, Item]]:
        """Items with the keys of their rows."""
        ...


def page[Item](
    found: Found[Item],
    show: Callable[[Item], dict[str, object]],
    query: Mapping[str, str],
    asked: object,
    *,
    limit: int,
    url: str,
) -> dict[str, object]:
    """`{"value": [...], "continuationToken", "nextLink"}`, the last two null on the last page.

    A page ends with the item that brings it to MAX_PAGE_CHARACTERS, even if `limit` allows more, and where the scan's
    budget ends: then it may be short, or empty, and has a token all the same. One more item than it holds is read, to
    know whether there is a next page. The token is good for a query that asks for the same as `asked`.
    """
    items: list[dict[str, object]] = []
    size, place, is_cut = 0, found.place, False
    for _, item in found:
        if len(items) == limit or size >= MAX_PAGE_CHARACTERS:
            is_cut = True
            break
        items.append(show(item))
        size, place = size + len(dump_json(items[-1])), found.place
    if not is_cut:
        place = found.place
    token = token_of(place, asked) if is_cut or not found.is_complete else None
    # The size of the page stands behind what is asked for.
    asked_for = sorted(query.items(), key=lambda parameter: parameter[0] == "limit")
    kept = {name: value for name, value in asked_for if name.lower() not in _FORGOTTEN_PARAMETERS}
    return {
        "value": items,
        "continuationToken": token,
        "nextLink": token and f"{url}?{urlencode({**kept, 'continuationToken': token})}",
    }


def listing_filter(query: Mapping[str, str]) -> LogFilter:
    """The filter in `type`, `since` and `until`; raises BadRequest."""
    wanted = event_name_filter(query.get("type"), "type")
    return LogFilter(
        type=wanted.lower() if wanted else None,
        since=parse_moment(query, "since"),
        until=parse_moment(query, "until"),
    )
