"""Replays of many deliveries: so many a call, side by side, and where the next call goes on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import batched

from shared.delivery.filter import DeliveryFilter
from shared.delivery.log import DeliveryLog
from shared.delivery.record import DeliveryRecord, DeliveryState
from shared.side_by_side import each_side_by_side
from shared.storage.paging import Place
from shared.storage.scan import WorkBudget
from shared.webhooks.registry import WebhookRegistry

_UNDONE = (DeliveryState.FAILED, DeliveryState.HELD)
_THREADS = 8
_TRANSACTIONS = 2
"""Of one replay: it sends a message and writes a row. Both again where somebody else changes the row at this moment."""

type Replay = Callable[[DeliveryRecord], None]


@dataclass(frozen=True)
class ReplayResult:
    """How many deliveries were replayed or counted, and where the next call goes on; None if there are no more."""

    count: int
    place: Place | None


class BulkReplay:
    """Replays deliveries that pass a filter, or counts them.

    Those of webhooks that were removed, and of events that were forgotten, are left out.

    A filter without states takes those that failed or are held. What waits for its receiver is left out too, even if
    the filter names it: it will be delivered without a replay. A call ends when its budget does, but not before it has
    come further.
    """

    def __init__(self, log: DeliveryLog, webhooks: WebhookRegistry, replay: Replay) -> None:
        self._log = log
        self._webhooks = webhooks
        self._replay = replay

    def count(self, wanted: DeliveryFilter, place: Place, budget: WorkBudget) -> ReplayResult:
        """Count them, up to where the budget ends; raises StorageDown."""
        filter_ = _replayable(wanted)
        if filter_ is None:
            return ReplayResult(0, None)
        scan, registered = self._log.summaries(filter_, place=place, budget=budget), _Registered(self._webhooks, budget)
        count, reached = 0, place
        for position, row in scan:
            if row.get("Forgotten"):
                continue
            webhook_id = int(position.partition)
            if reached != place and not registered.is_cheap(webhook_id):
                return ReplayResult(count, reached)
            count, reached = count + registered(webhook_id), scan.place
        return ReplayResult(count, None if scan.is_complete else scan.place)

    def replay(self, wanted: DeliveryFilter, place: Place, budget: WorkBudget) -> ReplayResult:
        """Replay them, newest first for each webhook, a few side by side; raises StorageDown.

        After a failure some that are not counted may have been replayed. That does no harm: they are neither failed
        nor held any more, so a call that begins at the same place again leaves them out.
        """
        filter_ = _replayable(wanted)
        if filter_ is None:
            return ReplayResult(0, None)
        scan, registered = self._log.records(filter_, place=place, budget=budget), _Registered(self._webhooks, budget)
        replayed, reached = 0, place
        with ThreadPoolExecutor(_THREADS) as pool:
            found = ((scan.place, record) for _, record in scan if not record.forgotten)
            for part in batched(found, _THREADS, strict=False):
                if reached != place and budget.left() < (_TRANSACTIONS + 1) * len(part):
                    return ReplayResult(replayed, reached)
                records = [record for _, record in part if registered(record.webhook_id)]
                budget.spend(_TRANSACTIONS * len(records))
                each_side_by_side(pool, records, self._replay)
                replayed, reached = replayed + len(records), part[-1][0]
        return ReplayResult(replayed, None if scan.is_complete else scan.place)


class _Registered:
    """Tells whether a webhook is registered; the first question about each costs a transaction."""

    def __init__(self, webhooks: WebhookRegistry, budget: WorkBudget) -> None:
        self._webhooks = webhooks
        self._budget = budget
        self._known: dict[int, bool] = {}

    def is_cheap(self, webhook_id: int) -> bool:
        """Whether the answer is known, or within the budget."""
        return webhook_id in self._known or self._budget.left() > 0

    def __call__(self, webhook_id: int) -> bool:
        if webhook_id not in self._known:
            self._budget.spend()
            self._known[webhook_id] = self._webhooks.get(webhook_id) is not None
        return self._known[webhook_id]


def _replayable(wanted: DeliveryFilter) -> DeliveryFilter | None:
    """The filter for what is to be replayed; None if that is nothing."""
    states = tuple(state for state in wanted.states or _UNDONE if state is not DeliveryState.WAITING)
    return replace(wanted, states=states) if states else None
