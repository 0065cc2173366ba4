from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from shared.api.contract.model_schemas import model_schemas

type Limits = dict[str, dict[str, dict[str, object]]]


class Wheel(BaseModel):
    """One of several."""

    title: str
    size: Annotated[int, Field(ge=1)] = 26


class Bicycle(BaseModel):
    """Has wheels."""

    wheels: list[Wheel]
    front: Wheel | None = None
    colour: str | None = None
    kind: Literal["city", "race"] = "city"


def test_a_model_and_those_that_it_refers_to_have_a_schema_each() -> None:
    made = model_schemas(Bicycle, {}, {"Wheel": "BicycleWheel"})
    assert set(made) == {"Bicycle", "BicycleWheel"}
    assert made["Bicycle"]["properties"] == {
        "wheels": {"type": "array", "items": {"$ref": "#/components/schemas/BicycleWheel"}},
        "front": {"anyOf": [{"$ref": "#/components/schemas/BicycleWheel"}, {"type": "null"}]},
        "colour": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "kind": {"type": "string", "enum": ["city", "race"], "default": "city"},
    }


def test_a_member_that_is_called_like_a_keyword_stays() -> None:
    [wheel] = [one for name, one in model_schemas(Bicycle, {}).items() if name == "Wheel"]
    assert wheel["properties"] == {
        "title": {"type": "string"},
        "size": {"type": "integer", "minimum": 1, "default": 26},
    }


def test_limits_are_put_over_what_the_model_says_and_stand_beside_null() -> None:
    limits: Limits = {"Bicycle": {"colour": {"maxLength": 9, "description": "Its paint."}, "wheels": {"minItems": 1}}}
    properties = model_schemas(Bicycle, limits)["Bicycle"]["properties"]
    assert isinstance(properties, dict)
    assert properties["colour"] == {"type": ["string", "null"], "maxLength": 9, "description": "Its paint."}
    assert properties["wheels"]["minItems"] == 1


def test_a_description_of_another_model_stands_beside_the_reference() -> None:
    limits: Limits = {"Bicycle": {"front": {"description": "The one in front."}}}
    properties = model_schemas(Bicycle, limits)["Bicycle"]["properties"]
    assert isinstance(properties, dict)
    assert properties["front"]["description"] == "The one in front."
    assert "anyOf" in properties["front"]


def test_a_limit_of_a_member_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="Bicycle has no member bell"):
        model_schemas(Bicycle, {"Bicycle": {"bell": {"minLength": 1}}})
