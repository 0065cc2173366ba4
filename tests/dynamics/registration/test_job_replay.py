import json
import random
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from shared.dynamics.dataverse_event import connection_event_id
from shared.dynamics.intake import IntakeOutcome
from shared.dynamics.organization import Organization
from shared.dynamics.registration.failed_jobs import FailedJob
from shared.dynamics.registration.job_replay import JobReplay
from shared.dynamics.registration.step import StepSlot
from shared.errors import BadGateway, Conflict, DataverseDown, Gone, Unavailable
from shared.events.event import EventId
from shared.hub.hub import Hub
from shared.roles.table import ROLES_TABLE, TableRoles
from shared.settings import Settings
from shared.web_api import WebApi
from tests.dynamics.contexts import body, context, reference
from tests.dynamics.samples import SAMPLE_CONNECTION
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.dataverse.tables import LOOKUP_TABLE
from tests.fakes.server import Reply
from tests.support.queues import announcements
from tests.support.transport import Fault, JournalTransport

SAMPLE = json.loads(SAMPLE_CONNECTION)
ORGANIZATION, CONNECTION, MANAGER = (SAMPLE[name] for name in ("OrganizationId", "PrimaryEntityId", "InitiatingUserId"))
ID = connection_event_id(ORGANIZATION, CONNECTION)
RECORD1 = ("opportunity", "b8f6c781-41c9-5a89-a370-a2c6711d3691")
RECORD2 = ("systemuser", "088071bb-1802-56ac-ae8d-7cbae6b9ba36")
ROLE = "7365d018-97cb-5b59-a256-758da83c102a"
_STRANGER = "0d8f7c52-6a3e-4b19-9c4d-1f2e3a4b5c6d"
ON_CREATE = StepSlot("Create", "connection", "PostOperation")
JOB = FailedJob(
    id=str(uuid4()),
    name="a step",
    step_id=str(uuid4()),
    status=31,
    completed_on="2026-03-14T09:26:53Z",
    error_code="0x80050201",
    message=None,
    friendly_message=None,
    record_id=CONNECTION,
    record_type="connection",
    correlation_id=SAMPLE["CorrelationId"],
)


def add_role(dataverse: FakeDataverse) -> None:
    row = dataverse.rows["connections"][CONNECTION]
    row["_record2roleid_value"], row["_record2roleid_value" + LOOKUP_TABLE] = ROLE, "connectionrole"


@pytest.fixture
def jobs(hub: Hub, dataverse: FakeDataverse) -> JobReplay:
    """Replays for an app in which the sample's user is a Relationship Manager."""
    TableRoles(hub.storage.table(ROLES_TABLE)).grant(MANAGER, "Relationship Manager")
    api = WebApi("Dataverse", dataverse.url, lambda: "token", DataverseDown, on_bad_response=BadGateway)
    return JobReplay(Organization(api), hub.intake)


def test_a_lost_connection_is_stored_as_the_event_that_its_request_would_have_made(
    jobs: JobReplay, hub: Hub, dataverse: FakeDataverse, connection_string: str
) -> None:
    dataverse.add_connection(CONNECTION, RECORD1, RECORD2, MANAGER)
    add_role(dataverse)
    replayed = jobs.replay(ON_CREATE, JOB)
    assert (replayed.outcome, replayed.event_id) == ("stored", ID)
    stored = hub.events.get(ID)
    assert stored is not None
    assert hub.intake.receive_connection(SAMPLE_CONNECTION, trimmed=False) is IntakeOutcome.DUPLICATE
    assert [one.event_id for one in announcements(connection_string)][:1] == [ID]
    assert stored.reconstructed
    assert stored.changes == ()
    assert stored.field_values == {
        "connectionid": CONNECTION,
        "createdby": MANAGER,
        "createdby_logicalname": "systemuser",
        "organizationid": ORGANIZATION,
        "initiatinguserid": MANAGER,
        "correlationid": SAMPLE["CorrelationId"],
        "record1id": RECORD1[1],
        "record1id_logicalname": "opportunity",
        "record2id": RECORD2[1],
        "record2id_logicalname": "systemuser",
        "record2roleid": ROLE,
        "record2roleid_logicalname": "connectionrole",
    }


