"""Guards the words in which clients read what is wrong, and that they never read back what they sent."""

from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError
from pydantic.alias_generators import to_camel

from shared.errors import FieldError
from shared.validation import (
    bad_field,
    field_error,
    field_errors,
    integer_from,
    max_length,
    one_of,
    parse_digits,
    pointer_to,
)


class Item(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)

    the_name: Annotated[StrictStr, Field(max_length=3)]
    count: Annotated[StrictInt, Field(ge=1, le=9)] = 1
    is_on: StrictBool = False
    kind: Literal["a", "b"] = "a"
    tags: Annotated[list[StrictStr], Field(max_length=1)] = []
    inner: "Item | None" = None


def errors(document: object) -> list[FieldError]:
    with pytest.raises(ValidationError) as caught:
        Item.model_validate(document)
    return field_errors(caught.value, alias=to_camel)


@pytest.mark.parametrize(
    ("document", "pointer", "detail"),
    [
        ({}, "#/theName", "theName is required"),
        ({"theName": 7}, "#/theName", "theName must be a string"),
        ({"theName": "four"}, "#/theName", "theName must be at most 3 characters (got 4)"),
        ({"theName": "a", "count": "1"}, "#/count", "count must be an integer"),
        ({"theName": "a", "count": 0}, "#/count", "count must be at least 1"),
        ({"theName": "a", "count": 10}, "#/count", "count must be at most 9"),
        ({"theName": "a", "isOn": 1}, "#/isOn", "isOn must be true or false"),
        ({"theName": "a", "kind": "c"}, "#/kind", "kind must be 'a' or 'b'"),
        ({"theName": "a", "tags": "x"}, "#/tags", "tags must be an array"),
        ({"theName": "a", "tags": ["x", "y"]}, "#/tags", "tags must have at most 1 items (got 2)"),
        ({"theName": "a", "tags": [1]}, "#/tags/0", "0 must be a string"),
        ({"theName": "a", "more": 1}, "#/more", "more is not a known member"),
        ({"theName": "a", "inner": 1}, "#/inner", "inner must be an object"),
        ({"theName": "a", "inner": {}}, "#/inner/theName", "theName is required"),
        ([], "#", "the body must be an object"),
    ],
)
def test_a_refusal_is_a_sentence_about_the_field(document: object, pointer: str, detail: str) -> None:
    assert errors(document) == [FieldError(pointer, detail)]


def test_a_field_is_named_once_however_much_is_wrong_with_it() -> None:
    assert [error.pointer for error in errors({"theName": 1, "count": "x", "isOn": 2})] == [
        "#/theName",
        "#/count",
        "#/isOn",
    ]


@given(st.text(min_size=4, alphabet="XYZ"))
def test_no_error_repeats_the_value(secret: str) -> None:
    for document in ({"theName": secret}, {"theName": "a", "kind": secret}, {"theName": "a", "count": secret}):
        assert all(secret not in error.detail for error in errors(document))


@given(st.lists(st.text()))
def test_a_pointer_is_unescaped_to_its_steps(steps: list[str]) -> None:
    pointer = pointer_to(steps)
    parts = pointer.split("/")[1:]
    assert [part.replace("~1", "/").replace("~0", "~") for part in parts] == steps


def test_phrases() -> None:
    assert one_of(["a"]) == "must be a"
    assert one_of(["a", "b", "c"]) == "must be a, b or c"
    assert max_length(400, 512) == "must be at most 400 characters (got 512)"
    assert field_error(["a", "b"], "is required") == FieldError("#/a/b", "b is required")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("200", 200),
        ("007", 7),
        ("0", None),
        ("201", None),
        ("0007", None),
        ("", None),
        ("-1", None),
        ("+1", None),
        (" 1", None),
        ("1\n", None),
        ("1_0", None),
        ("1.0", None),
        ("\u0665", None),
        ("\u00b2", None),
        ("9" * 5000, None),
    ],
)
def test_an_integer_is_ascii_digits_within_its_range(text: str, number: int | None) -> None:
    assert parse_digits(text, 1, 200) == number


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_every_integer_within_a_range_is_accepted_and_no_other(minimum: int, maximum: int, number: int) -> None:
    assert parse_digits(str(number), minimum, maximum) == (number if minimum <= number <= maximum else None)


def test_the_refusal_of_one_field_names_it_and_leads_to_it() -> None:
    refusal = bad_field("a/b", integer_from(1, 9))
    assert refusal.detail == "a/b must be an integer from 1 to 9"
    assert refusal.errors == (FieldError("#/a~1b", refusal.detail),)
