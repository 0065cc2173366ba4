from collections.abc import Callable
from uuid import uuid4

import pytest

from shared.dynamics.registration.step import parse_step_row
from shared.errors import BadGateway, BadRequest, Conflict, NotFound
from shared.hub.registration import DataverseRegistration
from tests.dynamics.registration.conftest import Asked
from tests.dynamics.registration.racing import at_once
from tests.dynamics.registration.samples import (
    CREATE,
    ELSEWHERE,
    EVENTS_RECEIVER,
    RECEIVER,
    UPDATE,
    new_step,
    new_webhook,
)
from tests.fakes.dataverse import API_PATH, FakeDataverse
from tests.fakes.dataverse.tables import metadata_id
from tests.fakes.server import Reply


@pytest.fixture
def webhook_id(registration: DataverseRegistration) -> str:
    """A webhook that posts to another receiver than this app, where every stage is allowed."""
    return registration.webhooks.register(new_webhook(url=ELSEWHERE)).webhook.id


def pointers(registration: DataverseRegistration, webhook_id: str, step: dict[str, object]) -> list[str]:
    with pytest.raises(BadRequest) as caught:
        registration.steps.register(webhook_id, step)
    return [error.pointer for error in caught.value.errors]


def test_a_step_has_what_was_asked_for(
    registration: DataverseRegistration, webhook_id: str, written: Callable[[], Asked]
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
    expected |= {"runAs": None, "images": []}
    assert step.as_json() == {**expected, "warnings": step.warnings}
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


def test_a_step_on_all_updates_is_taken_with_a_warning(registration: DataverseRegistration, webhook_id: str) -> None:
    step = registration.steps.register(webhook_id, {"message": "Update", "table": "account"})
    assert step.as_json()["warnings"] == step.warnings
    assert "every update" in step.warnings[0]


def test_a_message_without_tables_has_no_filter(
    registration: DataverseRegistration, webhook_id: str, written: Callable[[], Asked]
) -> None:
    step = registration.steps.register(webhook_id, {"message": "WhoAmI"})
    assert step.slot.table is None
    assert "sdkmessagefilterid@odata.bind" not in written()[-1][2]
    assert registration.steps.show(webhook_id, step.id).slot.table is None


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
    registration: DataverseRegistration,
    webhook_id: str,
    written: Callable[[], Asked],
    step: dict[str, object],
    pointer: str,
) -> None:
    assert pointers(registration, webhook_id, step) == [pointer]
    assert len(written()) == 1


def test_a_quote_in_a_name_is_escaped(
    registration: DataverseRegistration, webhook_id: str, dataverse: FakeDataverse
) -> None:
    registration.steps.register(webhook_id, {"message": "o'hara"})
    filters = [call.query["$filter"] for call in dataverse.journal if call.path == f"{API_PATH}sdkmessages"]
    assert filters == ["name eq 'o''hara'"]


def test_a_message_of_which_there_are_two_is_a_400(
    registration: DataverseRegistration, webhook_id: str, dataverse: FakeDataverse
) -> None:
    id_ = str(uuid4())
    dataverse.add("sdkmessages", id_, {"sdkmessageid": id_, "name": "create"})
    assert pointers(registration, webhook_id, new_step()) == ["#/message"]


def test_a_second_step_at_the_same_place_is_a_409(registration: DataverseRegistration, webhook_id: str) -> None:
    first = registration.steps.register(webhook_id, new_step())
    with pytest.raises(Conflict) as caught:
        registration.steps.register(webhook_id, new_step(message="create", mode="sync"))
    assert caught.value.extensions == {"conflicts": [first.id]}
    assert registration.steps.register(webhook_id, new_step(stage="PreOperation", mode="sync")).id != first.id


def test_of_two_who_register_the_same_step_at_once_one_has_a_409(
    registration: DataverseRegistration, webhook_id: str, dataverse: FakeDataverse
) -> None:
    dataverse.faults.meet("POST", "sdkmessageprocessingsteps")
    outcomes = at_once(lambda: registration.steps.register(webhook_id, new_step()))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Step"]
    assert len(dataverse.rows["sdkmessageprocessingsteps"]) == 1


