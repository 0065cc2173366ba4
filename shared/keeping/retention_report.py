"""What a run of retention did: counted while it runs, and told in one line at its end. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.delivery.record import DeliveryState
from shared.delivery.waiting import WAITING_PREFIX

LINE_NAME = "retention"
UNDELIVERED = (DeliveryState.PENDING, DeliveryState.WAITING, DeliveryState.HELD, DeliveryState.FAILED)
"""States of deliveries that were dropped before they reached their receiver."""


@dataclass
class RetentionReport:
    """Counts of one run.

    `days` are the days of the log from which something went. `rows` are those removed, by table. `undelivered` are the
    deliveries among them that had not reached their receiver, by state. `never_dispatched` are the events among them
    that no webhook was ever asked for. `forgotten` are events that lost their contents, and `announced` those
    that were announced once more because their dispatch never began. `wake_ups` were made again, `put_back` are
    messages of poison queues. `stopped` says why nothing was removed at all, `failed` what ended the run early.
    """

    days: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    undelivered: Counter[str] = field(default_factory=Counter)
    never_dispatched: int = 0
    forgotten: int = 0
    announced: int = 0
    wake_ups: int = 0
    put_back: int = 0
    is_finished: bool = False
    stopped: str | None = None
    failed: str | None = None

    def count_deliveries(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Count rows of `deliveries` that were removed; they have their keys, `State` and `IsLogged`."""
        for row in rows:
            self.rows["deliveries"] += 1
            # A delivery that waits and has a record has two rows, and the record shows its state.
            is_second = row["RowKey"].startswith(WAITING_PREFIX) and row.get("IsLogged")
            if row.get("State") in UNDELIVERED and not is_second:
                self.undelivered[row["State"]] += 1

    def as_json(self) -> dict[str, object]:
        """The members of the line, without its name."""
        return {
            "days": self.days,
            "rows": {table: self.rows[table] for table in ("deliveries", "events", "eventlog", "lateevents", "audit")},
            "undelivered": {state.value: self.undelivered[state] for state in UNDELIVERED},
            "neverDispatched": self.never_dispatched,
            "forgotten": self.forgotten,
            "announced": self.announced,
            "wakeUps": self.wake_ups,
            "putBack": self.put_back,
            "finished": self.is_finished,
            "stopped": self.stopped,
            "failed": self.failed,
        }
