from dataclasses import replace
from typing import Any

import pytest

from shared.dynamics.registration.image import StepImage
from shared.dynamics.registration.step import (
    RUN_AS,
    Step,
    StepSlot,
    changed_columns,
    is_alike,
    parse_step_row,
    step_columns,
    table_of,
)
from shared.errors import BadGateway

ID, WEBHOOK = "cc03d281-c95c-e911-a979-000d3a1cc8fe", "37c7c867-d571-e911-a956-000d3a1bc3f6"
USER = "a737589c-c95c-e911-a979-000d3a1cc8fe"


def image_id_of(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


def image_row(number: int, **columns: object) -> dict[str, object]:
    return {"sdkmessageprocessingstepimageid": image_id_of(number), **columns}


ROW: dict[str, Any] = {
    "sdkmessageprocessingstepid": ID,
    "_eventhandler_value": WEBHOOK,
    "name": "a step",
    "description": None,
    "mode": 1,
    "stage": 40,
    "rank": 2,
    "filteringattributes": "name,rank",
    "asyncautodelete": True,
    "statecode": 0,
    "sdkmessageid": {"name": "Update"},
    "sdkmessagefilterid": {"primaryobjecttypecode": "account"},
    "_impersonatinguserid_value": USER.upper(),
    "sdkmessageprocessingstepid_sdkmessageprocessingstepimage": [
        image_row(2, name="Second", entityalias="two", imagetype=2, attributes=None),
        image_row(1, name="First", entityalias="one", imagetype=1, attributes=" a, b,"),
    ],
}
STEP = Step(
    ID,
    WEBHOOK,
    StepSlot("Update", "account", "PostOperation"),
    "a step",
    None,
    "async",
    2,
    ("name", "rank"),
    async_auto_delete=True,
    run_as=USER,
    images=(StepImage("post", "one", ("a", "b"), image_id_of(1)), StepImage("both", "two", None, image_id_of(2))),
)


@pytest.mark.parametrize(("text", "table"), [(None, None), ("", None), (" ", None), ("None", None), ("nonet", "nonet")])
def test_a_table_may_be_written_as_none(text: str | None, table: str | None) -> None:
    assert table_of(text) == table


def test_a_row_is_a_step_and_a_step_the_columns_of_its_row() -> None:
    assert parse_step_row(ROW) == STEP
    columns = step_columns(STEP)
    user = {RUN_AS: f"/systemusers({USER})"}
    assert columns == {**{name: ROW[name] for name in columns if name in ROW}, "statuscode": 1, **user}
    assert step_columns(replace(STEP, run_as=None))[RUN_AS] is None


def test_an_unknown_stage_or_mode_is_its_number() -> None:
    step = parse_step_row({**ROW, "stage": 50, "mode": 7, "sdkmessagefilterid": None, "statecode": 1})
    assert (step.slot, step.mode, step.enabled) == (StepSlot("Update", None, "50"), "7", False)
    assert (step_columns(step)["stage"], step_columns(step)["mode"], step_columns(step)["statuscode"]) == (50, 7, 2)


@pytest.mark.parametrize("name", ["sdkmessageprocessingstepid", "_eventhandler_value", "mode", "stage", "sdkmessageid"])
def test_a_row_that_lacks_what_a_step_needs_is_refused(name: str) -> None:
    with pytest.raises(BadGateway):
        parse_step_row({key: value for key, value in ROW.items() if key != name})


def test_only_what_differs_is_written() -> None:
    assert changed_columns(STEP, STEP) == {}
    assert changed_columns(STEP, replace(STEP, enabled=False, rank=3)) == {"rank": 3, "statecode": 1, "statuscode": 2}


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (replace(STEP, id=WEBHOOK, name="x", description="y"), True),
        (replace(STEP, slot=StepSlot("UPDATE", "Account", "PostOperation")), True),
        (replace(STEP, slot=StepSlot("Update", "account", "PreOperation")), False),
        (replace(STEP, webhook_id=ID), False),
        (replace(STEP, rank=1), False),
    ],
)
def test_two_steps_are_alike_if_they_do_the_same_for_one_webhook(other: Step, *, alike: bool) -> None:
    assert is_alike(STEP, other) is alike


def test_a_step_is_shown_with_its_user_and_its_images() -> None:
    shown = STEP.as_json()
    assert (shown["runAs"], replace(STEP, run_as=None).as_json()["runAs"]) == (USER, None)
    assert shown["images"] == [
        {"type": "post", "name": "one", "columns": ["a", "b"]},
        {"type": "both", "name": "two", "columns": None},
    ]


def test_a_step_on_every_update_has_a_warning() -> None:
    assert STEP.warnings == []
    assert len(replace(STEP, filtering_attributes=()).warnings) == 1
    assert replace(STEP, advice=("said",)).as_json()["warnings"] == ["said"]
