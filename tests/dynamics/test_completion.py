import random
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest

from shared.dynamics.completion import DataverseCompletion
from shared.dynamics.dataverse import DataverseClient
from shared.errors import DataverseDown
from shared.events.event import Event, EventState
from shared.web_api import WebApi
from tests.dynamics.contexts import CORRELATION, NO_ID, ROW, Json, context, entity, money, option, reference, several
from tests.dynamics.reading import event_in
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.server import Reply
from tests.support.cases import holds_for
from tests.support.events import make_event

OPPORTUNITY = ("opportunity", str(uuid4()))
SYSTEM_USER = ("systemuser", str(uuid4()))
LOOKUP = "@Microsoft.Dynamics.CRM.lookuplogicalname"
FORMATTED = "@OData.Community.Display.V1.FormattedValue"
CREATED = event_in(context("Create", InputParameters=[], table="connection"), trimmed=True)
UPDATED = event_in(context("Update", InputParameters=[]), trimmed=True)
ROW_READ: Json = {
    "name": "Forty bicycles",
    "estimatedvalue": 48500,
    f"estimatedvalue{FORMATTED}": "€48,500.00",
    "statecode": 0,
    f"statecode{FORMATTED}": "Open",
    "_ownerid_value": SYSTEM_USER[1],
    f"_ownerid_value{LOOKUP}": "systemuser",
    f"_ownerid_value{FORMATTED}": "Kim",
    "_customerid_value": None,
    "closedate": "2026-01-31T12:00:00Z",
}


@pytest.fixture
def completion(dataverse: FakeDataverse) -> DataverseCompletion:
    return DataverseCompletion(DataverseClient(WebApi("Dataverse", dataverse.url, lambda: "token", DataverseDown)))


def completed(completion: DataverseCompletion, event: Event) -> Event:
    found = completion.complete(event)
    assert found is not None
    return found


def test_a_readable_connection_completes_the_event(completion: DataverseCompletion, dataverse: FakeDataverse) -> None:
    dataverse.add_connection(CREATED.entity_id, OPPORTUNITY, SYSTEM_USER)
    found = completed(completion, CREATED)
    assert found.field_values == {
        **CREATED.field_values,
        "record1id": OPPORTUNITY[1],
        "record1id_logicalname": "opportunity",
        "record2id": SYSTEM_USER[1],
        "record2id_logicalname": "systemuser",
        "record2roleid": None,
        "createdby": None,
    }
    assert (found.state, found.id, found.trimmed) == (EventState.RECEIVED, CREATED.id, True)
    assert found.field_values["correlationid"] == CORRELATION


def test_the_names_of_tables_compare_ignoring_case(completion: DataverseCompletion, dataverse: FakeDataverse) -> None:
    dataverse.add_connection(CREATED.entity_id, ("Opportunity", OPPORTUNITY[1]), ("SystemUser", SYSTEM_USER[1]))
    assert completed(completion, CREATED).state is EventState.RECEIVED


def test_a_connections_role_is_kept(completion: DataverseCompletion, dataverse: FakeDataverse) -> None:
    role = str(uuid4())
    dataverse.add_connection(CREATED.entity_id, OPPORTUNITY, SYSTEM_USER)
    dataverse.rows["connections"][CREATED.entity_id]["_record2roleid_value"] = role
    dataverse.rows["connections"][CREATED.entity_id][f"_record2roleid_value{LOOKUP}"] = "connectionrole"
    assert completed(completion, CREATED).field_values["record2roleid"] == role


@pytest.mark.parametrize(
    ("record1", "record2"),
    [(SYSTEM_USER, OPPORTUNITY), (("account", str(uuid4())), SYSTEM_USER), (OPPORTUNITY, ("contact", str(uuid4())))],
)
def test_other_records_make_the_event_ignored(
    completion: DataverseCompletion, dataverse: FakeDataverse, record1: tuple[str, str], record2: tuple[str, str]
) -> None:
    dataverse.add_connection(CREATED.entity_id, record1, record2)
    found = completed(completion, CREATED)
    assert (found.state, found.field_values) == (EventState.IGNORED, CREATED.field_values)


def test_a_row_that_cannot_be_seen_is_not_completed_yet(completion: DataverseCompletion) -> None:
    assert (completion.complete(CREATED), completion.complete(UPDATED)) == (None, None)


@pytest.mark.parametrize("column", ["_record1id_value", "_record2id_value"])
def test_a_connection_without_its_records_is_an_outage(
    completion: DataverseCompletion, dataverse: FakeDataverse, column: str
) -> None:
    dataverse.add_connection(CREATED.entity_id, OPPORTUNITY, SYSTEM_USER)
    dataverse.rows["connections"][CREATED.entity_id][column] = None
    with pytest.raises(DataverseDown, match="does not name its two records"):
        completion.complete(CREATED)


