"""Deliveries that wait for their receiver, in table `deliveries`: parked, found oldest first, and taken out again."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from shared.delivery.waiting import (
    AFTER_WAITING,
    WAITING_PREFIX,
    WaitingDelivery,
    parse_waiting,
    waiting_keys,
    waiting_row,
)
from shared.storage.keys import row_key
from shared.storage.query import Query
from shared.storage.tables import AlreadyStored, Changed, Row, RowVersion, Table, Write


class Parking:
    """Rows of deliveries that wait. All methods raise StorageDown."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def park_first(self, waiting: WaitingDelivery) -> None:
        """Park a delivery that was never attempted; one that waits already stays as it is."""
        try:
            self._table.insert(waiting_row(waiting))
        except AlreadyStored:
            # The event is dispatched again, or the message came twice.
            return

    def park(self, waiting: WaitingDelivery) -> None:
        """Park a delivery; of one that waits already, the later attempt counts, since the cycle's first parking."""

        def parked(row: Row | None) -> Row | None:
            if row is None:
                return waiting_row(waiting)
            there = parse_waiting(row)
            if (waiting.cycle, waiting.attempt) < (there.cycle, there.attempt):
                return None
            if waiting.cycle > there.cycle:
                return waiting_row(waiting)
            return waiting_row(replace(waiting, parked_at=min(waiting.parked_at, there.parked_at)))

        keys = waiting_keys(waiting.webhook_id, waiting.event_id, waiting.event_at)
        # Nearly always it is not there yet, so the first try needs no reading.
        self._table.modify(*keys, parked, known=RowVersion(None), replaces=True)

    def oldest(self, webhook_id: int, at_most: int) -> list[WaitingDelivery]:
        """The deliveries that wait for a webhook, oldest event first: one read."""
        rows = Query().where("PartitionKey eq", row_key(webhook_id))
        rows = rows.where("RowKey ge", WAITING_PREFIX).where("RowKey lt", AFTER_WAITING)
        found = islice(self._table.query(rows, page_size=at_most), at_most)
        return [parse_waiting(row, str(row.metadata["etag"])) for row in found]

    def remove(self, deliveries: Sequence[WaitingDelivery]) -> None:
        """Take out deliveries of one webhook, up to 100, as they were read: one transaction if nobody changed them.

        One that was parked again meanwhile, for a later attempt, stays.
        """
        if len(deliveries) > 1:
            try:
                self._table.transact([Write("delete", one.keys, one.etag) for one in deliveries])
            except Changed:
                # One of them at least; so each for itself.
                pass
            else:
                return
        for one in deliveries:
            with suppress(Changed):
                self._table.delete(*one.keys.values(), etag=one.etag)
