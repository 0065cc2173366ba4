"""One run of retention: removes what was kept for long enough, and makes again what was lost on the way.

Every step may be done twice, and by two instances at once: what goes is found by its age, not by what an earlier step
noted. So a run that dies leaves nothing that the next one does not find (docs/retention.md "Two runs at once").
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared.audit.log import AUDIT_TABLE
from shared.cache import Clock
from shared.deadline import deadline
from shared.errors import HubError
from shared.events.late import LATE_EVENTS_TABLE
from shared.keeping.event_look import EventLook
from shared.keeping.expiry import Expiry
from shared.keeping.old_contents import OldContents
from shared.keeping.repair import Repair
from shared.keeping.retention_report import LINE_NAME, RetentionReport
from shared.keeping.retention_rules import RetentionRules, UnusableRetention
from shared.storage.scan import WorkBudget
from shared.telemetry.lines import tell

RUN_SECONDS = 240.0
"""The platform ends a function after five minutes."""

_REPAIR_SECONDS = 45.0
_REMOVE_SECONDS = 180.0
"""By then, counted from the beginning of the run, removing makes room for the look through `events`."""
_LAST_CALL_SECONDS = 20.0
_ANY_NUMBER = 10**9

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Retention:
    """`days` and `payload_days` are the texts of RETENTION_DAYS and RETENTION_PAYLOAD_DAYS, right or wrong.

    `now` returns the time by the storage service's clock, `clock` seconds that only grow. `seconds` is how long a run
    may take.
    """

    days: str
    payload_days: str
    repair: Repair
    expiry: Expiry
    contents: OldContents
    look: EventLook
    now: Callable[[], datetime]
    clock: Clock = time.monotonic
    seconds: float = RUN_SECONDS

    def run(self) -> RetentionReport:
        """Run once, and say in one line what was done; raises Unavailable in an outage, after the line."""
        report, began = RetentionReport(), self.clock()
        try:
            with deadline(self.seconds + _LAST_CALL_SECONDS):
                report.is_finished = self._run(report)
        except HubError as error:
            report.failed = error.detail
            raise
        finally:
            self._tell(report, self.clock() - began)
        return report

    def _run(self, report: RetentionReport) -> bool:
        repairing, removing, whole = map(self._budget, (_REPAIR_SECONDS, _REMOVE_SECONDS, RUN_SECONDS))
        is_repaired = self.repair.run(repairing, report)
        now = self.now()
        rules = self._rules(report)
        # Where the settings make no sense, all is kept as if they were 0.
        kept = rules or RetentionRules(0, 0)
        kept_from, contents_from, audit_from = kept.kept_from(now), kept.contents_from(now), kept.audit_from(now)
        is_removed = kept_from is None or self._remove(kept_from, removing, report)
        is_forgotten = contents_from is None or self.contents.forget_listed(contents_from, removing, report)
        is_audit_removed = audit_from is None or self.expiry.remove_rows(AUDIT_TABLE, audit_from, removing, report)
        # It takes what is old for what the log does not have, so the log must be done.
        kept_from, contents_from = kept_from if is_removed else None, contents_from if is_forgotten else None
        is_looked = self.look.run(now, kept_from, contents_from, whole, report, due_before=kept.due_before(now))
        return is_repaired and is_removed and is_forgotten and is_audit_removed and is_looked

    def _remove(self, kept_from: datetime, budget: WorkBudget, report: RetentionReport) -> bool:
        # Those who follow find nothing at the row of the log that one of `lateevents` names, until that goes too.
        is_removed = self.expiry.remove_events(kept_from, budget, report)
        return is_removed and self.expiry.remove_rows(LATE_EVENTS_TABLE, kept_from, budget, report)

    def _budget(self, seconds: float) -> WorkBudget:
        return WorkBudget(transactions=_ANY_NUMBER, seconds=self.seconds * seconds / RUN_SECONDS, clock=self.clock)

    def _rules(self, report: RetentionReport) -> RetentionRules | None:
        try:
            return RetentionRules.parse(self.days, self.payload_days)
        except UnusableRetention as error:
            report.stopped = str(error)
            tell(log, "retention.refused", {"detail": str(error)}, logging.ERROR)
            return None

    def _tell(self, report: RetentionReport, seconds: float) -> None:
        level = logging.INFO if report.is_finished else logging.WARNING
        tell(log, LINE_NAME, {**report.as_json(), "seconds": round(seconds, 1)}, level)
