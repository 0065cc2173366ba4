"""Dispatch: finds the announced event, completes it if its source trimmed it, lists it, and asks for its deliveries.

An event may be announced several times, for its source repeats what was not answered. The announcement that lists it
dispatches it, and the others end. Each step can be done twice, because a message may come twice, and a host may die
between any two steps: an announcement that finds itself in the list goes on, and marks what it asks for as possible
repeats.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from shared.clock import now as utc_now
from shared.errors import Unavailable
from shared.events.announcement import EVENTS_QUEUE, Announcement, parse_announcement
from shared.events.asked import Asked
from shared.events.event import Event, EventState
from shared.events.rows import fits
from shared.events.store import BegunDispatch, EventStore
from shared.telemetry.lines import tell
from shared.telemetry.spans import SpanKind, span
from shared.telemetry.tracing import about_event

MISSING_DELAYS = (1, 2, 4, 8, 16, 32, 64)
"""Seconds until the next look for an event that is not stored. They add up to far more than a request may take."""

_UNTOLD = frozenset({EventState.IGNORED, EventState.UNREADABLE})
"""States of events that no webhook is asked for."""

_SPAN = {
    "messaging.system": "azure_storage_queue",
    "messaging.destination.name": EVENTS_QUEUE,
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
}

log = logging.getLogger(__name__)


class Completion(Protocol):
    """Reads back what the source of an event left out."""

    def complete(self, event: Event) -> Event | None:
        """The completed event, None while it cannot be completed; raises Unavailable in an outage."""
        ...

    def given_up(self, event: Event) -> Event | None:
        """The event as it goes on if it cannot be completed in the end; None if no webhook is told of it then."""
        ...


@dataclass(frozen=True)
class Page:
    """Webhooks that may want an event, by their ids; `is_last` says that no others follow.

    `known` are these and all that follow, as far as they are known: None if they are too many to name.
    """

    webhook_ids: tuple[int, ...]
    is_last: bool
    known: Asked = ()


class FanOut(Protocol):
    """Asks for the delivery of an event."""

    def page(self, event_type: str, *, after: int) -> Page:
        """The webhooks that one message asks for, from those with ids above `after`."""
        ...

    def ask(self, event: Event, page: Page, *, repeat: bool) -> int | None:
        """Ask for one delivery to each webhook of a page, in their order.

        `repeat` says that they may have been asked for before. Returns the id of the last webhook asked for if others
        remain, because time is short or the page is not the last one, and None if these were all.
        """
        ...


class Dispatcher:
    """Dispatches events.

    `retry_delays` are the seconds between the attempts to complete a trimmed one, `missing_delays` those between the
    looks for one that is not stored. `now` returns the current time in UTC.
    """

    def __init__(
        self,
        events: EventStore,
        completion: Completion,
        fan_out: FanOut,
        retry_delays: tuple[int, ...],
        *,
        missing_delays: tuple[int, ...] = MISSING_DELAYS,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._events = events
        self._completion = completion
        self._fan_out = fan_out
        self._retry_delays = retry_delays
        self._missing_delays = missing_delays
        self._now = now

    def dispatch(self, message: bytes, *, attempt: int) -> None:
        """Handle one message of the queue `events`; `attempt` is its dequeue count.

        Raises UnrecognizedMessage for a message that the hub never sent, and Unavailable in an outage. After either of
        them the host tries again.
        """
        announcement = parse_announcement(message)
        # Whatever fails from here on is told with the event.
        with about_event(announcement.event_id, announcement.traceparent):
            if announcement.others:
                # Before its own event: whatever dies, this message or theirs exists.
                self._events.announce_each(announcement.others)
                announcement = announcement.alone()
            event = self._events.get(announcement.event_id)
            if event is None:
                self._look_again_later(announcement)
                return
        traceparent = event.traceparent or announcement.traceparent
        with about_event(event.id, traceparent), span("process events", SpanKind.CONSUMER, _attributes(event)):
            self._handle(event, announcement, attempt)

    def _handle(self, event: Event, announcement: Announcement, attempt: int) -> None:
        if event.forgotten:
            self._events.drop_values(event)
            self._tell_ended(event, "forgotten", 0)
        elif announcement.after and attempt > 1:
            # The row says of a first page whether it comes again, but not of a later one.
            self._dispatch(event, announcement.as_repeat())
        else:
            self._dispatch(event, announcement)

    def _look_again_later(self, announcement: Announcement) -> None:
        """Put the announcement of a missing event off: it overtook its event, or its request died or was refused.

        No place is held meanwhile. The request will be over, and the event stored if it ever is, before the last look.
        """
        if announcement.misses < len(self._missing_delays):
            delay = self._missing_delays[announcement.misses]
            self._events.publish(announcement.missed(), delay_seconds=delay)
        else:
            # No request that was acknowledged stored it.
            fields = {"type": None, "outcome": "dropped", "webhooks": 0, "seconds": None}
            tell(log, "event.dispatched", fields, logging.WARNING)

    def _dispatch(self, event: Event, announcement: Announcement) -> None:
        # The previous version asks for deliveries before it lists an event, so nobody knows what it asked for.
        repeat = announcement.repeat or announcement.id is None
        # Before an event that came whole is listed by its first page, nothing need be read.
        begun = self._events.begun_dispatch(event) if event.trimmed or announcement.after else None
        if begun is None:
            completed = self._completed(event, announcement) if event.trimmed else event
            if completed is None:
                return
            page = self._page(completed, announcement)
            # What one message asks for is listed as it will be, which spares a write. If the message dies, it comes
            # again, finds itself, and goes on.
            is_done = page is not None and page.is_last
            listed = replace(completed, state=EventState.DISPATCHED) if is_done else completed
            asked = _asked(announcement, page)
            begun = self._events.begin_dispatch(listed, announcement.id, asked)
            if begun is None:
                self._ask(BegunDispatch(listed, announcement.id, asked), announcement, page, repeat=repeat)
                return
        if announcement.id is not None and announcement.id == begun.announcement_id and not announcement.after:
            self._events.ensure_told(begun)
        if _goes_on(announcement, begun):
            # Of a later page, the message knows whether it was asked for before.
            page = self._page(begun.event, announcement)
            self._ask(begun, announcement, page, repeat=repeat or not announcement.after)
        elif begun.event.forgotten:
            self._tell_ended(event, "forgotten", 0)
        elif begun.event.state in _UNTOLD and announcement.id == begun.announcement_id:
            # Whoever listed it may have died before it told.
            self._tell_ended(begun.event, begun.event.state.value, 0)

    def _completed(self, event: Event, announcement: Announcement) -> Event | None:
        """A trimmed event after its completion, or after the last attempt at it; None if it was put off."""
        completed = self._complete(event)
        if completed is not None:
            return completed
        if announcement.attempt < len(self._retry_delays):
            self._events.publish(announcement.put_off(), delay_seconds=self._retry_delays[announcement.attempt])
            return None
        incomplete = self._completion.given_up(event)
        if incomplete is not None:
            _tell_incomplete(event, logging.ERROR, "it goes on without its record, which could not be read back")
            return incomplete
        _tell_incomplete(event, logging.ERROR, "it is unreadable: its record could not be read back")
        return replace(event, state=EventState.UNREADABLE)

    def _complete(self, event: Event) -> Event | None:
        try:
            completed = self._completion.complete(event)
        except Unavailable as error:
            _tell_incomplete(event, logging.WARNING, error.detail)
            return None
        if completed is not None and not fits(completed):
            _tell_incomplete(event, logging.ERROR, "its record does not fit into a row")
            return self._completion.given_up(event)
        return completed

    def _page(self, event: Event, announcement: Announcement) -> Page | None:
        """The webhooks that this message asks for; None for an event that nobody is told."""
        if event.state in _UNTOLD:
            return None
        return self._fan_out.page(event.type, after=announcement.after)

    def _ask(self, begun: BegunDispatch, announcement: Announcement, page: Page | None, *, repeat: bool) -> None:
        """Ask for a page of the deliveries of a listed event, and see to it that the next one follows."""
        if page is None:
            self._tell_ended(begun.event, begun.event.state.value, 0)
            return
        event = replace(begun.event, state=EventState.RECEIVED)
        self._events.note_asked(begun, page.webhook_ids)
        last = self._fan_out.ask(event, page, repeat=repeat)
        if last is not None:
            # Before this message ends: whatever dies, one of the two exists.
            self._events.publish(announcement.going_on(after=last, repeat=repeat))
            return
        if begun.event.state is EventState.RECEIVED:
            self._events.mark_dispatched(event)
        self._tell_ended(event, "dispatched", None if begun.asked is None else len({*begun.asked, *page.webhook_ids}))

    def _tell_ended(self, event: Event, outcome: str, webhooks: int | None) -> None:
        """Tell that an announcement did all that it asked for; `webhooks` is None for too many to be named."""
        seconds = max(0.0, round((self._now() - event.received_at).total_seconds(), 3))
        fields = {"type": event.type, "outcome": outcome, "webhooks": webhooks, "seconds": seconds}
        tell(log, "event.dispatched", fields)


def _attributes(event: Event) -> dict[str, object]:
    return {**_SPAN, "hub.event.id": event.id, "hub.event.type": event.type}


def _tell_incomplete(event: Event, level: int, detail: str) -> None:
    tell(log, "event.incomplete", {"type": event.type, "detail": detail}, level)


def _asked(announcement: Announcement, page: Page | None) -> Asked:
    """The webhooks that a dispatch which begins with this page asks."""
    if page is None:
        return ()
    # Before a later page others were asked, and the row that named them is gone.
    return None if announcement.after else page.known


def _goes_on(announcement: Announcement, begun: BegunDispatch) -> bool:
    """Whether an announcement, or a later page of it, goes on with a dispatch that was begun.

    Where it is another one's, that one's message is still in its queue, and does what is left to do; so webhooks that
    subscribed since get no earlier event. An announcement of the previous version has no id to be known by, so it does
    it too, unless all is done.
    """
    if begun.event.forgotten or begun.event.state in _UNTOLD:
        return False
    if announcement.id is None:
        return begun.event.state is EventState.RECEIVED
    return announcement.id == begun.announcement_id
