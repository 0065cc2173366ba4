from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dynamics.organization import Organization
from shared.dynamics.registration.failed_jobs import EXPLANATIONS, FailedJobs, hex_code
from shared.dynamics.registration.failure_kind import FailureKind
from shared.errors import BadGateway, DataverseDown, NotFound
from shared.web_api import WebApi
from tests.fakes.dataverse import API_PATH, FakeDataverse
from tests.fakes.dataverse.tables import LOOKUP_TABLE, Row

STEP = "eb1097ce-0619-5a75-be01-3ea7d00da7bd"
COLUMNS = (
    "asyncoperationid,name,friendlymessage,errorcode,message,completedon,statuscode,correlationid,primaryentitytype,"
    "_regardingobjectid_value,_owningextensionid_value,_createdby_value"
)


@pytest.fixture
def jobs(dataverse: FakeDataverse) -> FailedJobs:
    api = WebApi("Dataverse", dataverse.url, lambda: "token", DataverseDown, on_bad_response=BadGateway)
    return FailedJobs(Organization(api))


def add_job(dataverse: FakeDataverse, minute: int, **changes: object) -> str:
    """A failed job of the step, completed in this minute."""
    id_ = str(uuid4())
    row: Row = {
        "asyncoperationid": id_,
        "name": "a step",
        "friendlymessage": None,
        "message": "call to https://hub.example/?code=s3cret failed",
        "errorcode": -2147155455,
        "completedon": f"2026-03-14T09:{minute:02}:00Z",
        "statuscode": 31,
        "correlationid": str(uuid4()),
        "primaryentitytype": "connection",
        "_regardingobjectid_value": "37c7c867-d571-e911-a956-000d3a1bc3f6",
        f"_regardingobjectid_value{LOOKUP_TABLE}": "connection",
        "_owningextensionid_value": STEP,
    }
    dataverse.add("asyncoperations", id_, {**row, **changes})
    return id_


def test_a_failed_job_is_shown_with_its_code_explained(jobs: FailedJobs, dataverse: FakeDataverse) -> None:
    id_ = add_job(dataverse, 1)
    assert [job.as_json() for job in jobs.of(STEP)] == [
        {
            "id": id_,
            "name": "a step",
            "completedOn": "2026-03-14T09:01:00Z",
            "errorCode": "0x80050201",
            "kind": "unknown",
            "explanation": EXPLANATIONS["0x80050201"],
            "message": "call to https://hub.example/?... failed",
            "friendlyMessage": None,
            "recordId": "37c7c867-d571-e911-a956-000d3a1bc3f6",
            "recordType": "connection",
        }
    ]


def test_dataverse_is_asked_as_its_documentation_has_it(jobs: FailedJobs, dataverse: FakeDataverse) -> None:
    since = datetime(2026, 3, 14, 10, 30, tzinfo=timezone(timedelta(hours=1)))
    list(jobs.of(STEP, since=since, top=7))
    [request] = dataverse.journal
    assert request.path == f"{API_PATH}asyncoperations"
    assert request.query == {
        "$select": COLUMNS,
        "$filter": f"statuscode eq 31 and _owningextensionid_value eq {STEP} and completedon ge 2026-03-14T09:30:00Z",
        "$orderby": "completedon desc",
        "$top": "7",
    }


def test_only_failed_jobs_of_this_step_since_then_are_listed_newest_first(
    jobs: FailedJobs, dataverse: FakeDataverse
) -> None:
    ids = [add_job(dataverse, minute) for minute in (1, 3, 2)]
    add_job(dataverse, 4, statuscode=30)
    add_job(dataverse, 5, _owningextensionid_value=str(uuid4()))
    since = datetime(2026, 3, 14, 9, 2, tzinfo=UTC)
    assert [job.id for job in jobs.of(STEP)] == [ids[1], ids[2], ids[0]]
    assert [job.id for job in jobs.of(STEP, since=since)] == [ids[1], ids[2]]
    assert [job.id for job in jobs.of(STEP, top=1)] == [ids[1]]
    assert [job.id for job in jobs.of(STEP, until=since)] == [ids[2], ids[0]]
    assert [job.id for job in jobs.of(STEP, since=since, until=since)] == [ids[2]]


