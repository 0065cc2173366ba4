"""A failed job replayed: the row that it was about is read again, and judged as the lost request would have been.

A failed job cannot be resumed (docs/sources/dynamics.md 2.8). The event has the id that the lost request would have
given it, so a job may be replayed as often as one likes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from shared.dynamics.connection import ConnectedRecords, event_id, records_from_row
from shared.dynamics.connection_intake import ConnectionIntake, IntakeOutcome
from shared.dynamics.dataverse import find_connection
from shared.dynamics.organization import Organization
from shared.dynamics.registration.failed_jobs import FAILED, FailedJob
from shared.dynamics.registration.step import StepSlot
from shared.dynamics.values import EntityReference
from shared.errors import BadGateway, Conflict, Forbidden, Gone

_TABLE = "connection"
_REASONS = {
    IntakeOutcome.STORED: "the event is stored and will be delivered",
    IntakeOutcome.DUPLICATE: "the event was stored before",
    IntakeOutcome.IGNORED: "the connection is not one of an opportunity with a user, in this direction",
}


@dataclass(frozen=True)
class ReplayResult:
    """What became of a job: `stored`, `duplicate`, `ignored` or `refused`, and why; `event_id` for the first two."""

    outcome: str
    reason: str
    event_id: str | None = None

    def as_json(self) -> dict[str, object]:
        """The replay as the registration API shows it."""
        return {"outcome": self.outcome, "eventId": self.event_id, "reason": self.reason}


class JobReplay:
    """Replays jobs of steps on Create of `connection`."""

    def __init__(self, organization: Organization, intake: ConnectionIntake) -> None:
        self._organization = organization
        self._intake = intake

    def replay(self, place: StepSlot, job: FailedJob) -> ReplayResult:
        """Replay a job of a step at this place.

        Raises Conflict where that is not possible for such a job, Gone where its row is not there any more, and
        Unavailable in an outage: of Dataverse, of the role directory, or of storage.
        """
        if place.key[:2] != ("create", _TABLE):
            raise Conflict("only jobs of a step on Create of connection can be replayed")
        if job.status != FAILED:
            raise Conflict("this job did not fail")
        if job.record_type is not None and job.record_type.lower() != _TABLE:
            return ReplayResult(IntakeOutcome.IGNORED.value, f"the job is about a row of {job.record_type}")
        row = find_connection(self._organization, job.record_id) if job.record_id else None
        if row is None or job.record_id is None:
            raise Gone("the connection that this job was about is not there any more")
        return self._take(row, job.record_id, job.correlation_id)

    def _take(self, row: Mapping[str, object], connection_id: str, correlation_id: str | None) -> ReplayResult:
        records, creator = records_from_row(row), row.get("_createdby_value")
        if records is None:
            raise BadGateway("the row of a connection does not name its two records")
        if not isinstance(creator, str):
            return ReplayResult("refused", "the row does not say who created the connection")
        organization_id = self._organization.id
        body = _request(organization_id, connection_id, creator, correlation_id, records)
        try:
            outcome = self._intake.receive(body, trimmed=False)
        except Forbidden as refusal:
            return ReplayResult("refused", refusal.detail)
        is_stored = outcome is not IntakeOutcome.IGNORED
        id_ = event_id(organization_id, connection_id) if is_stored else None
        return ReplayResult(outcome.value, _REASONS[outcome], id_)


def _request(
    organization_id: str, connection_id: str, creator: str, correlation_id: str | None, records: ConnectedRecords
) -> bytes:
    """The body of the lost request, as far as the hub looks at it."""
    attributes = {"record1id": _reference(records.record1), "record2id": _reference(records.record2)}
    if records.role_id:
        attributes["record2roleid"] = {"Id": records.role_id, "LogicalName": "connectionrole"}
    target = {
        "Id": connection_id,
        "LogicalName": _TABLE,
        "Attributes": [{"key": name, "value": value} for name, value in attributes.items()],
    }
    request: dict[str, object] = {
        "MessageName": "Create",
        "PrimaryEntityName": _TABLE,
        "PrimaryEntityId": connection_id,
        "OrganizationId": organization_id,
        "InitiatingUserId": creator,
        "CorrelationId": correlation_id,
        "InputParameters": [{"key": "Target", "value": target}],
    }
    return json.dumps(request).encode()


def _reference(record: EntityReference) -> dict[str, str]:
    return {"Id": record.id, "LogicalName": record.logical_name}
