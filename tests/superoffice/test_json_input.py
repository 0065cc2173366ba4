import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import NotJson
from shared.strict_json import parse_json
from shared.superoffice.json_input import read_json
from tests.superoffice.samples import ANY_JSON

# The end of every array and object that holds something, in a text in which no string holds a bracket.
_END = re.compile(r"(?<=[^\s\[{])(?=\s*[\]}])")


@given(ANY_JSON, st.sampled_from([None, 0, 2]))
def test_strict_json_is_read_as_ever(value: object, indent: int | None) -> None:
    body = json.dumps(value, indent=indent).encode()
    assert read_json(body) == parse_json(body)


@given(
    st.recursive(
        st.integers() | st.text(alphabet='a",\\ '),
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3)
            | st.dictionaries(st.text(alphabet='k",'), inner, min_size=1, max_size=3)
        ),
        max_leaves=10,
    ),
    st.sampled_from([None, 0, 2]),
)
def test_a_comma_behind_each_last_item_changes_nothing(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    assert read_json(_END.sub(",", text).encode()) == value


@pytest.mark.parametrize(
    "text",
    ["[,]", "{,}", "[1,,]", "[1, ,]", '{"a":,}', "[,1]", "[1],", ",", '{"a":1,,}', "[[,]]", '["a,]', '{"a" 1,}', "[1,"],
)
def test_other_commas_are_refused(text: str) -> None:
    with pytest.raises(NotJson):
        read_json(text.encode())


def test_the_reason_is_that_of_the_text_as_it_came() -> None:
    with pytest.raises(NotJson) as lenient:
        read_json(b'{"a": 1,\n "b": nonsense,}')
    with pytest.raises(NotJson) as strict:
        parse_json(b'{"a": 1,\n "b": nonsense,}')
    assert lenient.value.detail == strict.value.detail


@pytest.mark.parametrize("text", ['{"a": NaN,}', '{"a": 1e400,}', '["\\ud83d",]'])
def test_nothing_else_is_forgiven(text: str) -> None:
    with pytest.raises(NotJson):
        read_json(text.encode())


@pytest.mark.parametrize("unit", [b'\\"', b'"', b",", b", ", b"[,", b'"\\', b"[ "])
def test_hostile_repetition_is_read_in_one_go(unit: bytes) -> None:
    # Quadratic time would take minutes for these, and the test's time limit is two.
    for end in (b"", b"]", b"x", b"\\"):
        with pytest.raises(NotJson):
            read_json(b"[" + unit * (1_000_000 // len(unit)) + end + b"}")
