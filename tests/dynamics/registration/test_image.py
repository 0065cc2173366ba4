"""What an image of a step is, as a row and as the registration API shows it."""

import pytest

from shared.dynamics.registration.image import (
    ImageRow,
    StepImage,
    image_columns,
    image_id,
    in_order,
    message_property,
)
from tests.fakes.dataverse.tables import IMAGE_PROPERTIES

ID = "cc03d281-c95c-e911-a979-000d3a1cc8fe"
STEP = "37c7c867-d571-e911-a956-000d3a1bc3f6"


def parsed(**columns: object) -> StepImage:
    return ImageRow.model_validate({"sdkmessageprocessingstepimageid": ID, "imagetype": 0, **columns}).image()


@pytest.mark.parametrize(("text", "columns"), [(None, None), ("", None), ("a", ("a",)), ("a, b,", ("a", "b"))])
def test_no_attributes_are_all_columns(text: str | None, columns: tuple[str, ...] | None) -> None:
    assert parsed(name="x", entityalias="PreImage", attributes=text) == StepImage("pre", "PreImage", columns, ID)


def test_an_image_is_called_by_its_alias_and_an_unknown_type_is_its_number() -> None:
    assert parsed(name="x", imagetype=3) == StepImage("3", "x", None, ID)
    assert parsed().name == ""


def test_an_image_is_a_row() -> None:
    columns = {"name": "Old", "entityalias": "Old", "imagetype": 2, "attributes": "a,b"}
    assert image_columns(StepImage("both", "Old", ("a", "b"))) == columns
    assert image_columns(StepImage("both", "Old"))["attributes"] is None


@pytest.mark.parametrize("message", [message for message in IMAGE_PROPERTIES if message != "new_Approve"])
def test_the_property_of_each_message_is_one_that_dataverse_takes(message: str) -> None:
    assert message_property(message.upper()) in IMAGE_PROPERTIES[message]


def test_any_other_message_names_its_row_as_bound_actions_do() -> None:
    assert message_property("new_Approve") == "Target"


def test_an_id_follows_from_step_name_and_type() -> None:
    one = image_id(STEP, StepImage("pre", "PreImage"))
    assert one == image_id(STEP, StepImage("pre", "PREIMAGE", ("a",), ID))
    others = [image_id(ID, StepImage("pre", "PreImage")), image_id(STEP, StepImage("post", "PreImage"))]
    assert len({one, *others}) == 3


@pytest.mark.parametrize(
    ("image", "ours"),
    [
        (StepImage("pre", "PreImage"), True),
        (StepImage("pre", "preimage", ("a",)), True),
        (StepImage("post", "PreImage"), False),
        (StepImage("both", "PreImage"), False),
        (StepImage("pre", "Other"), False),
    ],
)
def test_the_pre_image_of_ensure_is_known_by_name_and_type(image: StepImage, *, ours: bool) -> None:
    assert image.is_ours is ours


def test_the_order_of_columns_and_images_does_not_matter() -> None:
    image = StepImage("pre", "b", ("x", "y"))
    assert [image.has_columns(columns) for columns in (("y", "x"), ("x",), None)] == [True, False, False]
    assert StepImage("pre", "b").has_columns(None)
    assert [one.name for one in in_order([image, StepImage("post", "A")])] == ["A", "b"]
