"""A failed job replayed: the row that it was about is read again, and judged as the lost request would have been.

A failed job cannot be resumed (docs/sources/dynamics.md 2.8). The event has an id that follows from the job, and for
created and deleted rows the very id that the lost request would have given it, so a job may be replayed any number of
times.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.dynamics.connection_created import is_created_connection, records_in_row
from shared.dynamics.dataverse import Rows
from shared.dynamics.flattening import contract_columns, without_long_columns
from shared.dynamics.intake import DataverseIntake, IntakeOutcome
from shared.dynamics.organization import Organization
from shared.dynamics.registration.failed_jobs import FAILED, FailedJob
from shared.dynamics.registration.step import StepSlot
from shared.dynamics.values import id_or_none
from shared.errors import BadGateway, Conflict, ContentTooLarge, Forbidden, Gone
from shared.events.event import Event
from shared.exact_json import dump_json

_REPLAYED = ("create", "update", "delete")
_DELETE = "delete"
_REASONS = {
    IntakeOutcome.STORED: "the event is stored and will be delivered",
    IntakeOutcome.DUPLICATE: "the event was stored before",
}
_IGNORED_CONNECTION = "the connection does not link an opportunity with a user, in this direction"
_NOT_TAKEN = "DYNAMICS_EVENTS does not take this event"


@dataclass(frozen=True)
class ReplayResult:
    """What became of a job: `stored`, `duplicate`, `ignored` or `refused`, and why; `event_id` for the first two."""

    outcome: str
    reason: str
    event_id: str | None = None

    def as_json(self) -> dict[str, object]:
        """The result as the registration API shows it."""
        return {"outcome": self.outcome, "eventId": self.event_id, "reason": self.reason}


class JobReplay:
    """Replays jobs of steps on Create, Update and Delete."""

    def __init__(self, organization: Organization, intake: DataverseIntake) -> None:
        self._organization = organization
        self._rows = Rows(organization)
        self._intake = intake

    def replay(self, slot: StepSlot, job: FailedJob) -> ReplayResult:
        """Replay a job of a step in this slot.

        Raises Conflict if such a job cannot be replayed, Gone if its row no longer exists, BadGateway for an unusable
        row, and Unavailable in an outage of Dataverse, of the role directory or of storage.
        """
        message, table, _ = slot.key
        if message not in _REPLAYED or not table:
            raise Conflict("only jobs of a step on Create, Update or Delete of a table can be replayed")
        if job.status != FAILED:
            raise Conflict("this job did not fail")
        if job.record_type is not None and job.record_type.lower() != table:
            return ReplayResult(IntakeOutcome.IGNORED.value, f"the job is about a row of {job.record_type}")
        if job.record_id is None:
            raise Gone("Dataverse no longer says which row this job was about")
        row: Mapping[str, object] = {}
        if message != _DELETE:
            found = self._rows.find(table, job.record_id)
            if found is None:
                raise Gone(f"the row of {table} that this job was about no longer exists")
            row = found
        return self._accept(slot, job, job.record_id, row)

    def _accept(self, slot: StepSlot, job: FailedJob, row_id: str, row: Mapping[str, object]) -> ReplayResult:
        message, table, _ = slot.key
        is_connection = is_created_connection(message, table)
        if is_connection and records_in_row(row) is None:
            raise BadGateway("the row of a connection does not name its two records")
        creator = id_or_none(row.get("_createdby_value")) if is_connection else job.created_by
        if creator is None:
            told = "the row does not say who created the connection" if is_connection else "the job has no creator"
            return ReplayResult("refused", told)
        try:
            outcome, event = self._replay(slot, job, row_id, row, creator)
        except Forbidden as refusal:
            return ReplayResult("refused", refusal.detail)
        if event is None:
            return ReplayResult(outcome.value, _IGNORED_CONNECTION if is_connection else _NOT_TAKEN)
        return ReplayResult(outcome.value, _REASONS[outcome], event.id)

    def _replay(
        self, slot: StepSlot, job: FailedJob, row_id: str, row: Mapping[str, object], creator: str
    ) -> tuple[IntakeOutcome, Event | None]:
        document = self._context(slot, job, row_id, row, creator)
        try:
            return self._intake.replay(document, dump_json(document).encode(), job_id=job.id)
        except ContentTooLarge:
            # A note's attachment, for example: the rest of its row is worth more than nothing.
            short = self._context(slot, job, row_id, without_long_columns(row), creator)
            return self._intake.replay(short, dump_json(short).encode(), job_id=job.id)

    def _context(
        self, slot: StepSlot, job: FailedJob, row_id: str, row: Mapping[str, object], creator: str
    ) -> dict[str, object]:
        """The request that was lost, with as much as is known of it; it is also stored in its place."""
        columns, formatted = contract_columns(row)
        _, table, _ = slot.key
        target: dict[str, object] = {"Id": row_id, "LogicalName": table}
        if row:
            target |= {"Attributes": _pairs(columns), "FormattedValues": _pairs(formatted)}
        return {
            "MessageName": slot.message,
            "PrimaryEntityName": table,
            "PrimaryEntityId": row_id,
            "OrganizationId": self._organization.id,
            "InitiatingUserId": creator,
            "CorrelationId": job.correlation_id,
            "OperationId": job.id,
            "InputParameters": _pairs({"Target": target}),
        }


def _pairs(values: Mapping[str, object]) -> list[dict[str, object]]:
    return [{"key": name, "value": value} for name, value in values.items()]
