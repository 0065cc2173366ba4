"""`GET /api/v1/events?after=`: events in the order in which they became visible, for clients that follow them."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from shared.api.events import MAX_PAGE_CHARACTERS
from shared.api.parameters import is_event_id, parse_limit, parse_place, require_known, token_of
from shared.events.following import MAX_SPAN, OLDEST, FollowPlace
from shared.events.store import EventStore
from shared.exact_json import dump_json
from shared.storage.keys import LAST_MICROSECOND, moment_of, time_key
from shared.storage.paging import Place, Position
from shared.storage.scan import WorkBudget
from shared.validation import bad_field, parse_digits

AFTER = "after"
"""The parameter, and the member of the answer with its next value."""

_NOW = "now"
_OLDEST = ""
_ASKED = "followed events"
_MICROSECOND = timedelta(microseconds=1)


def follow_events(
    events: EventStore, query: Mapping[str, str], *, new_budget: Callable[[], WorkBudget] = WorkBudget
) -> dict[str, object]:
    """`{"value": [...], "after": token}`: the events after `after`, and with what the next call goes on.

    `after` is a token from such an answer, `now`, or empty for the oldest event that is kept; `limit` is that of
    listings. A page may be short, or empty. Raises BadRequest, which names the parameter.
    """
    require_known(query, (AFTER, "limit"))
    limit, place = parse_limit(query), _parse_place(query)
    followed = events.follow(place, page_size=limit, budget=new_budget())
    shown: list[dict[str, object]] = []
    size = 0
    for event in followed:
        shown.append(event.as_json())
        size += len(dump_json(shown[-1]))
        if len(shown) == limit or size >= MAX_PAGE_CHARACTERS:
            break
    return {"value": shown, AFTER: _token(followed.place)}


def _parse_place(query: Mapping[str, str]) -> FollowPlace | None:
    """The place to begin at; None for now."""
    if query[AFTER] == _NOW:
        return None
    if query[AFTER] == _OLDEST:
        return OLDEST
    place = parse_place(query, _ASKED, AFTER)
    moment, event_id = (place.after.partition, place.after.key) if place.after else ("", "")
    span, _ = place.continuation or ("", "")
    try:
        return _follow_place(moment, event_id, span)
    except ValueError:
        # Whoever makes a token up may give it a right digest.
        raise bad_field(AFTER, "must be a token from an answer of this API, now, or empty") from None


def _follow_place(moment: str, event_id: str, span: str) -> FollowPlace:
    microseconds = parse_digits(span, 1, MAX_SPAN // _MICROSECOND)
    is_place = parse_digits(moment, 0, LAST_MICROSECOND) is not None and (not event_id or is_event_id(event_id))
    if microseconds is None or not is_place:
        raise ValueError("made up")
    return FollowPlace(moment_of(moment), event_id, microseconds * _MICROSECOND)


def _token(place: FollowPlace) -> str:
    position = Position(time_key(place.moment), place.event_id)
    return token_of(Place(position, (str(place.span // _MICROSECOND), "")), _ASKED)