def test_a_step_whose_id_is_taken_by_one_that_was_moved_has_another(
    registration: DataverseRegistration, webhook_id: str
) -> None:
    moved = registration.steps.register(webhook_id, new_step())
    registration.steps.update(webhook_id, moved.id, {"stage": "PreValidation", "mode": "sync"})
    step = registration.steps.register(webhook_id, new_step())
    assert {one.id for one in registration.steps.list(webhook_id)} == {moved.id, step.id}


NO_TABLE = [{}, *({"table": table} for table in (None, "none", "None", "NONE", " none ", "", " "))]


@pytest.mark.parametrize("first", NO_TABLE)
def test_a_step_without_a_table_is_registered_once_however_that_is_written(
    registration: DataverseRegistration, webhook_id: str, first: dict[str, object], written: Callable[[], Asked]
) -> None:
    made = registration.steps.register(webhook_id, {"message": "Associate", **first})
    assert made.as_json()["table"] is None
    for again in NO_TABLE:
        with pytest.raises(Conflict) as caught:
            registration.steps.register(webhook_id, {"message": "associate", **again})
        assert caught.value.extensions == {"conflicts": [made.id]}
    assert [path for _, path, _ in written()[1:]] == ["sdkmessageprocessingsteps"]


@pytest.mark.parametrize("table", ["none", "None", "", None])
def test_a_step_that_a_tool_gave_the_table_none_is_shown_without_one_and_found(
    registration: DataverseRegistration, webhook_id: str, dataverse: FakeDataverse, table: str | None
) -> None:
    made = registration.steps.register(webhook_id, {"message": "Associate"})
    filter_id = metadata_id("Associate", "none")
    dataverse.rows["sdkmessagefilters"][filter_id]["primaryobjecttypecode"] = table
    dataverse.rows["sdkmessageprocessingsteps"][made.id]["_sdkmessagefilterid_value"] = filter_id
    assert [step.as_json() for step in registration.steps.list(webhook_id)] == [made.as_json()]
    dataverse.rows["sdkmessagefilters"][filter_id]["primaryobjecttypecode"] = "none"
    with pytest.raises(Conflict):
        registration.steps.register(webhook_id, {"message": "Associate", "table": "none"})


@pytest.mark.parametrize("table", ["none", "NONE", "", " "])
def test_none_is_no_table_where_one_is_needed(registration: DataverseRegistration, webhook_id: str, table: str) -> None:
    assert pointers(registration, webhook_id, {"message": "Create", "table": table}) == ["#/table"]


def test_a_table_whose_name_holds_none_is_a_table(
    registration: DataverseRegistration, webhook_id: str, dataverse: FakeDataverse
) -> None:
    filters = dataverse.rows["sdkmessagefilters"]
    filters[metadata_id("Create", "account")]["primaryobjecttypecode"] = "new_none"
    assert registration.steps.register(webhook_id, {"message": "Create", "table": "new_none"}).slot.table == "new_none"


def test_a_step_whose_create_was_done_although_it_was_answered_503_is_a_success(
    registration: DataverseRegistration, webhook_id: str, dataverse: FakeDataverse
) -> None:
    dataverse.faults.answer_late("POST", "sdkmessageprocessingsteps", Reply(503))
    made = registration.steps.register(webhook_id, new_step())
    assert [step.id for step in registration.steps.list(webhook_id)] == [made.id]


@pytest.mark.parametrize("other", [{"mode": "sync"}, {"rank": 7}])
def test_a_step_that_another_made_meanwhile_is_a_409_even_after_a_503(
    registration: DataverseRegistration, webhook_id: str, dataverse: FakeDataverse, other: dict[str, object]
) -> None:
    another = lambda: registration.steps.register(webhook_id, new_step(**other))  # noqa: E731 - what happens in between
    dataverse.faults.before("POST", "sdkmessageprocessingsteps", another, reply=Reply(503))
    with pytest.raises(Conflict):
        registration.steps.register(webhook_id, new_step())
    [step] = registration.steps.list(webhook_id)
    assert all(step.as_json()[name] == value for name, value in other.items())


def test_a_step_moved_away_under_an_id_is_not_taken_for_the_one_that_was_made(
    registration: DataverseRegistration, webhook_id: str, dataverse: FakeDataverse
) -> None:
    moved = registration.steps.register(webhook_id, new_step())
    registration.steps.update(webhook_id, moved.id, {"stage": "PreValidation", "mode": "sync"})
    dataverse.faults.fail_once("POST", "sdkmessageprocessingsteps", Reply(503))
    made = registration.steps.register(webhook_id, new_step())
    assert {step.id for step in registration.steps.list(webhook_id)} == {moved.id, made.id}
    assert made.id != moved.id


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
    registration: DataverseRegistration,
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
    registration: DataverseRegistration, webhook_id: str, written: Callable[[], Asked]
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
    registration: DataverseRegistration,
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


