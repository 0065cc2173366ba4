"""`GET /api/v1/events?q=`: events that contain a text."""

from collections.abc import Mapping
from dataclasses import replace

from shared.api.events import PARAMETERS, listing_filter, page
from shared.api.parameters import parse_limit, parse_place, require_known
from shared.events.search import EventSearch
from shared.events.store import EventStore
from shared.storage.scan import WorkBudget
from shared.timestamps import utc_z
from shared.validation import bad_field

TEXT = "q"
"""The parameter with the text."""
MAX_TEXT = 200


def search_events(events: EventStore, query: Mapping[str, str], *, url: str) -> dict[str, object]:
    """A page of events that contain the text `q`, as `page` makes it, and `scannedUntil`.

    That is when the oldest event came in that was looked at, null if there was none. Raises BadRequest.
    """
    require_known(query, PARAMETERS)
    text = query[TEXT]
    if not 1 <= len(text) <= MAX_TEXT:
        raise bad_field(TEXT, f"must have 1 to {MAX_TEXT} characters (got {len(text)})")
    limit, wanted = parse_limit(query), listing_filter(query)
    asked = ("search", text, wanted)
    place = parse_place(query, asked)
    try:
        found = EventSearch(events, text, replace(wanted, place=place), WorkBudget())
    except ValueError:
        raise bad_field("continuationToken", "must be a token from an answer of this API to the same query") from None
    made = page(found, lambda event: event.as_json(), query, asked, limit=limit, url=url)
    return {**made, "scannedUntil": None if found.scanned_until is None else utc_z(found.scanned_until)}