def test_a_connection_that_came_after_all_is_a_duplicate(jobs: JobReplay, hub: Hub, dataverse: FakeDataverse) -> None:
    dataverse.add_connection(CONNECTION, RECORD1, RECORD2, MANAGER)
    hub.intake.receive_connection(SAMPLE_CONNECTION, trimmed=False)
    before = hub.events.get(ID)
    replayed = jobs.replay(ON_CREATE, JOB)
    assert (replayed.outcome, replayed.event_id, hub.events.get(ID) == before) == ("duplicate", ID, True)


@pytest.mark.parametrize(
    ("records", "user", "outcome"),
    [
        ((RECORD2, RECORD1), MANAGER, "ignored"),
        ((RECORD2, RECORD1), _STRANGER, "ignored"),
        ((RECORD1, ("contact", _STRANGER)), MANAGER, "ignored"),
        ((RECORD1, RECORD2), _STRANGER, "refused"),
        ((RECORD1, RECORD2), None, "refused"),
    ],
)
def test_what_would_not_have_been_stored_is_not_stored_now(
    jobs: JobReplay,
    hub: Hub,
    dataverse: FakeDataverse,
    records: tuple[tuple[str, str], tuple[str, str]],
    user: str | None,
    outcome: str,
) -> None:
    dataverse.add_connection(CONNECTION, *records, user)
    replayed = jobs.replay(ON_CREATE, JOB)
    assert (replayed.outcome, replayed.event_id, bool(replayed.reason)) == (outcome, None, True)
    assert hub.events.get(ID) is None


def test_a_job_about_another_table_is_ignored(jobs: JobReplay, dataverse: FakeDataverse) -> None:
    assert jobs.replay(ON_CREATE, replace(JOB, record_type="account")).outcome == "ignored"
    assert dataverse.journal == []


@pytest.mark.parametrize(
    ("slot", "job"),
    [
        *[(replace(ON_CREATE, message=name), JOB) for name in ("Assign", "CreateMultiple", "SetState", "new_Approve")],
        (replace(ON_CREATE, table=None), JOB),
        (ON_CREATE, replace(JOB, status=30)),
        (ON_CREATE, replace(JOB, status=10)),
    ],
)
def test_a_job_that_did_not_fail_or_is_of_another_step_is_a_409(
    jobs: JobReplay, slot: StepSlot, job: FailedJob
) -> None:
    with pytest.raises(Conflict):
        jobs.replay(slot, job)


@pytest.mark.parametrize("record_id", [CONNECTION, None])
def test_a_row_that_is_gone_is_a_410(jobs: JobReplay, record_id: str | None) -> None:
    with pytest.raises(Gone):
        jobs.replay(ON_CREATE, replace(JOB, record_id=record_id))


def test_names_compare_ignoring_case(jobs: JobReplay, dataverse: FakeDataverse) -> None:
    dataverse.add_connection(CONNECTION, ("Opportunity", RECORD1[1]), ("SystemUser", RECORD2[1]), MANAGER.upper())
    job = replace(JOB, record_type="Connection")
    assert jobs.replay(StepSlot("CREATE", "Connection", "PreOperation"), job).outcome == "stored"


@pytest.mark.parametrize("column", ["_record1id_value", "_record2id_value"])
def test_a_row_without_its_records_is_a_502(jobs: JobReplay, dataverse: FakeDataverse, column: str) -> None:
    dataverse.add_connection(CONNECTION, RECORD1, RECORD2, MANAGER)
    dataverse.rows["connections"][CONNECTION][column] = None
    with pytest.raises(BadGateway):
        jobs.replay(ON_CREATE, JOB)


@pytest.mark.parametrize("who", [Reply(200, b"{}"), Reply(200, b'{"OrganizationId": "x"}')])
def test_an_organization_that_does_not_say_its_id_is_a_502(
    jobs: JobReplay, hub: Hub, dataverse: FakeDataverse, who: Reply
) -> None:
    dataverse.add_connection(CONNECTION, RECORD1, RECORD2, MANAGER)
    dataverse.faults.fail_once("GET", "WhoAmI", who)
    with pytest.raises(BadGateway):
        jobs.replay(ON_CREATE, JOB)
    assert hub.events.get(ID) is None


