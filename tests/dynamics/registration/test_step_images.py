"""Steps with images, with a user in whose name they run, and in a solution: registered, shown, changed and undone."""

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest

from shared.dynamics.registration.bodies import NewStep, step_errors
from shared.dynamics.registration.parsing import parse_body
from shared.dynamics.registration.step import Step
from shared.errors import BadRequest, HubError
from shared.hub.registration import DataverseRegistration
from tests.dynamics.registration.conftest import Asked
from tests.dynamics.registration.racing import at_once
from tests.dynamics.registration.samples import ELSEWHERE, EVENTS_RECEIVER, new_webhook
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.dataverse.tables import Row
from tests.fakes.server import Reply, json_reply
from tests.support.cases import holds_for

STEPS, IMAGES = "sdkmessageprocessingsteps", "sdkmessageprocessingstepimages"
UPDATE = {"message": "Update", "table": "opportunity"}
OLD = {"type": "pre", "name": "Old", "columns": ["name", "estimatedvalue"]}
NEW = {"type": "post", "name": "New", "columns": None}
REFUSAL = json_reply({"error": {"code": "0x80044184", "message": "no"}}, 400)


@pytest.fixture
def webhook_id(registration: DataverseRegistration) -> str:
    return registration.webhooks.register(new_webhook(url=EVENTS_RECEIVER)).webhook.id


@pytest.fixture
def user(dataverse: FakeDataverse) -> str:
    id_ = str(uuid4())
    dataverse.add_user(id_, None, "integration@contoso.example")
    return id_


def images(dataverse: FakeDataverse) -> list[Row]:
    return list(dataverse.rows.get(IMAGES, {}).values())


def pointers(registration: DataverseRegistration, webhook_id: str, step: dict[str, object]) -> list[str]:
    with pytest.raises(BadRequest) as caught:
        registration.steps.register(webhook_id, step)
    return [error.pointer for error in caught.value.errors]


def test_a_step_has_the_images_that_were_asked_for(
    registration: DataverseRegistration, webhook_id: str, written: Callable[[], Asked], dataverse: FakeDataverse
) -> None:
    step = registration.steps.register(webhook_id, {**UPDATE, "images": [OLD, NEW]})
    assert step.as_json()["images"] == [NEW, OLD]
    assert registration.steps.show(webhook_id, step.id) == step
    assert registration.webhooks.show(webhook_id).steps == (step,)
    sent = [body for _, path, body in written() if path == IMAGES]
    ids = {image.name: image.id for image in step.images}
    bind = {"sdkmessageprocessingstepid@odata.bind": f"/{STEPS}({step.id})", "messagepropertyname": "Target"}
    assert sent == [
        {
            "sdkmessageprocessingstepimageid": ids["Old"],
            "name": "Old",
            "entityalias": "Old",
            "imagetype": 0,
            "attributes": "name,estimatedvalue",
            **bind,
        },
        {
            "sdkmessageprocessingstepimageid": ids["New"],
            "name": "New",
            "entityalias": "New",
            "imagetype": 1,
            "attributes": None,
            **bind,
        },
    ]
    registration.steps.remove(webhook_id, step.id)
    assert images(dataverse) == []


@pytest.mark.parametrize(
    ("message", "type_", "property_"),
    [
        ("Create", "post", "Id"),
        ("Update", "both", "Target"),
        ("Delete", "pre", "Target"),
        ("Assign", "pre", "Target"),
        ("Merge", "post", "Target"),
        ("SetState", "pre", "EntityMoniker"),
        ("setstatedynamicentity", "both", "EntityMoniker"),
        ("new_approve", "pre", "Target"),
    ],
)
def test_an_image_is_of_the_row_that_its_message_names(
    registration: DataverseRegistration,
    webhook_id: str,
    dataverse: FakeDataverse,
    message: str,
    type_: str,
    property_: str,
) -> None:
    image = {"type": type_, "name": "Row"}
    registration.steps.register(webhook_id, {"message": message, "table": "opportunity", "images": [image]})
    assert [row["messagepropertyname"] for row in images(dataverse)] == [property_]