def test_a_step_cannot_be_moved_to_where_another_stands(registration: DataverseRegistration, webhook_id: str) -> None:
    registration.steps.register(webhook_id, new_step())
    other = registration.steps.register(webhook_id, new_step(stage="PreOperation", mode="sync"))
    with pytest.raises(Conflict):
        registration.steps.update(webhook_id, other.id, {"stage": "PostOperation"})


@pytest.mark.parametrize("url", [RECEIVER, EVENTS_RECEIVER, f"{EVENTS_RECEIVER}/?code=x"])
@pytest.mark.parametrize("stage", ["PreValidation", "PreOperation"])
def test_what_has_not_happened_yet_is_not_registered_for_this_app(
    registration: DataverseRegistration, written: Callable[[], Asked], url: str, stage: str
) -> None:
    early = new_step(stage=stage, mode="sync")
    with pytest.raises(BadRequest) as caught:
        registration.webhooks.register(new_webhook(url=url, steps=[new_step(), early]))
    assert [error.pointer for error in caught.value.errors] == ["#/steps/1/stage"]
    assert "does not exist yet" in caught.value.errors[0].detail
    assert written() == []
    webhook = registration.webhooks.register(new_webhook(url=url)).webhook
    assert pointers(registration, webhook.id, early) == ["#/stage"]
    step = registration.steps.register(webhook.id, new_step())
    with pytest.raises(BadRequest) as caught:
        registration.steps.update(webhook.id, step.id, {"stage": stage, "mode": "sync"})
    assert [error.pointer for error in caught.value.errors] == ["#/stage"]
    assert len(written()) == 2


def test_an_early_step_that_is_there_already_is_shown_with_a_warning_and_can_be_changed(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    made = registration.webhooks.register(new_webhook(url=EVENTS_RECEIVER, steps=[new_step(mode="sync")]))
    ids = (made.webhook.id, made.steps[0].id)
    dataverse.rows["sdkmessageprocessingsteps"][ids[1]]["stage"] = 20
    [listed] = registration.steps.list(ids[0])
    assert ["before PostOperation" in warning for warning in listed.warnings] == [True]
    assert registration.steps.update(*ids, {"stage": "PreOperation", "enabled": False}).warnings == listed.warnings
    assert registration.steps.update(*ids, {"stage": "PostOperation"}).warnings == []


@pytest.mark.parametrize(("stage", "warned"), [("PreOperation", [True]), ("PostOperation", [])])
def test_an_early_step_for_another_receiver_is_registered_with_a_warning(
    registration: DataverseRegistration, webhook_id: str, stage: str, warned: list[bool]
) -> None:
    step = registration.steps.register(webhook_id, new_step(stage=stage, mode="sync"))
    assert ["may have no id" in warning for warning in step.warnings] == warned


def test_a_step_of_another_webhook_or_of_a_plugin_is_a_404(
    registration: DataverseRegistration, webhook_id: str, dataverse: FakeDataverse
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


def test_a_step_is_removed(registration: DataverseRegistration, webhook_id: str, written: Callable[[], Asked]) -> None:
    step = registration.steps.register(webhook_id, new_step())
    registration.steps.remove(webhook_id, step.id)
    assert written()[-1] == ("DELETE", f"sdkmessageprocessingsteps({step.id})", {})
    assert registration.steps.list(webhook_id) == []


def test_what_another_installer_made_is_read_as_it_is(
    registration: DataverseRegistration, webhook_id: str, dataverse: FakeDataverse
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
    assert (step.slot.stage, step.mode, step.enabled, step.slot.table) == ("50", "sync", False, None)


@pytest.mark.parametrize("row", [{}, {"sdkmessageprocessingstepid": 5}, {"name": None, "stage": "40"}])
def test_a_row_that_is_no_step_is_the_fault_of_dataverse(row: dict[str, object]) -> None:
    with pytest.raises(BadGateway, match="a row that is not a step"):
        parse_step_row(row)
