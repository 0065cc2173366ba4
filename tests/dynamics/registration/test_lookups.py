"""Which messages and tables the steps are resolved to; what is registered with them stands in test_steps.py."""

import pytest

from shared.dynamics.organization import Organization
from shared.dynamics.registration.bodies import NewStep
from shared.dynamics.registration.lookups import Lookups
from shared.dynamics.registration.step import StepSlot
from shared.errors import BadGateway, BadRequest, DataverseDown
from shared.web_api import WebApi
from tests.dynamics.registration.samples import CREATE, CREATE_CONNECTION
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.server import json_reply


@pytest.fixture
def lookups(dataverse: FakeDataverse) -> Lookups:
    api = WebApi("Dataverse", dataverse.url, lambda: "token", DataverseDown, on_bad_response=BadGateway)
    return Lookups(Organization(api))


def test_a_step_has_dataverses_spelling_and_ids(lookups: Lookups) -> None:
    [step] = lookups.resolve_steps([NewStep(message="create", table="CONNECTION")], ["#"])
    assert step.slot == StepSlot("Create", "connection", "PostOperation")
    assert (step.message_id, step.filter_id) == (CREATE, CREATE_CONNECTION)


def test_a_message_is_looked_up_once(lookups: Lookups, dataverse: FakeDataverse) -> None:
    lookups.resolve_steps([NewStep(message=name, table="account") for name in ("Create", "CREATE")], ["#", "#"])
    assert sum("sdkmessages" in request.path for request in dataverse.journal) == 1


def test_each_step_that_cannot_be_is_named_by_its_place_in_the_body(lookups: Lookups) -> None:
    steps = [
        NewStep(message="Nothing", table="account"),
        NewStep(message="Create", table="account"),
        NewStep(message="Create", table="nothing"),
        NewStep(message="Create"),
    ]
    with pytest.raises(BadRequest) as caught:
        lookups.resolve_steps(steps, [f"#/steps/{number}" for number in range(4)])
    assert [(error.pointer, error.detail.split(" (")[0]) for error in caught.value.errors] == [
        ("#/steps/0/message", "message must name exactly one message of Dataverse"),
        ("#/steps/2/table", "table must name exactly one table on which this message can have steps"),
        ("#/steps/3/table", "table is required: this message is always about a row of a table"),
    ]


def test_a_row_without_its_columns_is_a_bad_answer(lookups: Lookups, dataverse: FakeDataverse) -> None:
    dataverse.answer_always(json_reply({"value": [{"name": "Create"}]}))
    with pytest.raises(BadGateway):
        lookups.resolve_steps([NewStep(message="Create", table="account")], ["#"])
