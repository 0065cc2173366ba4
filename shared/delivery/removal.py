"""Removes the deliveries of a webhook that is gone, a page of them at a time."""

from itertools import batched

from shared.storage.keys import KEY_COLUMNS, row_key
from shared.storage.query import Query
from shared.storage.tables import Changed, Row, Table, Write

_PAGE = 300
_BATCH = 100


class DeliveryRemoval:
    """Works on table `deliveries`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def remove(self, webhook_id: int) -> bool:
        """Remove up to 300 rows of a webhook, what waits included; True if these were the last ones.

        Four transactions at most, if nobody else removes the same. Doing it twice does no harm. Raises StorageDown.
        """
        wanted = Query().where("PartitionKey eq", row_key(webhook_id))
        page = self._table.page(wanted, page_size=_PAGE, select=KEY_COLUMNS)
        for rows in batched(page.rows, _BATCH, strict=False):
            self._remove(rows)
        return page.continuation is None

    def _remove(self, rows: tuple[Row, ...]) -> None:
        try:
            self._table.transact([Write("delete", row) for row in rows])
        except Changed:
            # Somebody else removed one of them, so nothing was removed here; each for itself.
            for row in rows:
                self._table.delete(row["PartitionKey"], row["RowKey"])
