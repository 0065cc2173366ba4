"""How Dataverse calls a webhook: the request, one more attempt if that is due, and the job that a failure leaves."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit
from uuid import uuid4

import requests

from tests.dynamics.contexts import body, entity, pairs, untyped, update
from tests.dynamics.samples import SAMPLE_CONNECTION, attribute, sample_with
from tests.fakes.dataverse.sender import NotSent, target_of
from tests.fakes.dataverse.tables import LOOKUP_TABLE, Row, metadata_id

FAILED, SUCCEEDED = 31, 30
STEP_KEY = "sdkmessageprocessingstepid"
_NON_SUCCESS, _POST_FAILED = -2147155455, -2147155451
_TRIED_AGAIN = {502, 503, 504}


class Operation(Protocol):
    """What somebody did to a row."""

    id: str
    table: str
    user: str

    def body(self, step: Row) -> bytes:
        """The body of the request that tells a step of it."""
        ...


@dataclass
class Created:
    """A connection that was created: its row, by whom, and in which organization."""

    id: str
    record1: tuple[str, str]
    record2: tuple[str, str]
    user: str
    organization: str
    table: str = "connection"

    def body(self, step: Row) -> bytes:
        """The sample, with what is this connection's own."""
        return request_body(self, step)


@dataclass
class Updated:
    """A row that was changed: its new values and those of before, in the shapes of a request."""

    id: str
    table: str
    columns: Mapping[str, object]
    before: Mapping[str, object]
    user: str
    organization: str
    images: Sequence[Row] = ()

    def body(self, step: Row) -> bytes:
        """An Update, with the pre-images that the step has, each of the columns that it asks for."""
        own = [image for image in self.images if image["_sdkmessageprocessingstepid_value"] == step[STEP_KEY]]
        pre = {str(image["entityalias"]): untyped(entity(self.id, self._asked(image), self.table)) for image in own}
        document = update(
            self.columns,
            table=self.table,
            row_id=self.id,
            InitiatingUserId=self.user,
            OrganizationId=self.organization,
            Mode=step["mode"],
            PreEntityImages=pairs(pre),
            CorrelationId=str(uuid4()),
        )
        return body(document)

    def _asked(self, image: Row) -> Mapping[str, object]:
        asked = str(image.get("attributes") or "").split(",")
        return {name: value for name, value in self.before.items() if asked == [""] or name in asked}


@dataclass(frozen=True)
class Outcome:
    """The outcome of a call: `error_code` is None for a success."""

    error_code: int | None = None
    message: str | None = None


class EndpointUnavailable(Exception):
    """What users see if a synchronous step has stopped their save."""


def steps_on_create(rows: Mapping[str, Mapping[str, Row]]) -> list[Row]:
    """The steps that are called when a connection is created."""
    return _steps_on("Create", "connection", rows)


def steps_on_update(table: str, columns: Collection[str], rows: Mapping[str, Mapping[str, Row]]) -> list[Row]:
    """The steps that are called when these columns of a row are changed."""

    def waits_for_others(step: Row) -> bool:
        awaited = {*str(step.get("filteringattributes") or "").split(",")} - {""}
        return bool(awaited) and awaited.isdisjoint(columns)

    return [step for step in _steps_on("Update", table, rows) if not waits_for_others(step)]


def _steps_on(message: str, table: str, rows: Mapping[str, Mapping[str, Row]]) -> list[Row]:
    place = (metadata_id(message), metadata_id(message, table))
    return [
        step
        for step in rows.get("sdkmessageprocessingsteps", {}).values()
        if step["statecode"] == 0 and (step["_sdkmessageid_value"], step["_sdkmessagefilterid_value"]) == place
    ]


def run_step(step: Row, endpoint: Row, authvalue: str, done: Operation, hosts: Mapping[str, str]) -> Row | None:
    """Call the webhook of a step, and return the job that stays; raises EndpointUnavailable if a user waits for it."""
    outcome = call(endpoint, authvalue, done.body(step), hosts)
    if step["mode"] == 0:
        if outcome.error_code is not None:
            raise EndpointUnavailable(outcome.message)
        return None
    is_kept = outcome.error_code is not None or not step["asyncautodelete"]
    return job_row(step, done, outcome) if is_kept else None


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


def job_row(step: Row, done: Operation, outcome: Outcome) -> Row:
    """The system job of an asynchronous step."""
    has_failed = outcome.error_code is not None
    return {
        "asyncoperationid": str(uuid4()),
        "_createdby_value": done.user,
        "name": step["name"],
        "friendlymessage": None,
        "message": outcome.message,
        "errorcode": outcome.error_code,
        "completedon": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "statecode": 3,
        "statuscode": FAILED if has_failed else SUCCEEDED,
        "correlationid": str(uuid4()),
        "primaryentitytype": done.table,
        "_regardingobjectid_value": done.id,
        f"_regardingobjectid_value{LOOKUP_TABLE}": done.table,
        "_owningextensionid_value": step["sdkmessageprocessingstepid"],
    }
