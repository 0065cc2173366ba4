"""Reads what webhooks' attempts were counted as, hour by hour, from table `usage` (stats.py says how it is stored)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from azure.data.tables import TableEntity

from shared.storage.keys import row_key
from shared.storage.paging import BEGINNING, Place
from shared.storage.query import Query
from shared.storage.scan import Scan, WorkBudget
from shared.storage.tables import Table
from shared.timestamps import stored_time
from shared.webhooks.rows import CALL_TIMES, LAST_CALL_AT, USAGE_KEY
from shared.webhooks.stats import Counts, counts_of, slot_column

_SLOTS_A_PAGE = 10_000
"""A page of storage has so many slots, of about a hundred characters each, and a row at most for each webhook."""
_MAX_ROWS = 1000
_FAILING_SINCE = "FailingSince"
_EVER = "0"
"""Sorts before every time, and behind the empty text of a webhook that was not called."""
_LEEWAY = timedelta(days=1)
"""A row tells when its last attempt began, by a clock that may differ; that is counted later, after an outage hours."""


@dataclass(frozen=True)
class WebhookHours:
    """What a webhook's attempts were counted as in each of the hours that were asked for.

    `failing_since` is when the first of its present failures was, None while its receiver is well. `last_call_at` and
    `last_success_at` are when the last attempt began, and the last one that delivered; None where none is known.
    """

    webhook_id: int
    hours: tuple[Counts, ...]
    failing_since: datetime | None = None
    last_call_at: datetime | None = None
    last_success_at: datetime | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no attempt was counted."""
        return not any(one.attempts for one in self.hours)


class WebhookStatistics:
    """The statistics in the rows of `usage`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(
        self,
        hours: Sequence[datetime],
        *,
        webhook_id: int | None = None,
        place: Place = BEGINNING,
        budget: WorkBudget | None = None,
    ) -> Scan[WebhookHours]:
        """The webhooks by id, as far as the budget reaches; those that were last called long before are left out.

        One that is asked for by its id is there if it was ever called. `hours` are the beginnings of hours of one week
        at most, oldest first. 10,000 webhooks that are called cost 25 transactions for 24 hours, and 170 for 168.
        """
        since = stored_time(hours[0] - _LEEWAY) if webhook_id is None else _EVER
        called = Query().where(f"{LAST_CALL_AT} ge", since)
        of_one = called.where("PartitionKey eq", None if webhook_id is None else row_key(webhook_id))
        # A webhook has one such row, so the next page begins with the next webhook.
        later = of_one.where("PartitionKey gt", place.after.partition if place.after else None)
        rows = later.where("RowKey eq", USAGE_KEY)

        def parse(row: TableEntity) -> WebhookHours:
            times = (row.get(name) for name in (_FAILING_SINCE, *CALL_TIMES))
            return WebhookHours(
                int(row["PartitionKey"]),
                tuple(counts_of(row, hour) for hour in hours),
                *(datetime.fromisoformat(time) if time else None for time in times),
            )

        return Scan(
            self._table,
            [(place, rows)],
            parse,
            budget=budget,
            page_size=min(_SLOTS_A_PAGE // len(hours), _MAX_ROWS),
            select=[_FAILING_SINCE, *CALL_TIMES, *(slot_column(hour) for hour in hours)],
        )
