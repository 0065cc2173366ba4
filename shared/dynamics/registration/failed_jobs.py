"""Failed system jobs: requests of asynchronous steps that a webhook did not accept.

Source: docs/sources/dynamics.md 1.6, 2.7, 2.8.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from pydantic import BaseModel, Field, ValidationError

from shared.dynamics.message_secrets import without_secrets
from shared.dynamics.organization import Organization
from shared.dynamics.registration.failure_kind import FailureKind, failure_kind
from shared.dynamics.values import Guid
from shared.errors import BadGateway, NotFound
from shared.odata import query_string
from shared.timestamps import utc_z

JOBS = "asyncoperations"
FAILED = 31
MAX_JOBS = 500

_COLUMNS = (
    "asyncoperationid,name,friendlymessage,errorcode,message,completedon,statuscode,correlationid,primaryentitytype,"
    "_regardingobjectid_value,_owningextensionid_value,_createdby_value"
)
_REGARDING_TABLE = "_regardingobjectid_value@Microsoft.Dynamics.CRM.lookuplogicalname"

# docs/sources/dynamics.md 1.6 and 1.8. A request that Dataverse sends twice, after 502, 503 or 504, ends as 0x80050205
# however the second attempt fails. So that is the code of a receiver's outage, and not 0x80050201.
EXPLANATIONS: Mapping[str, str] = {
    "0x80050201": "the receiver answered with a status other than 200 to 299; the message says which",
    "0x80050202": "the receiver did not answer within 60 s",
    "0x80050203": "Dataverse could not make the headers from the webhook's authentication: register it again",
    "0x80050204": "Dataverse could not make the query from the webhook's authentication: register it again",
    "0x80050205": "the request could not be sent (name, connection or TLS), or was answered 502, 503 or 504 and then "
    "failed again; the message says which",
    "0x80050206": "webhooks are switched off in this organization",
    "0x80050207": "the request was too large, even without its record",
}


@dataclass(frozen=True)
class FailedJob:
    """One job. `record_id` is the id of the row that it was about, None if Dataverse no longer says so.

    `status` is FAILED for jobs that were listed; a job that was looked up can have another one.
    """

    id: str
    name: str | None
    step_id: str | None
    status: int
    completed_on: str | None
    error_code: str | None
    message: str | None
    friendly_message: str | None
    record_id: str | None
    record_type: str | None
    correlation_id: str | None
    created_by: str | None = None
    kind: FailureKind = FailureKind.UNKNOWN

    def as_json(self) -> dict[str, object]:
        """The job as the registration API shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "completedOn": self.completed_on,
            "errorCode": self.error_code,
            "kind": self.kind.value,
            "explanation": EXPLANATIONS.get(self.error_code or ""),
            "message": self.message,
            "friendlyMessage": self.friendly_message,
            "recordId": self.record_id,
            "recordType": self.record_type,
        }


class FailedJobs:
    """Reads jobs. Every method raises what Organization does."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization

    def of(
        self,
        step_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        top: int | None = None,
        kind: FailureKind | None = None,
        secrets: Sequence[str] = (),
    ) -> Iterator[FailedJob]:
        """Failed jobs of a step, newest first: `top` of them or all, of one kind or any.

        They completed at `since` or later, and at `until` or earlier.
        A message that repeats one of `secrets`, those in the webhook's address, is not shown.
        """
        conditions = [f"statuscode eq {FAILED}", f"_owningextensionid_value eq {step_id}"]
        if since is not None:
            conditions.append(f"completedon ge {utc_z(since)}")
        if until is not None:
            conditions.append(f"completedon le {utc_z(until)}")
        options = {"$select": _COLUMNS, "$filter": " and ".join(conditions), "$orderby": "completedon desc"}
        if top is not None and kind is None:
            options["$top"] = str(top)
        rows = self._organization.list(JOBS + query_string(options))
        found = (parse_job_row(row, secrets) for row in rows)
        # Dataverse knows no kinds, so pages are read until there are enough jobs of this one.
        return found if kind is None else islice((job for job in found if job.kind is kind), top)

    def get(self, step_id: str, id_: str) -> FailedJob:
        """The job with this id, failed or not; raises NotFound, also for a job of another step."""
        row = self._organization.find(f"{JOBS}({id_})" + query_string({"$select": _COLUMNS}))
        job = None if row is None else parse_job_row(row)
        if job is None or job.step_id != step_id:
            raise NotFound("this step has no job with this id")
        return job


class _Row(BaseModel):
    id: Guid = Field(alias="asyncoperationid")
    name: str | None = None
    step_id: Guid | None = Field(None, alias="_owningextensionid_value")
    statuscode: int
    completedon: str | None = None
    errorcode: int | None = None
    message: str | None = None
    friendlymessage: str | None = None
    record_id: Guid | None = Field(None, alias="_regardingobjectid_value")
    record_type: str | None = Field(None, alias=_REGARDING_TABLE)
    primaryentitytype: str | None = None
    correlationid: Guid | None = None
    created_by: Guid | None = Field(None, alias="_createdby_value")


def parse_job_row(row: Mapping[str, object], secrets: Sequence[str] = ()) -> FailedJob:
    """The job in a row, without these secrets; raises BadGateway for an unusable row."""
    try:
        found = _Row.model_validate(dict(row))
    except ValidationError:
        raise BadGateway("Dataverse answered with a row that is not a system job") from None
    error_code = None if found.errorcode is None else hex_code(found.errorcode)
    return FailedJob(
        id=found.id,
        name=found.name,
        step_id=found.step_id,
        status=found.statuscode,
        completed_on=found.completedon,
        error_code=error_code,
        message=_shown(found.message, secrets),
        friendly_message=_shown(found.friendlymessage, secrets),
        record_id=found.record_id,
        record_type=found.record_type or found.primaryentitytype,
        correlation_id=found.correlationid,
        created_by=found.created_by,
        # By the message as it came: what is shown may be hidden.
        kind=failure_kind(error_code, f"{found.message or ''}\n{found.friendlymessage or ''}"),
    )


def hex_code(number: int) -> str:
    """A code as Microsoft's lists write it; Dataverse has it as a signed number, -2147155455 for 0x80050201."""
    return f"0x{number & 0xFFFFFFFF:08x}"


def _shown(message: str | None, secrets: Sequence[str]) -> str | None:
    # A message about a request can repeat its address, and the address holds the key. Cut out of an address, the key
    # takes nothing else of the message with it; so that is done first.
    return None if message is None else without_secrets(without_secrets(message), secrets)