@pytest.mark.parametrize("event", [CREATED, UPDATED], ids=lambda event: event.type)
def test_an_outage_is_an_exception_and_no_answer(
    completion: DataverseCompletion, dataverse: FakeDataverse, event: Event
) -> None:
    dataverse.answer_always(Reply(500))
    with pytest.raises(DataverseDown):
        completion.complete(event)


@pytest.mark.parametrize("message", ["Create", "Update"])
def test_a_trimmed_row_is_completed_under_the_names_of_a_whole_request(
    completion: DataverseCompletion, dataverse: FakeDataverse, message: str
) -> None:
    dataverse.add_row("opportunity", ROW, ROW_READ)
    sent = {
        "name": "Forty bicycles",
        "estimatedvalue": money(48500),
        "statecode": option(0),
        "ownerid": reference(*SYSTEM_USER, "Kim"),
        "customerid": None,
        "closedate": "/Date(1769860800000)/",
    }
    target = entity(ROW, sent, "opportunity", {"estimatedvalue": "€48,500.00", "statecode": "Open"})
    whole = event_in(context(message, {"Target": target}))
    trimmed = event_in(context(message, InputParameters=[]), trimmed=True)
    found = completed(completion, trimmed)
    assert found.field_values == whole.field_values
    assert (found.trimmed, found.changes, found.previous_values) == (True, (), None)


def test_a_row_is_read_whole_and_its_set_looked_up_once(
    completion: DataverseCompletion, dataverse: FakeDataverse
) -> None:
    dataverse.add_row("opportunity", ROW, ROW_READ)
    completion.complete(UPDATED)
    completion.complete(UPDATED)
    rows = f"/api/data/v9.2/opportunities({ROW})"
    assert [call.path for call in dataverse.journal] == [
        "/api/data/v9.2/EntityDefinitions(LogicalName='opportunity')",
        rows,
        rows,
    ]
    assert dataverse.journal[-1].query == {}


def test_a_column_of_the_row_wins_over_the_circumstances(
    completion: DataverseCompletion, dataverse: FakeDataverse
) -> None:
    dataverse.add_row("opportunity", ROW, {"depth": 700})
    assert completed(completion, UPDATED).field_values["depth"] == 700


def test_no_digit_of_a_row_is_lost(completion: DataverseCompletion, dataverse: FakeDataverse) -> None:
    dataverse.add_row("opportunity", ROW, {})
    completion.complete(UPDATED)
    dataverse.answer_next(Reply(200, b'{"a": 12345678901234567890.12, "b": 0.1}', {"Content-Type": "application/json"}))
    values = completed(completion, UPDATED).field_values
    assert (values["a"], values["b"]) == (Decimal("12345678901234567890.12"), 0.1)


OTHER_MESSAGES = ["Delete", "Assign", "SetState", "Merge", "Win", "new_Approve", "Associate"]


@holds_for("event", [
    *[event_in(context(message, InputParameters=[]), trimmed=True) for message in OTHER_MESSAGES],
    event_in(several("CreateMultiple", [], InputParameters=[]), trimmed=True),
    event_in(context("new_Updated", InputParameters=[], table="none", row_id=NO_ID), trimmed=True),
])  # fmt: skip
def test_any_other_trimmed_event_goes_on_with_what_there_is_and_nobody_is_asked(
    completion: DataverseCompletion, dataverse: FakeDataverse, event: Event
) -> None:
    dataverse.add_row("opportunity", ROW, ROW_READ)
    assert completion.complete(event) is event
    assert dataverse.journal == []


def test_a_table_that_dataverse_does_not_know_is_not_completed(completion: DataverseCompletion) -> None:
    assert completion.complete(replace(UPDATED, entity="new_unknown")) is None


def test_what_cannot_be_read_in_the_end_goes_on_but_for_a_connection_which_is_not_judged(
    completion: DataverseCompletion,
) -> None:
    assert completion.given_up(UPDATED) is UPDATED
    assert completion.given_up(CREATED) is None
    updated = make_event(type="connection.updated", trimmed=True)
    assert completion.given_up(updated) is updated


def test_of_a_row_that_fits_into_no_row_of_storage_the_long_columns_are_left_out(
    completion: DataverseCompletion, dataverse: FakeDataverse
) -> None:
    attachment = random.Random(7).randbytes(1_100_000).hex()  # noqa: S311 - only to be hard to compress
    dataverse.add_row("opportunity", ROW, {"name": "Forty bicycles", "documentbody": attachment})
    found = completed(completion, UPDATED)
    assert found.field_values["name"] == "Forty bicycles"
    assert "documentbody" not in found.field_values


def test_a_long_column_that_fits_is_kept(completion: DataverseCompletion, dataverse: FakeDataverse) -> None:
    dataverse.add_row("opportunity", ROW, {"description": "x" * 500_000})
    assert completed(completion, UPDATED).field_values["description"] == "x" * 500_000
