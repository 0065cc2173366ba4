import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.superoffice.relaxed_json import parse_relaxed_json, parse_relaxed_object, without_trailing_commas
from shared.errors import BadRequest, NotJson
from shared.strict_json import parse_json
from tests.api.superoffice.samples import ANY_JSON, TEXTS
from tests.support.cases import holds_for

TAKEN = {
    "array": (b"[1, 2,]", [1, 2]),
    "object": (b'{"a": 1,}', {"a": 1}),
    "white space": (b'{"a": [1 ,\r\n\t ] , }\n', {"a": [1]}),
    "nested": (b'{"a": [{"b": [[],],},],}', {"a": [{"b": [[]]}]}),
    "after every kind of value": (
        b'[[null,],[true,],["x",],[-1.5e3,],[{},],]',
        [[None], [True], ["x"], [-1500.0], [{}]],
    ),
    "commas and brackets in texts": (rb'{"a,}": ",]", "b": "\",}", "c": "\\",}', {"a,}": ",]", "b": '",}', "c": "\\"}),
    "byte order mark": (b'\xef\xbb\xbf{"a": 1,}', {"a": 1}),
    "duplicate keys": (b'{"a": 1, "a": 2,}', {"a": 2}),
    "a comma that is a text": (b'[",",]', [","]),
}
REFUSED = {
    "nothing but a comma in an array": b"[,]",
    "nothing but a comma in an object": b"{,}",
    "nothing but a comma, with blanks": b"[ , ]",
    "two commas": b"[1,,]",
    "three commas": b"[1, , ,]",
    "a comma in front": b"[,1]",
    "two commas within": b"[1,,2]",
    "a member without a value": b'{"a":,}',
    "the wrong bracket": b"[1,}",
    "a comma after all": b'{"a": 1},',
    "a comma alone": b",",
    "a comma at an open end": b'{"a": 1,',
    "NaN": b"[NaN,]",
    "1e400": b"[1e400,]",
    "a lone surrogate": b'["\\ud800",]',
    "a comment": b"[1, /* , */]",
    "single quotes": b"{'a': 1,}",
    "great depth": b"[" * 5000 + b"1," + b"]" * 5000,
    "a string that is not closed": b'["a,]',
    "another encoding": '{"a": 1,}'.encode("utf-16"),
}


@pytest.mark.parametrize(("text", "value"), TAKEN.values(), ids=TAKEN)
def test_a_comma_may_follow_the_last_item_or_member(text: bytes, value: object) -> None:
    assert parse_relaxed_json(text) == value


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_nothing_else_is_relaxed(text: bytes) -> None:
    with pytest.raises(NotJson):
        parse_relaxed_json(text)


@pytest.mark.parametrize("text", [text for text, _ in TAKEN.values()], ids=TAKEN)
def test_the_json_of_other_neighbours_stays_strict(text: bytes) -> None:
    with pytest.raises(NotJson):
        parse_json(text)


def test_a_refusal_is_about_what_is_wrong_and_not_about_the_comma_that_is_taken() -> None:
    with pytest.raises(NotJson, match="line 3 column 9"):
        parse_relaxed_json(b'{\n  "a": [1,],\n  "b": nothing,\n}')


def test_without_a_trailing_comma_a_refusal_is_that_of_strict_json() -> None:
    with pytest.raises(NotJson) as strict:
        parse_json(b'{"a": nothing, "b": [,]}')
    with pytest.raises(NotJson) as relaxed:
        parse_relaxed_json(b'{"a": nothing, "b": [,]}')
    assert relaxed.value.detail == strict.value.detail


@st.composite
def with_commas(draw: st.DrawFn, value: object) -> str:
    """The value as JSON with a comma, and blanks around it, before some of its closing brackets."""
    blanks = st.sampled_from(["", " ", "\n", "\t \r\n"])
    if isinstance(value, dict):
        items = [f"{json.dumps(name)}: {draw(with_commas(inner))}" for name, inner in value.items()]
        brackets = "{}"
    elif isinstance(value, list):
        items = [draw(with_commas(inner)) for inner in value]
        brackets = "[]"
    else:
        return json.dumps(value)
    comma = draw(st.sampled_from(["", ","])) if items else ""
    return brackets[0] + ",".join(items) + draw(blanks) + comma + draw(blanks) + brackets[1]


@given(ANY_JSON.flatmap(lambda value: st.tuples(st.just(value), with_commas(value))))
def test_any_document_is_the_same_with_trailing_commas_as_without(sample: tuple[object, str]) -> None:
    value, text = sample
    assert parse_relaxed_json(text.encode()) == value


@given(ANY_JSON | st.lists(st.sampled_from([",]", ",}", '",', '\\"', "[,"])).map("".join))
def test_strict_json_is_never_touched(value: object) -> None:
    text = json.dumps(value).encode()
    assert without_trailing_commas(text) == text


@given(st.binary() | st.text(alphabet='{}[]",:\\ 1a\n').map(str.encode) | TEXTS.map(str.encode))
def test_any_bytes_keep_their_length_and_are_a_value_or_refused(body: bytes) -> None:
    assert len(without_trailing_commas(body)) == len(body)
    with suppress(NotJson):
        parse_relaxed_json(body)


@holds_for("piece", [b'"\\', b'\\"', b"[ ", b", ", b",", b'",', b"[", b" ", b'"\\"\\', b",]"])
def test_no_body_of_a_mebibyte_holds_the_scanner_up(piece: bytes) -> None:
    for body in (piece * (2**20 // len(piece)), b'["' + piece * (2**20 // len(piece))):
        assert len(without_trailing_commas(body)) == len(body)


def test_an_object_may_end_in_a_comma_and_must_be_one() -> None:
    assert parse_relaxed_object(b'{"a": [1,],}') == {"a": [1]}
    for body in (b"[1,]", b"1", b'"a"', b"null"):
        with pytest.raises(BadRequest, match="must be a JSON object") as caught:
            parse_relaxed_object(body)
        assert not isinstance(caught.value, NotJson)
    with pytest.raises(NotJson):
        parse_relaxed_object(b"{,}")
