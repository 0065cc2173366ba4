"""Claims: who is about to attempt a delivery, so that two messages for it, in two instances, call its receiver once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.delivery.message import DeliveryMessage
from shared.delivery.record import DeliveryRecord, delivery_keys, delivery_row, new_record, parse_record
from shared.events.event import Event
from shared.storage.tables import Row, RowVersion, Table


@dataclass(frozen=True)
class Foreign:
    """Another message claimed the delivery. It comes to an end, or is taken for dead, within `wait`."""

    wait: timedelta


class Claims:
    """Claims in the rows of table `deliveries`. `now` returns the time by the storage service's clock.

    A claim that is older than `lasts` may be taken over, because whoever made it is dead. So may one's own: the same
    message comes again.
    """

    def __init__(self, table: Table, lasts: timedelta, now: Callable[[], datetime]) -> None:
        self._table = table
        self.lasts = lasts
        self._now = now

    def claim(
        self, message: DeliveryMessage, webhook_id: int, event: Event, message_id: str
    ) -> DeliveryRecord | Foreign | None:
        """Claim a delivery for a message; None if its attempt was made already.

        One write where nothing was stored yet, and else a read too. Raises StorageDown.
        """
        found: list[DeliveryRecord | Foreign | None] = [None]

        def claimed(row: Row | None) -> Row | None:
            now = self._now()
            record = new_record(webhook_id, event) if row is None else parse_record(row, "")
            if record.is_past(message.cycle, message.attempt):
                found[0] = None
                return None
            if self._is_foreign(record, message_id, now):
                found[0] = Foreign((record.claimed_at or now) + self.lasts - now)
                return None
            mine = replace(record, claimed_at=now, claimed_by=message_id)
            found[0] = mine
            return delivery_row(mine)

        known = RowVersion(None) if message.is_first else None
        keys = delivery_keys(webhook_id, event.id, event.received_at)
        written = self._table.modify(*keys, claimed, known=known, replaces=True)
        mine = found[0]
        return replace(mine, etag=written.etag) if written and isinstance(mine, DeliveryRecord) else mine

    def _is_foreign(self, record: DeliveryRecord, message_id: str, now: datetime) -> bool:
        if record.claimed_at is None or record.claimed_by == message_id:
            return False
        return now - record.claimed_at < self.lasts
