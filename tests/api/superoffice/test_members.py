import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.superoffice.members import Kind, find_member, kind_of, parse_text

DATA = Path(__file__).parents[2] / "data"
KINDS = {"string": Kind.TEXT, "integer": Kind.INTEGER, "boolean": Kind.BOOLEAN, "array": Kind.LIST}


def vendors_members() -> dict[str, dict[str, object]]:
    """All members of all definitions, by name; the same name is always of one kind."""
    found: dict[str, dict[str, object]] = {}
    for path in DATA.glob("superoffice-*.json"):
        for definition in json.loads(path.read_text(encoding="utf-8"))["definitions"].values():
            found |= definition["properties"]
    return found


def vendors_kind(schema: dict[str, object]) -> Kind:
    if "$ref" in schema:
        return Kind.OBJECT
    return Kind.DICTIONARY if "additionalProperties" in schema else KINDS[str(schema["type"])]


@pytest.mark.parametrize(("name", "schema"), vendors_members().items())
def test_every_member_of_the_vendor_is_known_by_its_kind(name: str, schema: dict[str, object]) -> None:
    assert kind_of(name) is kind_of(name.upper()) is vendors_kind(schema)


@pytest.mark.parametrize(
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
