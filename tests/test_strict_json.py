import json
import math
import re
from codecs import BOM_UTF8

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BadRequest, NotJson
from shared.strict_json import parse_json, parse_object

NOT_JSON = {
    "empty": b"",
    "blank": b" \r\n\t",
    "only a byte order mark": BOM_UTF8,
    "two byte order marks": BOM_UTF8 * 2 + b"{}",
    "truncated object": b'{"a": ',
    "truncated string": b'{"a": "b',
    "two values": b"{} {}",
    "trailing comma": b"[1,]",
    "comment": b"// no\n{}",
    "single quotes": b"{'a': 1}",
    "key without quotes": b"{a: 1}",
    "NaN": b'{"a": NaN}',
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "1e400": b'{"a": [1e400]}',
    "-1e400": b"-1e400",
    "5,000 levels of arrays": b"[" * 5000 + b"]" * 5000,
    "5,000 levels of objects": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "an integer of 5,000 digits": b"1" * 5000,
    "a fraction of 5,000 digits": b"1" * 5000 + b".5",
    "leading zero": b"01",
    "True": b"True",
    "raw newline in a string": b'"a\nb"',
    "raw NUL in a string": b'"abcdef\x00"',
    "high surrogate alone": b'"\\ud800"',
    "low surrogate alone": b'"\\udc00"',
    "two high surrogates": b'"\\ud83d\\ud83d"',
    "surrogate alone in a key": b'{"\\ud800": 1}',
    "surrogate in UTF-8": b'"\xed\xa0\x80"',
    "overlong UTF-8": b'"\xc0\x80"',
    "Latin-1": b'"\xe9"',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"a": 1}'.encode("utf-16-le"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
}

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_no_strict_json_is_refused(body: bytes) -> None:
    with pytest.raises(NotJson):
        parse_json(body)


def test_a_refusal_tells_where_but_not_what() -> None:
    with pytest.raises(NotJson, match="line 1 column") as refusal:
        parse_json(b'{"password": "hunter2", hunter3}')
    assert "hunter" not in refusal.value.detail


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_another_encoding_is_called_by_its_name(encoding: str) -> None:
    with pytest.raises(NotJson, match="not UTF-8"):
        parse_json('{"a": 1}'.encode(encoding))


def test_an_empty_body_is_called_empty() -> None:
    with pytest.raises(NotJson, match="empty"):
        parse_json(b"")


def test_one_byte_order_mark_is_accepted() -> None:
    assert parse_json(BOM_UTF8 + b'{"a": 1}') == {"a": 1}


def test_the_last_of_duplicate_keys_counts() -> None:
    assert parse_json(b'{"a": 1, "b": 2, "a": {"c": 3, "c": 4}}') == {"a": {"c": 4}, "b": 2}


def test_escaped_slashes_are_slashes() -> None:
    assert parse_json(rb'"\/Date(0)\/"') == "/Date(0)/"


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert parse_json(rb'"\ud83d\ude00"') == "😀"


def test_a_large_integer_stays_exact() -> None:
    assert parse_json(b"9" * 4000) == 10**4000 - 1


def test_a_number_too_small_for_a_double_is_zero() -> None:
    assert parse_json(b"1e-400") == 0.0


def test_a_large_but_finite_number_is_accepted() -> None:
    assert parse_json(b"[1.7976931348623157e308]") == [1.7976931348623157e308]


@pytest.mark.parametrize("body", [b"[]", b'[{"a": 1}]', b'"text"', b"1", b"true", b"null"])
def test_an_array_or_a_scalar_is_no_object(body: bytes) -> None:
    with pytest.raises(BadRequest, match="must be a JSON object") as refusal:
        parse_object(body)
    assert not isinstance(refusal.value, NotJson)


def test_an_object_is_an_object() -> None:
    assert parse_object(b' {"a": [1, {"b": null}]} ') == {"a": [1, {"b": None}]}


@given(ANY_JSON, st.booleans())
def test_whatever_is_written_as_json_is_read_back(value: object, only_ascii: bool) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=only_ascii).encode()) == value


@given(st.binary() | st.text(alphabet='{}[]",:\\u0d8eE+-.1NaI').map(str.encode))
def test_any_bytes_are_parsed_or_refused_but_nothing_else_happens(body: bytes) -> None:
    try:
        value = parse_json(body)
    except NotJson:
        return
    assert json.loads(body.removeprefix(BOM_UTF8)) == value


@given(st.integers(0, 10**6), st.integers(0, 400), st.booleans())
def test_no_number_becomes_infinite(digits: int, exponent: int, in_list: bool) -> None:
    number = f"{digits}e{exponent}"
    body = f"[[{number}]]" if in_list else f'{{"a": {number}}}'
    if math.isinf(float(number)):
        with pytest.raises(NotJson, match="out of range"):
            parse_json(body.encode())
    else:
        assert not re.search("inf|nan", repr(parse_json(body.encode())))
