import json
import math
from codecs import BOM_UTF8
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BadRequest, NotJson
from shared.lenient_json import MAX_DEPTH, as_valid_json, parse_lenient_object
from shared.strict_json import parse_object
from tests.support.cases import holds_for
from tests.test_strict_json import ANY_JSON, NOT_JSON

READ = {
    rb'"a\ud83d"': "a\ufffd",
    rb'"\ude00a"': "\ufffda",
    rb'"\uD83D\uD83D\uDE00"': "\ufffd😀",
    rb'"\ud83d\u0041"': "\ufffdA",
    rb'"\ud83d\\ude00"': "\ufffd\\ude00",
    rb'["\ud83d", "\\ud83d", "\\\ud83d"]': ["\ufffd", "\\ud83d", "\\\ufffd"],
    rb'{"key\ud83d": 1}': {"key\ufffd": 1},
    b"NaN": None,
    b"[Infinity, -Infinity, 1]": [None, None, 1],
    b"1e400": "1e400",
    b"-1.50E+400": "-1.50E+400",
    b"9" * 4301: "9" * 4301,
    b"-" + b"9" * 4301: "-" + "9" * 4301,
    b"1" * 400 + b".5": "1" * 400 + ".5",
    b'["NaN", "1e400", NaN]': ["NaN", "1e400", None],
}
"""What a strict reading refuses, and what it is read as."""

DIGITS = {
    b"12345678901234567890.12": Decimal("12345678901234567890.12"),
    b"0.1234567890123456789012": Decimal("0.1234567890123456789012"),
    b"-922337203685477.5807": Decimal("-922337203685477.5807"),
    b"-92233720368547.5": -92233720368547.5,
    b"1e-400": Decimal("1e-400"),
    b"1.5e-7": 1.5e-7,
    b"0.1": 0.1,
    b"1.10": 1.1,
    b"9007199254740993": 9007199254740993,
    b"9" * 4300: 10**4300 - 1,
    b'"12345678901234567890.12"': "12345678901234567890.12",
}
"""Numbers, and what they are read as: no digit is lost."""

SHOWN = {
    rb'{"a\ud83d": "\ud83d\ude00\ud83d"}': r'{"a\ufffd": "\ud83d\ude00\ufffd"}',
    rb'{"a": "\\ud83d", "b": NaN}': r'{"a": "\\ud83d", "b": null}',
    b'{"a": [NaN, Infinity,-Infinity]}': '{"a": [null, null,null]}',
    b'{"a": 1e400, "b": 1.10, "c": 0.12345678901234567890123456789}': (
        '{"a": "1e400", "b": 1.10, "c": 0.12345678901234567890123456789}'
    ),
    b'{"a": 12345678901234567890.1234567890}': '{"a": 12345678901234567890.1234567890}',
    b'{"a": ' + b"9" * 5000 + b"}": '{"a": "' + "9" * 5000 + '"}',
    b'{"a": "NaN 1e400 \\" Infinity", "b": NaN}': '{"a": "NaN 1e400 \\" Infinity", "b": null}',
    BOM_UTF8 + '{"é": NaN}'.encode(): '{"é": null}',
}
LENIENTLY_READ = frozenset(
    {
        "NaN",
        "Infinity",
        "minus Infinity",
        "1e400",
        "-1e400",
        "an integer of 5,000 digits",
        "a fraction of 5,000 digits",
        "high surrogate alone",
        "low surrogate alone",
        "two high surrogates",
        "surrogate alone in a key",
    }
)
"""The names of what is in NOT_JSON, and is read leniently all the same."""

ODD_TEXT = st.text(alphabet=st.sampled_from(["a", "\\", '"', "😀", "\ud83d", "\ude00", "é", "\n"]))
ODD_JSON = st.recursive(
    st.none() | st.floats() | st.integers() | ODD_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_TEXT, inner, max_size=3),
    max_leaves=8,
)


def read(value: bytes) -> object:
    return parse_lenient_object(b'{"it": ' + value + b"}")["it"]


def nested(levels: int) -> bytes:
    """An object that is so many levels deep, and that a strict reading refuses at any depth."""
    return b'{"a": NaN, "b": ' * levels + b"1" + b"}" * levels


def none_for_nan(value: object) -> object:
    if isinstance(value, float):
        return None if math.isnan(value) or math.isinf(value) else value
    if isinstance(value, list):
        return [none_for_nan(item) for item in value]
    return {key: none_for_nan(item) for key, item in value.items()} if isinstance(value, dict) else value


