"""How Dataverse calls a webhook: the request, one more attempt if that is due, and the job that a failure leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import uuid4

import requests

from tests.dynamics.samples import SAMPLE_CONNECTION, attribute, sample_with
from tests.fakes.dataverse.sender import NotSent, target_of
from tests.fakes.dataverse.tables import LOOKUP_TABLE, Row, metadata_id

FAILED, SUCCEEDED = 31, 30
_NON_SUCCESS, _POST_FAILED = -2147155455, -2147155451
_TRIED_AGAIN = {502, 503, 504}


@dataclass(frozen=True)
class Created:
    """A connection that was created: its row, by whom, and in which organization."""

    id: str
    record1: tuple[str, str]
    record2: tuple[str, str]
    user: str
    organization: str


@dataclass(frozen=True)
class Outcome:
    """The outcome of a call: `error_code` is None for a success."""

    error_code: int | None = None
    message: str | None = None


class EndpointUnavailable(Exception):
    """What users see if a synchronous step has stopped their save."""


def steps_on_create(rows: Mapping[str, Mapping[str, Row]]) -> list[Row]:
    """The steps that are called when a connection is created."""
    place = (metadata_id("Create"), metadata_id("Create", "connection"))
    return [
        step
        for step in rows.get("sdkmessageprocessingsteps", {}).values()
        if step["statecode"] == 0 and (step["_sdkmessageid_value"], step["_sdkmessagefilterid_value"]) == place
    ]


def run_step(step: Row, endpoint: Row, authvalue: str, created: Created, hosts: Mapping[str, str]) -> Row | None:
    """Call the webhook of a step, and return the job that stays; raises EndpointUnavailable if a user waits for it."""
    outcome = call(endpoint, authvalue, request_body(created, step), hosts)
    if step["mode"] == 0:
        if outcome.error_code is not None:
            raise EndpointUnavailable(outcome.message)
        return None
    is_kept = outcome.error_code is not None or not step["asyncautodelete"]
    return job_row(step, created, outcome) if is_kept else None


def request_body(created: Created, step: Row) -> bytes:
    """The body for one of the two requests that a connection makes."""
    body = SAMPLE_CONNECTION
    changes: dict[tuple[str | int, ...], object] = {
        ("PrimaryEntityId",): created.id,
        ("InitiatingUserId",): created.user,
        ("OrganizationId",): created.organization,
        ("OwningExtension", "Id"): step["sdkmessageprocessingstepid"],
        ("Mode",): step["mode"],
        (*attribute("record1id"), "LogicalName"): created.record1[0],
        (*attribute("record1id"), "Id"): created.record1[1],
        (*attribute("record2id"), "LogicalName"): created.record2[0],
        (*attribute("record2id"), "Id"): created.record2[1],
    }
    for path, value in changes.items():
        body = sample_with(value, *path, body=body)
    return body


def call(endpoint: Row, authvalue: str, body: bytes, hosts: Mapping[str, str]) -> Outcome:
    """Call the webhook, twice if that is due. `hosts` says at which address an origin is, as a name server would."""
    try:
        url, headers = target_of(endpoint, authvalue)
    except NotSent as exc:
        return Outcome(exc.error_code, str(exc))
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    there = url.replace(origin, hosts.get(origin, origin), 1)
    first, is_tried_again = _attempt(there, url, headers, body)
    if not is_tried_again:
        return first
    second, _ = _attempt(there, url, headers, body)
    # Whatever the second failure is, the code is this one, and the text names both failures.
    return second if second.error_code is None else Outcome(_POST_FAILED, f"{first.message}; {second.message}")


def _attempt(there: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[Outcome, bool]:
    """The outcome of one request, and whether another attempt is due."""
    try:
        sent = {"Content-Type": "application/json", **headers}
        status = requests.post(there, body, headers=sent, timeout=60, allow_redirects=False).status_code
    except requests.RequestException as exc:
        return Outcome(_POST_FAILED, f"Failed during http post to {url}: {type(exc).__name__}"), False
    if status in range(200, 300):
        return Outcome(), False
    failure = Outcome(_NON_SUCCESS, f"Non success http status code: {status} received from {url}")
    return failure, status in _TRIED_AGAIN


def job_row(step: Row, created: Created, outcome: Outcome) -> Row:
    """The system job of an asynchronous step."""
    has_failed = outcome.error_code is not None
    return {
        "asyncoperationid": str(uuid4()),
        "_createdby_value": created.user,
        "name": step["name"],
        "friendlymessage": None,
        "message": outcome.message,
        "errorcode": outcome.error_code,
        "completedon": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "statecode": 3,
        "statuscode": FAILED if has_failed else SUCCEEDED,
        "correlationid": str(uuid4()),
        "primaryentitytype": "connection",
        "_regardingobjectid_value": created.id,
        f"_regardingobjectid_value{LOOKUP_TABLE}": "connection",
        "_owningextensionid_value": step["sdkmessageprocessingstepid"],
    }
