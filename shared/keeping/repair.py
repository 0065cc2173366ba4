"""Makes again every night what was lost on the way, so that nothing waits for somebody to look."""

from dataclasses import dataclass

from shared.delivery.pace.gate import PaceGate
from shared.delivery.redrive import redrive
from shared.keeping.retention_report import RetentionReport
from shared.storage.account import StorageAccount
from shared.storage.scan import WorkBudget


@dataclass(frozen=True)
class Repair:
    """Wake-ups that are overdue, and messages of the hub's own in poison queues."""

    storage: StorageAccount
    gate: PaceGate

    def run(self, budget: WorkBudget, report: RetentionReport) -> bool:
        """True if all was made again, False if the budget ended before; raises StorageDown."""
        for webhook_id in self.gate.store.overdue():
            if not budget.left():
                return False
            self.gate.ensure_not_lost(webhook_id)
            report.wake_ups += 1
        for done in redrive(self.storage, dry_run=False, budget=budget):
            report.put_back += done.put_back
        return bool(budget.left())
