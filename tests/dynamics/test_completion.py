from uuid import uuid4

import pytest

from shared.dynamics.completion import ConnectionCompletion
from shared.dynamics.dataverse import DataverseClient
from shared.errors import DataverseDown
from shared.events.event import EventState
from shared.web_api import WebApi
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.server import Reply
from tests.support.events import make_event

OPPORTUNITY = ("opportunity", str(uuid4()))
SYSTEM_USER = ("systemuser", str(uuid4()))
CORRELATION = str(uuid4())
TRIMMED = make_event(trimmed=True, field_values={"correlationid": CORRELATION})


@pytest.fixture
def completion(dataverse: FakeDataverse) -> ConnectionCompletion:
    return ConnectionCompletion(DataverseClient(WebApi("Dataverse", dataverse.url, lambda: "token", DataverseDown)))


def test_a_readable_connection_completes_the_event(completion: ConnectionCompletion, dataverse: FakeDataverse) -> None:
    dataverse.add_connection(TRIMMED.entity_id, OPPORTUNITY, SYSTEM_USER)
    completed = completion.complete(TRIMMED)
    assert completed is not None
    assert completed.field_values == {
        "connectionid": TRIMMED.entity_id,
        "organizationid": TRIMMED.source.removeprefix("dynamics/"),
        "initiatinguserid": TRIMMED.initiator,
        "correlationid": CORRELATION,
        "record1id": OPPORTUNITY[1],
        "record1id_logicalname": "opportunity",
        "record2id": SYSTEM_USER[1],
        "record2id_logicalname": "systemuser",
    }
    assert (completed.state, completed.id, completed.trimmed) == (EventState.RECEIVED, TRIMMED.id, True)


def test_the_names_of_tables_compare_ignoring_case(completion: ConnectionCompletion, dataverse: FakeDataverse) -> None:
    dataverse.add_connection(TRIMMED.entity_id, ("Opportunity", OPPORTUNITY[1]), ("SystemUser", SYSTEM_USER[1]))
    completed = completion.complete(TRIMMED)
    assert completed is not None
    assert completed.state is EventState.RECEIVED


def test_a_connections_role_is_kept(completion: ConnectionCompletion, dataverse: FakeDataverse) -> None:
    role = str(uuid4())
    dataverse.add_connection(TRIMMED.entity_id, OPPORTUNITY, SYSTEM_USER)
    dataverse.rows["connections"][TRIMMED.entity_id]["_record2roleid_value"] = role
    completed = completion.complete(TRIMMED)
    assert completed is not None
    assert completed.field_values["record2roleid"] == role


@pytest.mark.parametrize(
    ("record1", "record2"),
    [(SYSTEM_USER, OPPORTUNITY), (("account", str(uuid4())), SYSTEM_USER), (OPPORTUNITY, ("contact", str(uuid4())))],
)
def test_other_records_make_the_event_ignored(
    completion: ConnectionCompletion, dataverse: FakeDataverse, record1: tuple[str, str], record2: tuple[str, str]
) -> None:
    dataverse.add_connection(TRIMMED.entity_id, record1, record2)
    completed = completion.complete(TRIMMED)
    assert completed is not None
    assert (completed.state, completed.field_values) == (EventState.IGNORED, TRIMMED.field_values)


def test_a_connection_that_cannot_be_seen_is_not_completed_yet(completion: ConnectionCompletion) -> None:
    assert completion.complete(TRIMMED) is None


@pytest.mark.parametrize("column", ["_record1id_value", "_record2id_value"])
def test_a_row_without_its_records_is_an_outage(
    completion: ConnectionCompletion, dataverse: FakeDataverse, column: str
) -> None:
    dataverse.add_connection(TRIMMED.entity_id, OPPORTUNITY, SYSTEM_USER)
    dataverse.rows["connections"][TRIMMED.entity_id][column] = None
    with pytest.raises(DataverseDown, match="does not name its two records"):
        completion.complete(TRIMMED)


def test_an_outage_is_an_exception_and_no_answer(completion: ConnectionCompletion, dataverse: FakeDataverse) -> None:
    dataverse.answer_always(Reply(500))
    with pytest.raises(DataverseDown):
        completion.complete(TRIMMED)
