"""Ends the wait of deliveries that are not attempted any more: they become held or failed, and can be replayed."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import batched

from shared.delivery.record import DeliveryRecord, DeliveryState, delivery_keys, delivery_row, parse_record
from shared.delivery.waiting import WaitingDelivery
from shared.storage.tables import AlreadyStored, Changed, Row, RowVersion, Table, Write

_PAIRS = 50
"""A transaction has 100 changes, and each delivery needs two."""


class Settling:
    """Writes the record of a delivery that waits, and takes it out of the waiting ones, in one transaction."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def settle(self, waiting: Sequence[WaitingDelivery], state: DeliveryState) -> None:
        """Give deliveries of one webhook this state: a transaction for 50 that were never attempted, else three each.

        Whatever is repeated after a failure does no harm. Raises StorageDown.
        """
        fresh = [one for one in waiting if not one.is_logged]
        for part in batched(fresh, _PAIRS, strict=False):
            self._settle_fresh(part, state)
        for one in waiting:
            if one.is_logged:
                self._settle(one, state)

    def _settle_fresh(self, waiting: Sequence[WaitingDelivery], state: DeliveryState) -> None:
        writes = [
            write
            for one in waiting
            for write in (
                Write("insert", delivery_row(_record(one, state))),
                Write("delete", one.keys, one.etag),
            )
        ]
        try:
            self._table.transact(writes)
        except (AlreadyStored, Changed):
            # One of them has a record after all, or was taken out meanwhile; so each for itself.
            for one in waiting:
                self._settle(one, state)

    def _settle(self, waiting: WaitingDelivery, state: DeliveryState) -> None:
        def settled(row: Row | None) -> Row | None:
            if row is None:
                return delivery_row(_record(waiting, state))
            record = parse_record(row, "")
            if record.is_past(waiting.cycle, waiting.attempt):
                return None
            return delivery_row(replace(record, state=state, next_attempt_at=None))

        keys = delivery_keys(waiting.webhook_id, waiting.event_id, waiting.event_at)
        known = None if waiting.is_logged else RowVersion(None)
        self._table.modify(*keys, settled, known=known, replaces=True)
        with suppress(Changed):
            self._table.delete(*waiting.keys.values(), etag=waiting.etag)


def _record(waiting: WaitingDelivery, state: DeliveryState) -> DeliveryRecord:
    return DeliveryRecord(
        waiting.webhook_id,
        waiting.event_id,
        waiting.event_type,
        waiting.event_at,
        state=state,
        cycle=waiting.cycle,
        attempts=waiting.attempt,
    )
