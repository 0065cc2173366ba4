from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from hypothesis import given
from hypothesis import strategies as st

from shared.api.superoffice.members import Kind, find_member, kind_of, parse_text
from tests.support import superoffice
from tests.support.cases import holds_for
from tests.support.superoffice import Shape

SHAPES = [shape for shape in vars(superoffice).values() if isinstance(shape, type) and issubclass(shape, Shape)]
KINDS = {
    str: Kind.TEXT,
    Literal: Kind.TEXT,
    int: Kind.INTEGER,
    bool: Kind.BOOLEAN,
    list: Kind.LIST,
    dict: Kind.DICTIONARY,
}


def vendors_kind(annotation: object) -> Kind:
    """The kind of what a member holds that is annotated so, where it is not null."""
    origin = get_origin(annotation)
    if origin in {Union, UnionType, Annotated}:
        return vendors_kind(get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        return Kind.OBJECT
    return KINDS[origin or annotation]


# The same name is of one kind in every shape.
VENDORS_MEMBERS = {str(field.alias): field.annotation for shape in SHAPES for field in shape.model_fields.values()}


@holds_for(("name", "annotation"), VENDORS_MEMBERS.items())
def test_every_member_of_the_vendor_is_known_by_its_kind(name: str, annotation: object) -> None:
    assert kind_of(name) is kind_of(name.upper()) is vendors_kind(annotation)


@holds_for(
    ("text", "kind", "value"),
    [
        (" 7\n", Kind.INTEGER, 7),
        ("-7", Kind.INTEGER, -7),
        ("", Kind.INTEGER, None),
        (" ", Kind.BOOLEAN, None),
        ("", Kind.TEXT, ""),
        (" a ", Kind.TEXT, " a "),
        ("TRUE", Kind.BOOLEAN, True),
        ("0", Kind.BOOLEAN, False),
        ("2.5e3", Kind.NUMBER, 2500.0),
        ("yes", Kind.BOOLEAN, "yes"),
        ("1_000", Kind.INTEGER, "1_000"),
        ("\u0661", Kind.INTEGER, "\u0661"),
        ("0x7", Kind.INTEGER, "0x7"),
        ("9" * 4301, Kind.INTEGER, "9" * 4301),
        ("1e999", Kind.NUMBER, "1e999"),
        ("NaN", Kind.NUMBER, "NaN"),
        ("INF", Kind.NUMBER, "INF"),
    ],
)
def test_a_text_becomes_what_its_member_holds_or_stays(text: str, kind: Kind, value: object) -> None:
    assert parse_text(text, kind) == value


@given(st.text(), st.sampled_from(Kind))
def test_any_text_is_parsed(text: str, kind: Kind) -> None:
    assert parse_text(text, kind) == text or kind is not Kind.TEXT


def test_a_member_is_found_as_it_stands_there_first() -> None:
    assert find_member({"name": 1, "Name": 2}, "Name") == "Name"
    assert find_member({"NAME": 1}, "name") == "NAME"
    assert find_member({}, "Name") is None
