from collections.abc import Callable
from uuid import uuid4

import pytest

from shared.dynamics.registration.service import Registration
from shared.errors import BadRequest, Conflict, NotFound
from tests.dynamics.registration.conftest import Asked
from tests.dynamics.registration.racing import at_once
from tests.dynamics.registration.samples import CREATE, UPDATE, new_step, new_webhook
from tests.fakes.dataverse import API_PATH, FakeDataverse
from tests.fakes.dataverse.tables import metadata_id


@pytest.fixture
def webhook_id(registration: Registration) -> str:
    return registration.webhooks.register(new_webhook()).webhook.id


def pointers(registration: Registration, webhook_id: str, step: dict[str, object]) -> list[str]:
    with pytest.raises(BadRequest) as caught:
        registration.steps.register(webhook_id, step)
    return [error.pointer for error in caught.value.errors]


def test_a_step_has_what_was_asked_for(
    registration: Registration, webhook_id: str, written: Callable[[], Asked]
) -> None:
    wanted = {
        "message": "Update",
        "table": "opportunity",
        "stage": "PreOperation",
        "mode": "sync",
        "rank": 7,
        "name": "O'Hara's step",
        "description": "ü",
        "filteringAttributes": ["name", "estimatedvalue"],
    }
    step = registration.steps.register(webhook_id, wanted)
    expected = {**wanted, "id": step.id, "webhookId": webhook_id, "asyncAutoDelete": False, "enabled": True}
    assert step.as_json() == {**expected, "warnings": []}
    assert written()[-1][2] == {
        "sdkmessageprocessingstepid": step.id,
        "name": "O'Hara's step",
        "description": "ü",
        "mode": 0,
        "stage": 20,
        "rank": 7,
        "filteringattributes": "name,estimatedvalue",
        "asyncautodelete": False,
        "supporteddeployment": 0,
        "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({webhook_id})",
        "sdkmessageid@odata.bind": f"/sdkmessages({UPDATE})",
        "sdkmessagefilterid@odata.bind": f"/sdkmessagefilters({metadata_id('Update', 'opportunity')})",
    }
    assert registration.steps.show(webhook_id, step.id) == step
    assert registration.steps.list(webhook_id) == [step]


def test_a_step_on_all_updates_is_taken_with_a_warning(registration: Registration, webhook_id: str) -> None:
    step = registration.steps.register(webhook_id, {"message": "Update", "table": "account"})
    assert step.as_json()["warnings"] == step.warnings
    assert ["every update" in warning for warning in step.warnings] == [True]


def test_a_message_without_tables_has_no_filter(
    registration: Registration, webhook_id: str, written: Callable[[], Asked]
) -> None:
    step = registration.steps.register(webhook_id, {"message": "WhoAmI"})
    assert step.place.table is None
    assert "sdkmessagefilterid@odata.bind" not in written()[-1][2]
    assert registration.steps.show(webhook_id, step.id).place.table is None


@pytest.mark.parametrize(
    ("step", "pointer"),
    [
        ({"message": "Nothing"}, "#/message"),
        ({"message": "x' or name ne '"}, "#/message"),
        ({"message": "Create"}, "#/table"),
        ({"message": "Create", "table": "nothing"}, "#/table"),
        ({"message": "Create", "table": "x' or primaryobjecttypecode ne '"}, "#/table"),
        ({"message": "Create", "table": "postfollow"}, "#/table"),
        ({"message": "Create", "table": "twice"}, "#/table"),
        ({"message": "WhoAmI", "table": "account"}, "#/table"),
    ],
)
def test_a_message_or_table_without_exactly_one_usable_hit_is_a_400_and_nothing_is_written(
    registration: Registration, webhook_id: str, written: Callable[[], Asked], step: dict[str, object], pointer: str
) -> None:
    assert pointers(registration, webhook_id, step) == [pointer]
    assert len(written()) == 1


def test_a_quote_in_a_name_is_escaped(registration: Registration, webhook_id: str, dataverse: FakeDataverse) -> None:
    registration.steps.register(webhook_id, {"message": "o'hara"})
    filters = [call.query["$filter"] for call in dataverse.journal if call.path == f"{API_PATH}sdkmessages"]
    assert filters == ["name eq 'o''hara'"]


def test_a_message_of_which_there_are_two_is_a_400(
    registration: Registration, webhook_id: str, dataverse: FakeDataverse
) -> None:
    id_ = str(uuid4())
    dataverse.add("sdkmessages", id_, {"sdkmessageid": id_, "name": "create"})
    assert pointers(registration, webhook_id, new_step()) == ["#/message"]


def test_a_second_step_at_the_same_place_is_a_409(registration: Registration, webhook_id: str) -> None:
    first = registration.steps.register(webhook_id, new_step())
    with pytest.raises(Conflict) as caught:
        registration.steps.register(webhook_id, new_step(message="create", mode="sync"))
    assert caught.value.extensions == {"conflicts": [first.id]}
    assert registration.steps.register(webhook_id, new_step(stage="PreOperation", mode="sync")).id != first.id


def test_of_two_who_register_the_same_step_at_once_one_has_a_409(
    registration: Registration, webhook_id: str, dataverse: FakeDataverse
) -> None:
    dataverse.faults.meet("POST", "sdkmessageprocessingsteps")
    outcomes = at_once(lambda: registration.steps.register(webhook_id, new_step()))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Step"]
    assert len(dataverse.rows["sdkmessageprocessingsteps"]) == 1