def without_halves(text: str) -> str:
    """Whole characters, as UTF-16 has them; U+FFFD for each half that is alone."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


@holds_for("body", READ)
def test_what_strict_reading_refuses_is_read(body: bytes) -> None:
    with pytest.raises(NotJson):
        parse_object(b'{"it": ' + body + b"}")
    assert read(body) == READ[body]


@holds_for("number", DIGITS)
@holds_for("beside", [b"1", b"NaN", rb'"\ud83d"'])
def test_no_digit_of_a_number_is_lost_whether_the_rest_is_strict_or_not(number: bytes, beside: bytes) -> None:
    found = read(b"[" + number + b", " + beside + b"]")
    assert isinstance(found, list)
    assert (type(found[0]), found[0]) == (type(DIGITS[number]), DIGITS[number])


@given(st.decimals(allow_nan=False, allow_infinity=False), st.booleans())
def test_every_decimal_is_read_and_shown_with_all_its_digits(number: Decimal, strict: bool) -> None:
    text = f'{{"a": {number}, "b": {"null" if strict else "NaN"}}}'.encode()
    found = parse_lenient_object(text)["a"]
    assert Decimal(repr(found) if isinstance(found, float) else str(found)) == number
    assert Decimal(json.loads(as_valid_json(text), parse_float=str, parse_int=str)["a"]) == number


@holds_for("body", [body for name, body in NOT_JSON.items() if name not in LENIENTLY_READ])
def test_what_is_no_json_in_either_way_is_refused(body: bytes) -> None:
    with pytest.raises(NotJson):
        parse_lenient_object(body)
    with pytest.raises(NotJson):
        read(body)


@holds_for(
    "value",
    [b"-NaN", b"nan", b"+1", b"01e400", b"1e400e400", b"1e", b"Infinity1", b"NaN NaN", b"{1e400: 1}", b"{NaN: 1}"],
)
def test_what_only_resembles_such_a_value_is_refused(value: bytes) -> None:
    with pytest.raises(NotJson, match="line 1"):
        read(value)


@pytest.mark.parametrize("body", [b"[NaN]", b"NaN", rb'"\ud83d"', b"1e400"])
def test_an_array_or_a_scalar_is_no_object(body: bytes) -> None:
    with pytest.raises(BadRequest, match="must be a JSON object"):
        parse_lenient_object(body)


def test_a_refusal_tells_what_is_wrong_and_where_and_nothing_of_the_content() -> None:
    with pytest.raises(NotJson, match=r"expecting property name.* \(line 2 column \d+\)") as refusal:
        parse_lenient_object(b'{"a": NaN,\n "password": "hunter2", hunter3}')
    assert "hunter" not in refusal.value.detail


@pytest.mark.parametrize("mark", [b"", BOM_UTF8])
def test_a_byte_order_mark_changes_nothing(mark: bytes) -> None:
    assert parse_lenient_object(mark + b'{"a": NaN}') == {"a": None}


def test_the_last_of_duplicate_keys_counts() -> None:
    assert parse_lenient_object(b'{"a": 1, "b": NaN, "a": 2}') == {"a": 2, "b": None}


@pytest.mark.parametrize("levels", [150, 250, MAX_DEPTH])
def test_a_thousand_levels_are_read(levels: int) -> None:
    assert parse_lenient_object(nested(levels)).keys() == {"a", "b"}
    assert as_valid_json(nested(levels)) == nested(levels).replace(b"NaN", b"null").decode()


@pytest.mark.parametrize(
    "body", [nested(MAX_DEPTH + 1), b'{"a": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", b"[" * 1_000_000]
)
def test_more_levels_are_refused_by_that_name(body: bytes) -> None:
    with pytest.raises(NotJson, match="nested deeper than 1000 levels"):
        parse_lenient_object(body)


def test_brackets_in_texts_are_no_levels() -> None:
    assert read(b'["' + b"[" * 5000 + b'", "\\"' + b"[" * 5000 + b'", NaN]') == ["[" * 5000, '"' + "[" * 5000, None]


@holds_for("payload", SHOWN)
def test_a_payload_is_shown_as_valid_json_with_all_its_digits(payload: bytes) -> None:
    assert as_valid_json(payload) == SHOWN[payload]


@pytest.mark.parametrize(
    "text", [b'"' + b"\\" * 1_000_001, b'\\"' * 500_000, b'{"a": NaN' + b"1" * 1_000_000, b'"' * 99]
)
def test_what_is_hard_to_read_is_refused_like_everything_else(text: bytes) -> None:
    with pytest.raises(NotJson):
        parse_lenient_object(text)


@given(st.dictionaries(st.text(), ANY_JSON, max_size=3), st.booleans())
def test_what_is_strict_json_is_read_and_shown_as_it_is(value: dict[str, object], only_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=only_ascii)
    assert parse_lenient_object(text.encode()) == value
    assert as_valid_json(text.encode()) == text


@given(ODD_JSON)
def test_whatever_dynamics_may_write_is_read_without_halves_and_without_what_is_no_number(value: object) -> None:
    expected = none_for_nan(json.loads(without_halves(json.dumps([value], ensure_ascii=False))))
    assert [read(json.dumps(value).encode())] == expected


@given(ODD_JSON)
def test_what_is_shown_is_strict_json_and_means_what_was_read(value: object) -> None:
    body = json.dumps({"it": value}).encode()
    assert parse_object(as_valid_json(body).encode()) == parse_lenient_object(body)


@given(st.binary() | st.text(alphabet='{}[]",:\\u0d8eE+-.1NaInfity').map(str.encode))
def test_any_bytes_are_read_or_refused_but_nothing_else_happens(body: bytes) -> None:
    with suppress(BadRequest):
        value = parse_lenient_object(body)
        assert parse_object(as_valid_json(body).encode()) == value