def test_top_counts_the_jobs_of_a_kind(jobs: FailedJobs, dataverse: FakeDataverse) -> None:
    refused = [add_job(dataverse, minute, message="status code: 403") for minute in (1, 3, 5)]
    for minute in (2, 4, 6):
        add_job(dataverse, minute, errorcode=-2147155451, message="status code: 403")
    dataverse.page_size = 1
    assert [job.id for job in jobs.of(STEP, kind=FailureKind.REFUSED, top=2)] == [refused[2], refused[1]]
    assert [job.id for job in jobs.of(STEP, kind=FailureKind.REFUSED)] == refused[::-1]
    assert list(jobs.of(STEP, kind=FailureKind.UNKNOWN)) == []


def test_a_kind_is_known_although_the_message_is_hidden(jobs: FailedJobs, dataverse: FakeDataverse) -> None:
    add_job(dataverse, 1, message="status code: 403 from s3cret-0123456789")
    [job] = jobs.of(STEP, secrets=["s3cret-0123456789"])
    assert (job.kind, "403" in str(job.message)) == (FailureKind.REFUSED, False)


def test_all_pages_are_listed(jobs: FailedJobs, dataverse: FakeDataverse) -> None:
    ids = [add_job(dataverse, minute) for minute in range(7)]
    dataverse.page_size = 2
    assert [job.id for job in jobs.of(STEP)] == ids[::-1]


def test_a_job_without_much_in_it_is_listed(jobs: FailedJobs, dataverse: FakeDataverse) -> None:
    empty = ("name", "message", "errorcode", "completedon", "correlationid", "_regardingobjectid_value")
    add_job(dataverse, 1, **dict.fromkeys(empty))
    [job] = jobs.of(STEP)
    assert (job.error_code, job.record_id, job.message, job.record_type) == (None, None, None, "connection")


def test_a_job_of_another_step_is_not_found(jobs: FailedJobs, dataverse: FakeDataverse) -> None:
    other = add_job(dataverse, 1, _owningextensionid_value=str(uuid4()))
    for id_ in (other, str(uuid4())):
        with pytest.raises(NotFound):
            jobs.get(STEP, id_)


def test_a_row_that_is_no_job_is_a_502(jobs: FailedJobs, dataverse: FakeDataverse) -> None:
    add_job(dataverse, 1, statuscode=31, errorcode="x")
    with pytest.raises(BadGateway):
        list(jobs.of(STEP))


@pytest.mark.parametrize(
    ("number", "code"), [(-2147155455, "0x80050201"), (-2147155449, "0x80050207"), (0, "0x00000000")]
)
def test_a_code_is_shown_as_microsofts_lists_have_it(number: int, code: str) -> None:
    assert hex_code(number) == code


@given(code=st.sampled_from(sorted(EXPLANATIONS)))
def test_every_explained_code_is_reached_from_the_number_that_dataverse_keeps(code: str) -> None:
    number = int(code, 16) - 2**32
    assert hex_code(number) == code


@pytest.mark.parametrize("what", ["name", "connection", "TLS", "502", "503", "504"])
def test_a_job_that_failed_twice_is_not_blamed_on_the_connection_alone(
    jobs: FailedJobs, dataverse: FakeDataverse, what: str
) -> None:
    statuses = [f"Non success http status code: 503 received from server, retryCount: {n}" for n in (0, 1)]
    add_job(dataverse, 1, errorcode=-2147155451, message="; ".join(statuses))
    [job] = jobs.of(STEP)
    assert what in str(job.as_json()["explanation"])
    assert "message" in str(job.as_json()["explanation"])
