"""The list of webhooks that are blocked or short of places: dispatch parks what is for them and sends no message."""

import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.delivery.pace.circuit import Blocked
from shared.delivery.waiting import WaitingReason
from shared.storage.keys import row_key
from shared.storage.query import Query
from shared.storage.tables import Table
from shared.timestamps import stored_time

BLOCKED_PARTITION = "open"
GRACE = timedelta(seconds=60)
"""How long an entry counts after its moment: by then the wake-up has removed it, or is taken for lost."""

_REMEMBERED_SECONDS = 1.0


class BlockedWebhooks:
    """One partition of table `usage`, a row a webhook. A process keeps what it read for a second.

    All methods raise StorageDown.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._read_at = 0.0
        self._entries: dict[int, Blocked] = {}

    def read(self) -> Mapping[int, Blocked]:
        """The entries, by the ids of webhooks; those of a second ago may still be among them."""
        # Whoever comes while the list is read waits for the answer, and shares it.
        with self._lock:
            began = time.monotonic()
            if not self._read_at or began - self._read_at > _REMEMBERED_SECONDS:
                rows = self._table.query(
                    Query().where("PartitionKey eq", BLOCKED_PARTITION), select=["RowKey", "Until", "Reason"]
                )
                self._entries = {int(row["RowKey"]): parse_entry(row) for row in rows}
                self._read_at = began
            return dict(self._entries)

    def put(self, webhook_id: int, entry: Blocked) -> None:
        """Put a webhook on the list, or put its moment off."""
        self._table.put({**_keys(webhook_id), "Until": stored_time(entry.until), "Reason": entry.reason.value})
        self._forget()

    def remove(self, webhook_id: int) -> None:
        """Take a webhook off the list; does nothing if it is not there."""
        self._table.delete(**_names(webhook_id))
        self._forget()

    def _forget(self) -> None:
        with self._lock:
            self._read_at = 0.0


def parse_entry(row: Mapping[str, Any]) -> Blocked:
    """The entry in a row of the list."""
    return Blocked(WaitingReason(row["Reason"]), datetime.fromisoformat(row["Until"]))


def _keys(webhook_id: int) -> dict[str, str]:
    return {"PartitionKey": BLOCKED_PARTITION, "RowKey": row_key(webhook_id)}


def _names(webhook_id: int) -> dict[str, str]:
    return {"partition_key": BLOCKED_PARTITION, "row_key": row_key(webhook_id)}