def test_a_step_whose_id_is_taken_by_one_that_was_moved_has_another(
    registration: Registration, webhook_id: str
) -> None:
    moved = registration.steps.register(webhook_id, new_step())
    registration.steps.update(webhook_id, moved.id, {"stage": "PreValidation", "mode": "sync"})
    step = registration.steps.register(webhook_id, new_step())
    assert {one.id for one in registration.steps.list(webhook_id)} == {moved.id, step.id}


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        ({"enabled": False}, {"statecode": 1, "statuscode": 2}),
        ({"enabled": True}, None),
        ({"rank": 5, "name": "new"}, {"rank": 5, "name": "new"}),
        ({"description": None}, {"description": None}),
        ({"mode": "sync"}, {"mode": 0, "asyncautodelete": False}),
        (
            {"mode": "sync", "stage": "PreOperation", "asyncAutoDelete": False},
            {"mode": 0, "stage": 20, "asyncautodelete": False},
        ),
        ({"asyncAutoDelete": False}, {"asyncautodelete": False}),
        ({"filteringAttributes": []}, None),
        ({}, None),
    ],
)
def test_a_change_sends_what_differs_and_no_more(
    registration: Registration,
    webhook_id: str,
    written: Callable[[], Asked],
    change: dict[str, object],
    columns: dict[str, object] | None,
) -> None:
    step = registration.steps.register(webhook_id, new_step())
    changed = registration.steps.update(webhook_id, step.id, change)
    path = f"sdkmessageprocessingsteps({step.id})"
    assert written()[2:] == ([] if columns is None else [("PATCH", path, columns)])
    assert registration.steps.show(webhook_id, step.id) == changed


def test_a_disabled_step_is_enabled_again(
    registration: Registration, webhook_id: str, written: Callable[[], Asked]
) -> None:
    step = registration.steps.register(webhook_id, new_step())
    registration.steps.update(webhook_id, step.id, {"enabled": False})
    assert registration.steps.update(webhook_id, step.id, {"enabled": True}).enabled
    assert written()[-1][2] == {"statecode": 0, "statuscode": 1}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"stage": "PreOperation"}, "#/mode"),
        ({"mode": "sync", "asyncAutoDelete": True}, "#/asyncAutoDelete"),
        ({"filteringAttributes": ["name"]}, "#/filteringAttributes"),
        ({"message": "Update"}, "#/message"),
        ({"enabled": None}, "#/enabled"),
        ({"rank": 0}, "#/rank"),
    ],
)
def test_a_change_that_does_not_fit_the_step_is_a_400(
    registration: Registration,
    webhook_id: str,
    written: Callable[[], Asked],
    change: dict[str, object],
    pointer: str,
) -> None:
    step = registration.steps.register(webhook_id, new_step())
    with pytest.raises(BadRequest) as caught:
        registration.steps.update(webhook_id, step.id, change)
    assert [error.pointer for error in caught.value.errors] == [pointer]
    assert len(written()) == 2


def test_a_step_cannot_be_moved_to_where_another_stands(registration: Registration, webhook_id: str) -> None:
    registration.steps.register(webhook_id, new_step())
    other = registration.steps.register(webhook_id, new_step(stage="PreOperation", mode="sync"))
    with pytest.raises(Conflict):
        registration.steps.update(webhook_id, other.id, {"stage": "PostOperation"})


def test_a_step_of_another_webhook_or_of_a_plugin_is_a_404(
    registration: Registration, webhook_id: str, dataverse: FakeDataverse
) -> None:
    other = registration.webhooks.register(new_webhook(name="Other", steps=[new_step()]))
    plugin = {**dataverse.rows["sdkmessageprocessingsteps"][other.steps[0].id], "_eventhandler_value": str(uuid4())}
    plugin_id = str(uuid4())
    dataverse.add("sdkmessageprocessingsteps", plugin_id, {**plugin, "sdkmessageprocessingstepid": plugin_id})
    for id_ in (other.steps[0].id, plugin_id, str(uuid4())):
        with pytest.raises(NotFound):
            registration.steps.update(webhook_id, id_, {"rank": 2})
        with pytest.raises(NotFound):
            registration.steps.remove(webhook_id, id_)
    assert len(dataverse.rows["sdkmessageprocessingsteps"]) == 2


def test_a_step_is_removed(registration: Registration, webhook_id: str, written: Callable[[], Asked]) -> None:
    step = registration.steps.register(webhook_id, new_step())
    registration.steps.remove(webhook_id, step.id)
    assert written()[-1] == ("DELETE", f"sdkmessageprocessingsteps({step.id})", {})
    assert registration.steps.list(webhook_id) == []


def test_what_another_installer_made_is_read_as_it_is(
    registration: Registration, webhook_id: str, dataverse: FakeDataverse
) -> None:
    id_ = str(uuid4())
    row = {
        "sdkmessageprocessingstepid": id_,
        "_eventhandler_value": webhook_id,
        "_sdkmessageid_value": CREATE,
        "mode": 0,
        "stage": 50,
        "rank": 3,
        "statecode": 1,
        "statuscode": 2,
    }
    dataverse.add("sdkmessageprocessingsteps", id_, row)
    [step] = registration.steps.list(webhook_id)
    assert (step.place.stage, step.mode, step.enabled, step.place.table) == ("50", "sync", False, None)
