import json

import pytest
from hypothesis import given

from shared.api.superoffice.json_pointer import (
    MAX_ITEMS,
    MAX_STEPS,
    Names,
    NoSuchPlace,
    child,
    copied,
    equal,
    index_at,
    parse_path,
    require_few,
)
from tests.api.superoffice.samples import ANY_JSON, TEXTS
from tests.support.cases import holds_for

# RFC 6901, section 5: pointers into this document, and what they lead to.
DOCUMENT = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, 'k"l': 6, " ": 7, "m~n": 8}
RFC_6901 = {
    "/foo": ["bar", "baz"],
    "/foo/0": "bar",
    "/": 0,
    "/a~1b": 1,
    "/c%d": 2,
    "/e^f": 3,
    "/g|h": 4,
    "/i\\j": 5,
    '/k"l': 6,
    "/ ": 7,
    "/m~0n": 8,
    "": DOCUMENT,
}


@holds_for(("path", "expected"), RFC_6901.items())
def test_the_samples_of_the_rfc_lead_where_the_rfc_says(path: str, expected: object) -> None:
    node: object = DOCUMENT
    for step in parse_path(path):
        node = child(node, step, Names())
    assert node == expected


def test_escapes_are_undone_once() -> None:
    assert parse_path("/~01/~10") == ["~1", "/0"]


@pytest.mark.parametrize("path", ["~", "/a~", "/~2", "/~~0"])
def test_a_tilde_that_escapes_nothing_is_refused(path: str) -> None:
    with pytest.raises(NoSuchPlace, match="~0"):
        parse_path(path)


@holds_for("step", ["", "-", "+1", "1.0", " 1", "01", "1\n", "x", "2", "999999999"])
def test_an_index_is_digits_and_there(step: str) -> None:
    with pytest.raises(NoSuchPlace):
        index_at([1, 2], step)


@given(ANY_JSON)
def test_a_copy_is_equal_and_shares_nothing(value: object) -> None:
    other = copied(value)
    assert equal(value, other)
    assert other is not value or not isinstance(value, dict | list)


@given(ANY_JSON, ANY_JSON)
def test_equal_values_have_equal_texts_but_for_the_kind_of_their_numbers(one: object, other: object) -> None:
    texts = [json.dumps(value, sort_keys=True) for value in (one, other)]
    assert equal(one, other) == equal(other, one)
    assert equal(one, other) or texts[0] != texts[1]


@given(TEXTS)
def test_any_text_is_a_path_or_is_not(text: str) -> None:
    try:
        steps = parse_path(text)
    except NoSuchPlace:
        return
    escaped = (step.replace("~", "~0").replace("/", "~1") for step in steps)
    assert "/".join(escaped) == text.removeprefix("/")


def test_a_path_has_so_many_steps_and_an_object_so_many_members_and_no_more() -> None:
    assert len(parse_path("/a" * MAX_STEPS)) == MAX_STEPS
    with pytest.raises(NoSuchPlace, match=f"at most {MAX_STEPS} steps"):
        parse_path("/a" * (MAX_STEPS + 1))
    require_few([0] * MAX_ITEMS)
    with pytest.raises(NoSuchPlace, match=f"array has more than {MAX_ITEMS} items"):
        require_few([0] * (MAX_ITEMS + 1))
    with pytest.raises(NoSuchPlace, match=f"object has more than {MAX_ITEMS} members"):
        require_few({str(number): number for number in range(MAX_ITEMS + 1)})
