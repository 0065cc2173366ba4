"""How the hub is doing, for one screen: what is in the queues, the webhooks, and what waits for their receivers."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from shared.delivery.pace.blocked import BLOCKED_PARTITION, parse_entry
from shared.delivery.pace.circuit import Blocked
from shared.delivery.pace.parking import Parking
from shared.delivery.record import DELIVERIES_TABLE
from shared.delivery.redrive import POISON_SUFFIX, QUEUES, UNDISPATCHED_QUEUES
from shared.delivery.waiting import WaitingDelivery
from shared.health import message_counts, oldest_message_seconds
from shared.storage.account import StorageAccount
from shared.storage.paging import BEGINNING
from shared.storage.query import Query
from shared.storage.scan import Scan, WorkBudget
from shared.storage.tables import Row
from shared.timestamps import utc_z
from shared.webhooks.counts import AFTER_IDS
from shared.webhooks.rows import PARTITION, USAGE_TABLE, WEBHOOKS_TABLE
from shared.webhooks.stats import Counts, counts_of, last_hours, merged, slot_column
from shared.webhooks.webhook import WebhookState

MAX_BLOCKED = 100
"""Of so many webhooks that cannot be called now the status tells, the ones that can be called last."""

_PAGE = 1000
_PAGES = 100
_LOOKS = 50
_PARALLEL = 8
_USAGE_COLUMNS = ("Reason", "Until", "WakeDue", "Idle", "FailingSince")


@dataclass(frozen=True)
class Status:
    """How the hub is doing at a moment of storage's clock.

    `queues` and `poison` count messages, by the names of the queues. `webhooks` counts them by their states. `blocked`
    are webhooks that cannot be called now, by their ids, `blocked_count` how many there are. `oldest_waiting` is the
    delivery that has waited for longest. `this_hour` and `hour_before` are how attempts ended in the hour of that
    moment and in the one before. `is_complete` says that all was looked at: a hub of very many webhooks is told in
    part.
    """

    at: datetime
    queues: Mapping[str, int]
    poison: Mapping[str, int]
    oldest_undispatched_seconds: int | None
    webhooks: Mapping[WebhookState, int]
    blocked: Mapping[int, Blocked]
    blocked_count: int
    oldest_waiting: WaitingDelivery | None
    this_hour: Counts
    hour_before: Counts
    is_complete: bool

    def as_json(self) -> dict[str, object]:
        """The status for scripts."""
        waiting = self.oldest_waiting
        return {
            "at": utc_z(self.at),
            "queues": {name: {"waiting": count, "poison": self.poison[name]} for name, count in self.queues.items()},
            "oldestUndispatchedSeconds": self.oldest_undispatched_seconds,
            "webhooks": {state.value: count for state, count in self.webhooks.items()},
            "blockedWebhooks": self.blocked_count,
            "blocked": [
                {"webhookId": id_, "reason": entry.reason.value, "until": utc_z(entry.until)}
                for id_, entry in self.blocked.items()
            ],
            "oldestWaiting": waiting
            and {
                "webhookId": waiting.webhook_id,
                "eventId": waiting.event_id,
                "event": waiting.event_type,
                "reason": waiting.reason.value,
                "since": utc_z(waiting.parked_at),
                "until": utc_z(waiting.until),
            },
            "attempts": {"thisHour": _attempts(self.this_hour), "hourBefore": _attempts(self.hour_before)},
            "isComplete": self.is_complete,
        }


def hub_status(storage: StorageAccount) -> Status:
    """Look at everything, within 170 storage transactions and about 10 s. Raises StorageDown.

    What waits is looked for at up to 50 webhooks: those first that have failed for longest.
    """
    budget, at = WorkBudget(transactions=_PAGES), storage.now()
    hour_before, this_hour = last_hours(at, 2)
    queues = message_counts(storage, QUEUES)
    poison = {name: count for name, count in zip(QUEUES, message_counts(storage, _poison()).values(), strict=True)}
    undispatched = oldest_message_seconds(storage, UNDISPATCHED_QUEUES)
    states, has_all_states = _states(storage, budget)
    columns = (*_USAGE_COLUMNS, slot_column(hour_before), slot_column(this_hour))
    rows, has_all_rows = _scanned(storage, USAGE_TABLE, Query(), columns, budget)
    blocked = {int(row["RowKey"]): parse_entry(row) for row in rows if row["PartitionKey"] == BLOCKED_PARTITION}
    asked = _perhaps_waiting(rows)
    shown = sorted(blocked, key=lambda id_: blocked[id_].until, reverse=True)[:MAX_BLOCKED]
    return Status(
        at=at,
        queues=queues,
        poison=poison,
        oldest_undispatched_seconds=undispatched,
        webhooks=states,
        blocked={id_: blocked[id_] for id_ in shown},
        blocked_count=len(blocked),
        oldest_waiting=_oldest_waiting(Parking(storage.table(DELIVERIES_TABLE)), asked[:_LOOKS]),
        this_hour=merged(counts_of(row, this_hour) for row in rows),
        hour_before=merged(counts_of(row, hour_before) for row in rows),
        is_complete=has_all_states and has_all_rows and len(asked) <= _LOOKS,
    )


def _poison() -> list[str]:
    return [name + POISON_SUFFIX for name in QUEUES]


def _states(storage: StorageAccount, budget: WorkBudget) -> tuple[dict[WebhookState, int], bool]:
    wanted = Query().where("PartitionKey eq", PARTITION).where("RowKey lt", AFTER_IDS)
    rows, is_complete = _scanned(storage, WEBHOOKS_TABLE, wanted, ["State"], budget)
    found = Counter(WebhookState(row["State"]) for row in rows)
    return {state: found[state] for state in WebhookState if state is not WebhookState.UNKNOWN}, is_complete


def _scanned(
    storage: StorageAccount, table: str, wanted: Query, columns: Sequence[str], budget: WorkBudget
) -> tuple[list[Row], bool]:
    """The rows with these columns and their keys, and whether these are all."""
    parse: Callable[[Row], Row] = dict
    scan = Scan(storage.table(table), [(BEGINNING, wanted)], parse, budget=budget, page_size=_PAGE, select=columns)
    return [row for _, row in scan], scan.is_complete


def _perhaps_waiting(rows: Sequence[Row]) -> list[int]:
    """The webhooks for which a wake-up is under way, those first for which something is most likely to wait long."""
    awaited = [row for row in rows if row.get("WakeDue")]
    # Texts of times compare as the times do; one that is empty, or missing, comes last.
    awaited.sort(key=lambda row: (bool(row.get("Idle")), row.get("FailingSince") or "~", row["WakeDue"]))
    return [int(row["PartitionKey"]) for row in awaited]


def _oldest_waiting(parking: Parking, webhook_ids: Sequence[int]) -> WaitingDelivery | None:
    with ThreadPoolExecutor(_PARALLEL) as pool:
        found = [one for part in pool.map(lambda id_: parking.oldest(id_, 1), webhook_ids) for one in part]
    return min(found, key=lambda one: one.parked_at, default=None)


def _attempts(counts: Counts) -> dict[str, object]:
    return {"delivered": counts.delivered, "failed": counts.failed, "classes": dict(counts.classes)}
