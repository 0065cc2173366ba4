"""Dispatch: takes an announcement, completes the event where its source trimmed it, asks for its deliveries, lists it.

Every step may be done twice, because a message may come twice and a host may die between any two steps.
"""

import logging
import time
from dataclasses import replace
from typing import Protocol

from shared.errors import Unavailable
from shared.events.announcement import Announcement, parse_announcement
from shared.events.event import Event, EventState
from shared.events.store import EventStore, StoredEvent

LAST_ATTEMPT = 5
"""host.json's maxDequeueCount: after this attempt the host would put the message into the poison queue."""

_PAUSES_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)

log = logging.getLogger(__name__)


class EventMissing(Exception):
    """The announced event is not stored (yet): the host tries the message again after its visibility time."""


class Completion(Protocol):
    """Gives a trimmed event what its source left out."""

    def complete(self, event: Event) -> Event | None:
        """The completed event, None while that cannot be done; raises Unavailable in an outage."""
        ...


class FanOut(Protocol):
    """Asks for the delivery of an event."""

    def send(self, event: Event) -> None:
        """Ask for one delivery to each webhook that may want it; doing so twice delivers nothing twice."""
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

        Raises NotOurs for a message that the hub never sent, EventMissing where the event is not there, and Unavailable
        in an outage. After any of them the host tries again.
        """
        announcement = parse_announcement(message)
        stored = self._find(announcement, attempt)
        if stored is None:
            if attempt < LAST_ATTEMPT:
                raise EventMissing(f"event {announcement.event_id} is announced but not stored")
            # It was announced, and then its request died or was refused: nobody was told that it was taken.
            log.warning("dropped the announcement of event %s, which was never stored", announcement.event_id)
        elif not (stored.event.trimmed and self._events.finished(stored.event)):
            # For an event that came whole, looking whether it was dispatched costs as much as doing it again.
            self._finish(stored.event, announcement)

    def _find(self, announcement: Announcement, attempt: int) -> StoredEvent | None:
        stored = self._events.get(announcement.event_id)
        # An announcement overtakes its event by some milliseconds; a first attempt that failed would cost 30 s.
        for pause in _PAUSES_SECONDS if attempt == 1 else ():
            if stored is not None:
                break
            time.sleep(pause)
            stored = self._events.get(announcement.event_id)
        return stored

    def _finish(self, event: Event, announcement: Announcement) -> None:
        completed = self._complete(event) if event.trimmed else event
        if completed is None and announcement.attempt < len(self._retry_delays):
            again = Announcement(event_id=event.id, attempt=announcement.attempt + 1)
            self._events.announce(again, delay_seconds=self._retry_delays[announcement.attempt])
            return
        if completed is None:
            log.error("event %s is unreadable: its record could not be read back", event.id)
            completed = replace(event, state=EventState.UNREADABLE)
        if completed.state is EventState.RECEIVED:
            self._fan_out.send(completed)
            completed = replace(completed, state=EventState.DISPATCHED)
        self._events.finish(completed)

    def _complete(self, event: Event) -> Event | None:
        try:
            return self._completion.complete(event)
        except Unavailable as error:
            log.warning("event %s cannot be completed yet: %s", event.id, error.detail)
            return None