def test_storage_that_fails_is_a_503_and_the_next_replay_stores(
    jobs: JobReplay, hub: Hub, dataverse: FakeDataverse, transport: JournalTransport
) -> None:
    dataverse.add_connection(CONNECTION, RECORD1, RECORD2, MANAGER)
    transport.forget()
    transport.fail(2, Fault.BEFORE)
    with pytest.raises(Unavailable):
        jobs.replay(ON_CREATE, JOB)
    transport.forget()
    assert jobs.replay(ON_CREATE, JOB).outcome == "stored"


def test_the_payload_in_place_of_the_lost_body_is_the_context_as_far_as_it_is_known(
    jobs: JobReplay, hub: Hub, dataverse: FakeDataverse
) -> None:
    dataverse.add_connection(CONNECTION, RECORD1, RECORD2, MANAGER)
    jobs.replay(ON_CREATE, JOB)
    stored = hub.events.get_with_payload(ID)
    assert stored is not None
    context = json.loads(stored.payload)
    [target] = context.pop("InputParameters")
    assert context == {
        "MessageName": "Create",
        "PrimaryEntityName": "connection",
        "PrimaryEntityId": CONNECTION,
        "OrganizationId": ORGANIZATION,
        "InitiatingUserId": MANAGER,
        "CorrelationId": SAMPLE["CorrelationId"],
        "OperationId": JOB.id,
    }
    assert (target["key"], target["value"]["Id"], target["value"]["LogicalName"]) == (
        "Target",
        CONNECTION,
        "connection",
    )
    columns = {pair["key"]: pair["value"] for pair in target["value"]["Attributes"]}
    assert columns["record1id"] == {"Id": RECORD1[1], "LogicalName": RECORD1[0], "Name": None}


def test_a_row_that_says_no_usable_creator_is_refused(jobs: JobReplay, hub: Hub, dataverse: FakeDataverse) -> None:
    for creator in ("x", "00000000-0000-0000-0000-000000000000"):
        dataverse.add_connection(CONNECTION, RECORD1, RECORD2, creator)
        assert jobs.replay(ON_CREATE, JOB).reason == "the row does not say who created the connection"
    assert hub.events.get(ID) is None


OPPORTUNITY = "5f0d9c1e-2b7a-4f43-9d55-61b0c7a2e801"
CREATOR = "2f4b7d90-83c1-4e6a-b0d7-94c5e1f3a822"
OF_OPPORTUNITY = replace(JOB, record_id=OPPORTUNITY, record_type="opportunity", created_by=CREATOR)
FORMATTED = "@OData.Community.Display.V1.FormattedValue"
ROW = {
    "name": "Forty bicycles",
    "statecode": 0,
    "statecode" + FORMATTED: "Open",
    "_parentaccountid_value": ROLE,
    "_parentaccountid_value" + LOOKUP_TABLE: "account",
    "_parentaccountid_value" + FORMATTED: "Contoso",
}
TOLD = {
    "opportunityid": OPPORTUNITY,
    "organizationid": ORGANIZATION,
    "initiatinguserid": CREATOR,
    "correlationid": SAMPLE["CorrelationId"],
    "name": "Forty bicycles",
    "statecode": 0,
    "statecode_formatted": "Open",
    "parentaccountid": ROLE,
    "parentaccountid_logicalname": "account",
    "parentaccountid_name": "Contoso",
}


def lost(message: str, **changes: Any) -> tuple[StepSlot, FailedJob]:  # noqa: ANN401 - members of a job
    return StepSlot(message, "opportunity", "PostOperation"), replace(OF_OPPORTUNITY, **changes)


@pytest.mark.parametrize(("message", "name"), [("Create", "opportunity.created"), ("UPDATE", "opportunity.updated")])
def test_a_created_or_updated_row_is_told_as_it_is_now(
    jobs: JobReplay, hub: Hub, dataverse: FakeDataverse, message: str, name: str
) -> None:
    dataverse.add_row("opportunity", OPPORTUNITY, ROW)
    replayed = jobs.replay(*lost(message))
    assert (replayed.outcome, bool(replayed.event_id)) == ("stored", True)
    event = hub.events.get(EventId(replayed.event_id or ""))
    assert event is not None
    assert (event.type, event.field_values) == (name, TOLD)
    assert (event.reconstructed, event.trimmed, event.changes, event.initiator) == (True, False, (), CREATOR)
    assert jobs.replay(*lost(message)).outcome == "duplicate"


