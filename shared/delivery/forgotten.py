"""Takes what was answered out of the deliveries of a forgotten event, and ends those that are open."""

from collections.abc import Callable
from datetime import datetime

from shared.delivery.pace.gate import PaceGate
from shared.delivery.record import delivery_keys, delivery_row, new_record, parse_record
from shared.delivery.waiting import waiting_keys
from shared.events.event import Event
from shared.events.store import EventStore
from shared.storage.tables import Row, Table


class ForgottenEvents:
    """Knows which events were forgotten since somebody read them."""

    def __init__(self, gate: PaceGate, events: EventStore) -> None:
        self._gate = gate
        self._events = events

    def contains(self, webhook_id: int, event: Event, *, has_waited: bool = False) -> bool:
        """Whether the event was forgotten: a read if it may have been, as the row of the webhook's pace tells.

        `has_waited`: that row was read before a wait for a place, so it is read once more. Raises StorageDown.
        """
        if not self._gate.may_have_forgotten(webhook_id, event, has_waited=has_waited):
            return False
        stored = self._events.get(event.id)
        return stored is not None and stored.forgotten


class DeliveryForgetting:
    """Works on table `deliveries`. `now` returns the current time in UTC."""

    def __init__(self, table: Table, now: Callable[[], datetime]) -> None:
        self._table = table
        self._now = now

    def forget(self, event: Event, webhook_id: int, *, was_asked: bool) -> None:
        """Forget what one webhook answered to an event; a delivery to it that is open fails without an attempt.

        Two reads, and where there is a delivery a write or two. `was_asked`: dispatch asked for the delivery, so it is
        open even if nothing is stored of it yet. Doing it twice does no harm. Raises StorageDown.
        """
        waiting = waiting_keys(webhook_id, event.id, event.received_at)
        waits = self._table.get(*waiting, select=["RowKey"]) is not None

        def forgotten(row: Row | None) -> Row | None:
            if row is None:
                is_open = was_asked or waits
                return delivery_row(new_record(webhook_id, event).as_forgotten(self._now())) if is_open else None
            record = parse_record(row, "")
            return None if record.forgotten else delivery_row(record.as_forgotten(self._now()))

        self._table.modify(*delivery_keys(webhook_id, event.id, event.received_at), forgotten, replaces=True)
        if waits:
            # Afterwards: until then it is found by this row.
            self._table.delete(*waiting)
