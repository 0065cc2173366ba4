"""Ids of webhooks: int32, ascending, never given twice, whoever asks at the same time."""

import threading

from shared.errors import StorageDown
from shared.storage.tables import AlreadyStored, Changed, Table

_KEYS = {"PartitionKey": "counter", "RowKey": "webhook"}
_MOST_TRIES = 20


class IdCounter:
    """A row that counts, changed only by whoever saw its last value.

    The value that this process wrote last is remembered: as long as nobody else counts, an id costs one transaction.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._last: tuple[int, str] | None = None

    def next_id(self) -> int:
        """The next id; raises StorageDown, also where others are quicker again and again."""
        with self._lock:
            for _ in range(_MOST_TRIES):
                last, etag = self._last or self._read()
                try:
                    self._last = last + 1, self._table.merge({**_KEYS, "Last": last + 1}, etag=etag)
                except Changed:
                    self._last = None
                else:
                    return last + 1
        raise StorageDown("no id for a webhook could be had: too many others ask at once")

    def _read(self) -> tuple[int, str]:
        row = self._table.get(**_KEYS_AS_ARGUMENTS)
        if row is None:
            self._begin()
            row = self._table.get(**_KEYS_AS_ARGUMENTS)
        if row is None:
            raise StorageDown("the counter of webhooks is gone")
        return int(row["Last"]), str(row.metadata["etag"])

    def _begin(self) -> None:
        try:
            self._table.insert({**_KEYS, "Last": 0})
        except AlreadyStored:
            # Another request was quicker.
            return


_KEYS_AS_ARGUMENTS = {"partition_key": _KEYS["PartitionKey"], "row_key": _KEYS["RowKey"]}
