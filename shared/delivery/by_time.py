"""Deliveries in the order of their events' time, newest first, over all webhooks; and those of one event.

Table `deliveries` has a partition a webhook. So the list of events is walked, whose rows name the webhooks that were
asked, and of each of these the window between two events is read. Several events are read together, as many as have
few enough webhooks for the budget. An event of more webhooks is gone through alone, some webhooks at a time, for then
a call can end between any two of them.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from itertools import batched, chain, islice
from typing import Protocol

from azure.data.tables import TableEntity

from shared.delivery.windows import Found, Windows, order_key
from shared.events.asked import Asked
from shared.events.store import EventStore, ListedEvent, LogFilter
from shared.side_by_side import each_side_by_side
from shared.storage.keys import day_key
from shared.storage.paging import BEGINNING, Place, Position
from shared.storage.scan import WorkBudget

_SIDE_BY_SIDE = 8
_MAX_EVENTS = 1000
"""Events that are read together. Storage gives as many in one transaction."""
_FEW_EVENTS = 200
"""The same where nearly each of them has a delivery that is wanted."""
_MANY_IDS = 201
"""Ids of registered webhooks that are read at once: more than a call may look at."""
_WITHIN = "/"
"""In a place, between the key of an event and the webhook behind which the listing goes on."""
_KEY = re.compile(r"[0-9]{17}[-.][0-9a-f-]{0,36}(/[0-9]{1,10})?")


class RegisteredIds(Protocol):
    """Knows which webhooks are registered."""

    def __call__(self, *, after: int, at_most: int) -> Sequence[int]:
        """The first ids above `after`, ascending: up to 1,000 in one transaction."""
        ...


type _Spans = Mapping[int, tuple[str, str]]
"""For each webhook the keys of the newest and of the oldest event that may have a delivery to it."""


class _Spent(Exception):
    """The budget is at its end; the place says where the next call goes on."""


class DeliveriesByTime:
    """Rows of deliveries with their keys, as far as a budget reaches; to be gone through once.

    As with a `Scan`, `place` is where to go on behind what was handed out, and at the end `is_complete` says whether
    there was nothing more. `enough` is how many rows the caller takes; `takes_any` says that the filter of `windows`
    lets nearly all deliveries through. `cost` is how many transactions the caller makes for a row.
    """

    def __init__(
        self,
        events: EventStore,
        windows: Windows,
        registered: RegisteredIds,
        budget: WorkBudget,
        *,
        place: Place = BEGINNING,
        enough: int,
        takes_any: bool = True,
        cost: int = 0,
    ) -> None:
        self.place = place
        self.is_complete = False
        self._events = events
        self._windows = windows
        self._registered = registered
        self._budget = budget
        self._enough = enough
        self._takes_any = takes_any
        self._cost = windows.ranges + cost
        self._most_events = _MAX_EVENTS
        self._first_ids: Sequence[int] | None = None
        self._rows: Iterable[TableEntity] = ()

    def of_log(self, wanted: LogFilter) -> "DeliveriesByTime":
        """The deliveries of all events that pass this filter, whose place has no meaning."""
        self._rows = self._walk(wanted)
        return self

    def of_event(self, event: ListedEvent) -> "DeliveriesByTime":
        """The deliveries of one event, by webhook."""
        self._rows = self._one(event, _parts(self.place)[1] or 0)
        return self

    def __iter__(self) -> Iterator[tuple[Position, TableEntity]]:
        """The rows; raises StorageDown."""
        try:
            for row in self._rows:
                yield Position(row["PartitionKey"], row["RowKey"]), row
        except _Spent:
            return
        self.is_complete = True

    def _walk(self, wanted: LogFilter) -> Iterator[TableEntity]:
        after, done = _parts(self.place)
        if after is not None and done is not None:
            self._spend()
            event = self._events.listed_at(after)
            yield from () if event is None else self._one(event, done)
            self.place = Place(after)
        page_size = _FEW_EVENTS if self._takes_any else _MAX_EVENTS
        listed = self._events.listed(replace(wanted, place=self.place), page_size=page_size, budget=self._budget)
        found = (event for _, event in listed)
        ahead: deque[ListedEvent] = deque()
        while True:
            events, spans = self._together(ahead, found)
            if not events:
                break
            first, *others = events
            rows = self._between(first, spans) if others else None
            if rows is None:
                # Alone: there are too many webhooks, or too much lies between the events.
                ahead.extendleft(reversed(others))
                yield from self._one(first, 0)
                self.place = Place(first.position)
            else:
                yield from rows
                self.place = Place(events[-1].position)
        if not listed.is_complete:
            self.place = listed.place
            raise _Spent

    def _together(self, ahead: deque[ListedEvent], found: Iterator[ListedEvent]) -> tuple[list[ListedEvent], _Spans]:
        """The next events that can be read together, one at least where there is one, and the windows to read."""
        events: list[ListedEvent] = []
        spans: dict[int, tuple[str, str]] = {}
        pairs = 0
        while len(events) < self._most_events and (pairs < self._enough or not self._takes_any):
            event = ahead.popleft() if ahead else next(found, None)
            if event is None:
                break
            ids = self._ids(event.asked)
            if events and (ids is None or len(spans.keys() | ids) > self._affordable()):
                ahead.appendleft(event)
                break
            events.append(event)
            if ids is None:
                break
            for id_ in ids:
                spans[id_] = (spans.get(id_, (event.position.key, ""))[0], event.position.key)
            pairs += len(ids)
        return events, spans

    def _ids(self, asked: Asked) -> frozenset[int] | None:
        """The webhooks that were asked, if they are few enough for this call to look at all of them, else None."""
        if asked is None:
            if self._first_ids is None:
                self._spend()
                self._first_ids = self._registered(after=0, at_most=_MANY_IDS)
            asked = tuple(self._first_ids)
        return frozenset(asked) if len(asked) <= self._affordable() else None

    def _affordable(self) -> int:
        return self._budget.left() // self._cost

    def _between(self, first: ListedEvent, spans: _Spans) -> Iterator[TableEntity] | None:
        """What is in these windows, newest first; None if storage needs more calls for one of them.

        The next call begins with the first event alone where this one is at its end.
        """
        found: list[Found] = []
        for part in batched(spans.items(), _SIDE_BY_SIDE, strict=False):
            if not self._budget.left():
                self.place = _within(first.position, 0)
                raise _Spent
            found += self._side_by_side(
                [id_ for id_, _ in part], lambda id_: self._windows.between(id_, *spans[id_], at_most=self._enough)
            )
        if not all(one.is_whole for one in found):
            self._most_events = 1
            return None
        return self._in_order(found)

    def _in_order(self, found: Sequence[Found]) -> Iterator[TableEntity]:
        rows = sorted(
            chain.from_iterable(one.rows for one in found), key=lambda row: (order_key(row), row["PartitionKey"])
        )
        # Where a window has more than enough, what comes behind it is not known.
        end = min((one.reaches for one in found if one.reaches), default=None)
        for row in rows:
            key = order_key(row)
            if end is not None and key > end:
                raise _Spent
            moment = datetime.fromisoformat(row["EventAt"])
            self.place = _within(Position(day_key(moment), key), int(row["PartitionKey"]))
            yield row

    def _one(self, event: ListedEvent, done: int) -> Iterator[TableEntity]:
        """The deliveries of one event to the webhooks with ids above `done`, by webhook."""
        self.place = _within(event.position, done)
        ids = self._each_id(event.asked, done)
        for first in ids:
            if not self._affordable():
                raise _Spent
            part = [first, *islice(ids, min(_SIDE_BY_SIDE, self._affordable()) - 1)]
            found = self._side_by_side(part, lambda id_: self._windows.of_event(id_, event.position.key))
            for id_, one in zip(part, found, strict=True):
                if not one.is_whole:
                    raise _Spent
                self.place = _within(event.position, id_)
                yield from one.rows

    def _each_id(self, asked: Asked, done: int) -> Iterator[int]:
        if asked is not None:
            yield from (id_ for id_ in asked if id_ > done)
            return
        while True:
            self._spend()
            ids = self._registered(after=done, at_most=_MANY_IDS)
            yield from ids
            if len(ids) < _MANY_IDS:
                return
            done = ids[-1]

    def _side_by_side(self, ids: Sequence[int], read: Callable[[int], Found]) -> list[Found]:
        found: dict[int, Found] = {}

        def note(id_: int) -> None:
            found[id_] = read(id_)

        if len(ids) == 1:
            note(ids[0])
        else:
            with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
                each_side_by_side(pool, ids, note)
        self._budget.spend(sum(one.transactions for one in found.values()))
        return [found[id_] for id_ in ids]

    def _spend(self) -> None:
        if not self._budget.left():
            raise _Spent
        self._budget.spend()


def is_place(place: Place) -> bool:
    """Whether a listing in the order of time can go on here."""
    return place.after is None or _KEY.fullmatch(place.after.key) is not None


def _within(position: Position, webhook_id: int) -> Place:
    """Behind the delivery of an event to a webhook."""
    return Place(Position(position.partition, f"{position.key}{_WITHIN}{webhook_id}"))


def _parts(place: Place) -> tuple[Position | None, int | None]:
    """The event at which a listing goes on, and the webhook behind which; None for behind all of its deliveries."""
    if place.after is None:
        return None, None
    key, within, webhook = place.after.key.partition(_WITHIN)
    return Position(place.after.partition, key), int(webhook) if within else None
