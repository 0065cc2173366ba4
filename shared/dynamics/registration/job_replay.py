"""A failed job replayed: the row that it was about is read again, and judged as the lost request would have been.

A failed job cannot be resumed (docs/sources/dynamics.md 2.8). The event has the id that the lost request would have
given it, so a job may be replayed any number of times.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from shared.dynamics.connection_created import ConnectionCreated, with_row
from shared.dynamics.connection_intake import ConnectionIntake, IntakeOutcome
from shared.dynamics.dataverse import find_connection
from shared.dynamics.organization import Organization
from shared.dynamics.registration.failed_jobs import FAILED, FailedJob
from shared.dynamics.registration.step import StepSlot
from shared.dynamics.values import EntityReference, id_or_none
from shared.errors import BadGateway, Conflict, Forbidden, Gone

_TABLE = "connection"
_REASONS = {
    IntakeOutcome.STORED: "the event is stored and will be delivered",
    IntakeOutcome.DUPLICATE: "the event was stored before",
    IntakeOutcome.IGNORED: "the connection does not link an opportunity with a user, in this direction",
}


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
    """Replays jobs of steps on Create of `connection`."""

    def __init__(self, organization: Organization, intake: ConnectionIntake) -> None:
        self._organization = organization
        self._intake = intake

    def replay(self, slot: StepSlot, job: FailedJob) -> ReplayResult:
        """Replay a job of a step in this slot.

        Raises Conflict if such a job cannot be replayed, Gone if its row no longer exists, BadGateway for an unusable
        row, and Unavailable in an outage of Dataverse, of the role directory or of storage.
        """
        if slot.key[:2] != ("create", _TABLE):
            raise Conflict("only jobs of a step on Create of connection can be replayed")
        if job.status != FAILED:
            raise Conflict("this job did not fail")
        if job.record_type is not None and job.record_type.lower() != _TABLE:
            return ReplayResult(IntakeOutcome.IGNORED.value, f"the job is about a row of {job.record_type}")
        row = find_connection(self._organization, job.record_id) if job.record_id else None
        if row is None or job.record_id is None:
            raise Gone("the connection that this job was about no longer exists")
        return self._accept(row, job.record_id, job.correlation_id)

    def _accept(self, row: Mapping[str, object], connection_id: str, correlation_id: str | None) -> ReplayResult:
        creator = id_or_none(row.get("_createdby_value"))
        connection = with_row(
            ConnectionCreated(self._organization.id, connection_id, creator or "", correlation_id), row
        )
        if connection is None:
            raise BadGateway("the row of a connection does not name its two records")
        if creator is None:
            return ReplayResult("refused", "the row does not say who created the connection")
        try:
            outcome = self._intake.accept(connection, _payload(connection))
        except Forbidden as refusal:
            return ReplayResult("refused", refusal.detail)
        is_stored = outcome is not IntakeOutcome.IGNORED
        return ReplayResult(outcome.value, _REASONS[outcome], connection.event_id if is_stored else None)


def _payload(connection: ConnectionCreated) -> bytes:
    """What is stored in place of the body that was lost: the same context, with as much as is known of it."""
    records = {"record1id": connection.record1, "record2id": connection.record2}
    attributes = {name: _reference(record) for name, record in records.items() if record}
    if connection.role_id:
        attributes["record2roleid"] = {"Id": connection.role_id, "LogicalName": "connectionrole"}
    target = {
        "Id": connection.connection_id,
        "LogicalName": _TABLE,
        "Attributes": [{"key": name, "value": value} for name, value in attributes.items()],
    }
    context: dict[str, object] = {
        "MessageName": "Create",
        "PrimaryEntityName": _TABLE,
        "PrimaryEntityId": connection.connection_id,
        "OrganizationId": connection.organization_id,
        "InitiatingUserId": connection.initiating_user_id,
        "CorrelationId": connection.correlation_id,
        "InputParameters": [{"key": "Target", "value": target}],
    }
    return json.dumps(context).encode()


def _reference(record: EntityReference) -> dict[str, str]:
    return {"Id": record.id, "LogicalName": record.logical_name}
