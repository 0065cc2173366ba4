"""Dispatch: finds the announced event, completes it if its source trimmed it, asks for its deliveries, and lists it.

Every step can be done twice, because a message may come twice and a host may die between any two steps.
"""

import logging
import time
from dataclasses import replace
from typing import Protocol

from shared.errors import Unavailable
from shared.events.announcement import Announcement, parse_announcement
from shared.events.event import Event, EventState
from shared.events.store import EventStore

LAST_ATTEMPT = 5
"""host.json's maxDequeueCount: after this attempt the host would put the message into the poison queue."""

_PAUSES_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)

log = logging.getLogger(__name__)


class EventMissing(Exception):
    """The announced event is not stored (yet): the host tries the message again after its visibility time."""


class Completion(Protocol):
    """Reads back what the source of an event left out."""

    def complete(self, event: Event) -> Event | None:
        """The completed event, None while it cannot be completed; raises Unavailable in an outage."""
        ...


class FanOut(Protocol):
    """Asks for the delivery of an event."""

    def send(self, event: Event, *, after: int) -> int | None:
        """Ask for one delivery to each webhook that may want the event, in the order of ids, from those above `after`.

        Asking twice delivers nothing twice. Returns the id of the last webhook asked for if more of them remain than
        one message should handle, None if these were all.
        """
        ...


class Dispatcher:
    """Dispatches events. `retry_delays` are the seconds between the attempts to complete a trimmed one."""

    def __init__(
        self, events: EventStore, completion: Completion, fan_out: FanOut, retry_delays: tuple[int, ...]
    ) -> None:
        self._events = events
        self._completion = completion
        self._fan_out = fan_out
        self._retry_delays = retry_delays

    def dispatch(self, message: bytes, *, attempt: int) -> None:
        """Handle one message of the queue `events`; `attempt` is its dequeue count.

        Raises UnrecognizedMessage for a message that the hub never sent, EventMissing if the event is not stored, and
        Unavailable in an outage. After any of them the host tries again.
        """
        announcement = parse_announcement(message)
        event = self._find(announcement, attempt)
        if event is not None:
            self._dispatch(event, announcement)
        elif attempt < LAST_ATTEMPT:
            raise EventMissing(f"event {announcement.event_id} is announced but not stored")
        else:
            # It was announced, and then its request died or was refused: it was never acknowledged.
            log.warning("dropped the announcement of event %s, which was never stored", announcement.event_id)

    def _find(self, announcement: Announcement, attempt: int) -> Event | None:
        event = self._events.get(announcement.event_id)
        # An announcement can overtake its event by some milliseconds; a failed first attempt would cost 30 s.
        for pause in _PAUSES_SECONDS if attempt == 1 else ():
            if event is not None:
                break
            time.sleep(pause)
            event = self._events.get(announcement.event_id)
        return event

    def _dispatch(self, event: Event, announcement: Announcement) -> None:
        # For an event that came whole, checking whether it was dispatched costs as much as doing it again.
        begun = self._events.dispatched(event) if event.trimmed else None
        if begun is not None and begun.state is not EventState.RECEIVED:
            return
        completed = begun or (self._complete(event) if event.trimmed else event)
        if completed is None and announcement.attempt < len(self._retry_delays):
            again = announcement.model_copy(update={"attempt": announcement.attempt + 1})
            self._events.publish(again, delay_seconds=self._retry_delays[announcement.attempt])
            return
        if completed is None:
            log.error("event %s is unreadable: its record could not be read back", event.id)
            completed = replace(event, state=EventState.UNREADABLE)
        if completed.state is EventState.RECEIVED:
            last = self._fan_out.send(completed, after=announcement.after)
            if last is not None:
                self._go_on(completed, announcement, last)
                return
            completed = replace(completed, state=EventState.DISPATCHED)
        self._events.mark_dispatched(completed)

    def _go_on(self, completed: Event, announcement: Announcement, last: int) -> None:
        """Send the message that goes on after this webhook, before this one ends: whatever dies, one of them exists."""
        if not announcement.after:
            # Before that message, which reads here what a trimmed event was completed with.
            self._events.mark_started(completed)
        self._events.publish(Announcement(event_id=completed.id, after=last))

    def _complete(self, event: Event) -> Event | None:
        try:
            return self._completion.complete(event)
        except Unavailable as error:
            log.warning("event %s cannot be completed yet: %s", event.id, error.detail)
            return None