def test_a_deleted_row_is_told_by_its_id_alone_and_not_looked_for(
    jobs: JobReplay, hub: Hub, dataverse: FakeDataverse
) -> None:
    replayed = jobs.replay(*lost("Delete"))
    event = hub.events.get(EventId(replayed.event_id or ""))
    assert event is not None
    assert (event.type, event.values) == ("opportunity.deleted", {"opportunityid": OPPORTUNITY})
    assert [call.path for call in dataverse.journal] == ["/api/data/v9.2/WhoAmI"]


@pytest.mark.parametrize("message", ["Create", "Delete"])
def test_the_event_has_the_id_that_the_lost_request_would_have_given_it(
    jobs: JobReplay, hub: Hub, dataverse: FakeDataverse, message: str
) -> None:
    dataverse.add_row("opportunity", OPPORTUNITY, ROW)
    replayed = jobs.replay(*lost(message))
    request = context(message, {"Target": reference("opportunity", OPPORTUNITY)}, row_id=OPPORTUNITY)
    request |= {"OrganizationId": ORGANIZATION, "CorrelationId": SAMPLE["CorrelationId"]}
    assert hub.intake.receive(body(request), trimmed=False) is IntakeOutcome.DUPLICATE
    assert replayed.outcome == "stored"


def test_two_lost_updates_of_a_row_are_two_events(jobs: JobReplay, dataverse: FakeDataverse) -> None:
    dataverse.add_row("opportunity", OPPORTUNITY, ROW)
    one, other = jobs.replay(*lost("Update")), jobs.replay(*lost("Update", id=str(uuid4())))
    assert (one.outcome, other.outcome) == ("stored", "stored")
    assert one.event_id != other.event_id


def test_nobody_is_asked_for_a_role_unless_a_setting_says_so(jobs: JobReplay, dataverse: FakeDataverse) -> None:
    dataverse.add_row("opportunity", OPPORTUNITY, ROW)
    assert jobs.replay(*lost("Create", created_by=_STRANGER)).outcome == "stored"


def test_a_job_without_a_creator_is_refused(jobs: JobReplay, dataverse: FakeDataverse) -> None:
    dataverse.add_row("opportunity", OPPORTUNITY, ROW)
    assert jobs.replay(*lost("Create", created_by=None)).outcome == "refused"


@pytest.mark.parametrize("table", ["opportunity", "nowhere"])
def test_a_row_that_no_longer_exists_is_a_410(jobs: JobReplay, table: str) -> None:
    slot, job = lost("Update", record_type=None)
    with pytest.raises(Gone):
        jobs.replay(replace(slot, table=table), job)


def test_an_event_that_the_hub_does_not_take_is_ignored(connection_string: str, dataverse: FakeDataverse) -> None:
    settings = {"AzureWebJobsStorage": connection_string, "DYNAMICS_EVENTS": "account.*"}
    api = WebApi("Dataverse", dataverse.url, lambda: "token", DataverseDown, on_bad_response=BadGateway)
    replayed = JobReplay(Organization(api), Hub.assemble(Settings.read(settings)).intake).replay(*lost("Delete"))
    assert (replayed.outcome, replayed.event_id, "DYNAMICS_EVENTS" in replayed.reason) == ("ignored", None, True)


def test_of_a_row_that_cannot_be_stored_the_long_columns_are_left_out(
    jobs: JobReplay, hub: Hub, dataverse: FakeDataverse
) -> None:
    attachment = random.Random(7).randbytes(1_100_000).hex()  # noqa: S311 - only to be hard to compress
    dataverse.add_row("opportunity", OPPORTUNITY, {**ROW, "documentbody": attachment})
    replayed = jobs.replay(*lost("Create"))
    event = hub.events.get(EventId(replayed.event_id or ""))
    assert event is not None
    assert (replayed.outcome, event.field_values) == ("stored", TOLD)