def test_a_message_that_has_no_images_is_refused_by_dataverse_and_nothing_stays(
    registration: DataverseRegistration, webhook_id: str, dataverse: FakeDataverse
) -> None:
    with pytest.raises(BadRequest) as caught:
        registration.steps.register(webhook_id, {"message": "Win", "table": "opportunity", "images": [OLD]})
    assert "not valid on message Win" in str(caught.value.extensions["dataverse"])
    assert (dataverse.rows[STEPS], images(dataverse)) == ({}, [])


@holds_for(
    ("step", "pointer"),
    [
        ({"message": "Create", "images": [{"type": "pre", "name": "a"}]}, "#/images/0/type"),
        ({"message": "CREATE", "images": [{"type": "both", "name": "a"}]}, "#/images/0/type"),
        ({"message": "Delete", "images": [{"type": "post", "name": "a"}]}, "#/images/0/type"),
        ({"message": "Delete", "images": [OLD, {"type": "both", "name": "a"}]}, "#/images/1/type"),
        ({"stage": "PreOperation", "mode": "sync", "images": [NEW]}, "#/images/0/type"),
        ({"images": [OLD, {"type": "pre", "name": "old"}]}, "#/images/1/name"),
        ({"images": [OLD, {"type": "both", "name": "Old"}]}, "#/images/1/name"),
        ({"images": [{"type": "before", "name": "a"}]}, "#/images/0/type"),
        ({"images": [{"type": "pre"}]}, "#/images/0/name"),
        ({"images": [{"type": "pre", "name": " "}]}, "#/images/0/name"),
        ({"images": [{"type": "pre", "name": "a", "columns": []}]}, "#/images/0/columns"),
        ({"images": [{"type": "pre", "name": "a", "columns": ["a,b"]}]}, "#/images/0/columns"),
        ({"images": [{"type": "pre", "name": "a", "attributes": "a"}]}, "#/images/0/attributes"),
        ({"images": {}}, "#/images"),
        ({"runAs": "nobody"}, "#/runAs"),
        ({"runAs": "00000000-0000-0000-0000-000000000000"}, "#/runAs"),
        ({"solution": "our solution"}, "#/solution"),
        ({"solution": ""}, "#/solution"),
        ({"solution": "solution\r\nX: y"}, "#/solution"),
    ],
)
def test_what_cannot_be_is_named_before_dataverse_is_asked(step: dict[str, object], pointer: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_body(NewStep, {**UPDATE, **step}, step_errors)
    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_images_of_the_same_name_on_both_sides_are_two(registration: DataverseRegistration, webhook_id: str) -> None:
    both = [{"type": "pre", "name": "Row", "columns": None}, {"type": "post", "name": "Row", "columns": None}]
    step = registration.steps.register(webhook_id, {**UPDATE, "images": both})
    assert len(step.images) == 2


def test_a_step_whose_image_fails_is_taken_back(
    registration: DataverseRegistration, webhook_id: str, dataverse: FakeDataverse
) -> None:
    dataverse.faults.fail_once("POST", IMAGES, REFUSAL, skip=1)
    with pytest.raises(BadRequest):
        registration.steps.register(webhook_id, {**UPDATE, "images": [OLD, NEW]})
    assert (dataverse.rows[STEPS], images(dataverse)) == ({}, [])


def test_a_step_that_cannot_be_taken_back_is_named(
    registration: DataverseRegistration, webhook_id: str, dataverse: FakeDataverse
) -> None:
    dataverse.faults.fail_once("POST", IMAGES, REFUSAL)
    dataverse.faults.fail_once("DELETE", STEPS, Reply(500))
    with pytest.raises(BadRequest) as caught:
        registration.steps.register(webhook_id, {**UPDATE, "images": [OLD]})
    assert [caught.value.extensions["leftBehind"]] == list(dataverse.rows[STEPS])


def test_a_webhook_whose_image_fails_is_taken_back(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    dataverse.faults.fail_once("POST", IMAGES, REFUSAL)
    with pytest.raises(BadRequest):
        registration.webhooks.register(new_webhook(url=ELSEWHERE, steps=[{**UPDATE, "images": [OLD]}]))
    assert [dataverse.rows.get(set_) for set_ in ("serviceendpoints", STEPS)] == [{}, {}]


@pytest.mark.parametrize("fault", [Reply(503), None])
def test_an_image_whose_answer_is_lost_is_made_once(
    registration: DataverseRegistration, webhook_id: str, dataverse: FakeDataverse, fault: Reply | None
) -> None:
    if fault is None:
        dataverse.faults.lose_answer("POST", IMAGES)
    else:
        dataverse.faults.answer_late("POST", IMAGES, fault)
    step = registration.steps.register(webhook_id, {**UPDATE, "images": [OLD]})
    assert (len(images(dataverse)), step.as_json()["images"]) == (1, [OLD])


def with_images(registration: DataverseRegistration, webhook_id: str, *wanted: object) -> Step:
    return registration.steps.register(webhook_id, {**UPDATE, "images": list(wanted)})


@pytest.mark.parametrize(
    ("change", "writes"),
    [
        ({}, []),
        ({"images": None}, []),
        ({"images": [NEW, OLD]}, []),
        ({"images": [{**OLD, "columns": ["estimatedvalue", "name"]}, NEW]}, []),
        ({"images": [{**OLD, "columns": ["name"]}, NEW]}, [("PATCH", {"attributes": "name"})]),
        ({"images": [{**OLD, "columns": None}, NEW]}, [("PATCH", {"attributes": None})]),
        ({"images": [OLD]}, [("DELETE", {})]),
        ({"images": []}, [("DELETE", {}), ("DELETE", {})]),
    ],
)
def test_a_change_of_images_takes_the_place_of_all_and_writes_what_differs(
    registration: DataverseRegistration,
    webhook_id: str,
    written: Callable[[], Asked],
    change: dict[str, object],
    writes: list[object],
) -> None:
    step = with_images(registration, webhook_id, OLD, NEW)
    before = len(written())
    changed = registration.steps.update(webhook_id, step.id, change)
    assert [(method, body) for method, _, body in written()[before:]] == writes
    assert all(path.startswith(IMAGES) for _, path, _ in written()[before:])
    assert registration.steps.show(webhook_id, step.id) == changed


def test_an_image_of_another_type_is_made_before_the_old_one_goes(
    registration: DataverseRegistration, webhook_id: str, written: Callable[[], Asked]
) -> None:
    step = with_images(registration, webhook_id, OLD)
    changed = registration.steps.update(webhook_id, step.id, {"rank": 2, "images": [{**OLD, "type": "post"}]})
    assert [method for method, _, _ in written()[-3:]] == ["PATCH", "POST", "DELETE"]
    assert changed.as_json()["images"] == [{**OLD, "type": "post"}]
    assert registration.steps.show(webhook_id, step.id) == changed


def test_images_that_the_step_cannot_have_are_a_400_and_nothing_is_changed(
    registration: DataverseRegistration, webhook_id: str, written: Callable[[], Asked]
) -> None:
    step = registration.steps.register(webhook_id, {"message": "Create", "table": "account"})
    before = len(written())
    with pytest.raises(BadRequest) as caught:
        registration.steps.update(webhook_id, step.id, {"rank": 5, "images": [NEW, OLD]})
    assert [error.pointer for error in caught.value.errors] == ["#/images/1/type"]
    assert len(written()) == before


def test_a_step_with_a_post_image_is_not_moved_to_where_there_is_none(
    registration: DataverseRegistration, written: Callable[[], Asked]
) -> None:
    webhook_id = registration.webhooks.register(new_webhook(url=ELSEWHERE)).webhook.id
    step = with_images(registration, webhook_id, OLD, NEW)
    before = len(written())
    early = {"stage": "PreOperation", "mode": "sync"}
    with pytest.raises(BadRequest) as caught:
        registration.steps.update(webhook_id, step.id, early)
    assert ([error.pointer for error in caught.value.errors], len(written())) == (["#/stage"], before)
    registration.steps.update(webhook_id, step.id, {"images": [OLD]})
    assert registration.steps.update(webhook_id, step.id, early).slot.stage == "PreOperation"


def test_of_two_who_add_the_same_image_at_once_one_image_stays(
    registration: DataverseRegistration, webhook_id: str, dataverse: FakeDataverse
) -> None:
    step = with_images(registration, webhook_id)
    dataverse.faults.meet("POST", IMAGES)
    outcomes = at_once(lambda: registration.steps.update(webhook_id, step.id, {"images": [OLD]}))
    assert not any(isinstance(outcome, HubError) for outcome in outcomes)
    assert len(images(dataverse)) == 1


def test_a_step_runs_in_the_name_of_a_user(
    registration: DataverseRegistration, webhook_id: str, written: Callable[[], Asked], user: str
) -> None:
    step = registration.steps.register(webhook_id, {**UPDATE, "runAs": user.upper()})
    assert written()[-1][2]["impersonatinguserid@odata.bind"] == f"/systemusers({user})"
    assert (step.run_as, registration.steps.show(webhook_id, step.id)) == (user, step)
    assert registration.steps.update(webhook_id, step.id, {"rank": 2}).run_as == user
    nobody = registration.steps.update(webhook_id, step.id, {"runAs": None})
    assert written()[-1][2] == {"impersonatinguserid@odata.bind": None}
    assert (nobody.run_as, registration.steps.show(webhook_id, step.id)) == (None, nobody)
    assert registration.steps.update(webhook_id, step.id, {"runAs": user}) == replace(step, rank=2)


def test_a_user_who_does_not_exist_is_a_400_and_nothing_is_written(
    registration: DataverseRegistration, webhook_id: str, written: Callable[[], Asked]
) -> None:
    assert pointers(registration, webhook_id, {**UPDATE, "runAs": str(uuid4())}) == ["#/runAs"]
    step = registration.steps.register(webhook_id, UPDATE)
    before = len(written())
    with pytest.raises(BadRequest) as caught:
        registration.steps.update(webhook_id, step.id, {"runAs": str(uuid4())})
    assert [error.pointer for error in caught.value.errors] == ["#/runAs"]
    assert len(written()) == before


def test_what_is_registered_becomes_a_part_of_the_solution(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    dataverse.solutions.update(contoso_hub=[], other=[])
    steps = [{**UPDATE, "images": [OLD]}, {"message": "Delete", "table": "account", "solution": "other"}]
    made = registration.webhooks.register(new_webhook(url=EVENTS_RECEIVER, solution="contoso_hub", steps=steps))
    first, second = made.steps
    assert dataverse.solutions == {
        "contoso_hub": [made.webhook.id, first.id, first.images[0].id],
        "other": [second.id],
    }
    third = registration.steps.register(
        made.webhook.id, {"message": "Create", "table": "account", "images": [NEW], "solution": "other"}
    )
    assert dataverse.solutions["other"] == [second.id, third.id, third.images[0].id]


def test_a_repeated_create_names_the_solution_again(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    dataverse.solutions["contoso_hub"] = []
    dataverse.faults.fail_once("POST", "serviceendpoints", Reply(500))
    made = registration.webhooks.register(new_webhook(solution="contoso_hub"))
    assert dataverse.solutions["contoso_hub"] == [made.webhook.id]


def test_a_solution_that_does_not_exist_is_refused_and_nothing_stays(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    with pytest.raises(BadRequest):
        registration.webhooks.register(new_webhook(solution="nothing"))
    assert not dataverse.rows.get("serviceendpoints")
