import json
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.exact_json import MAX_PLAIN_DEPTH, dump_json, exact_number, is_plain, load_json
from tests.support.cases import holds_for

EXACT = {
    "12345678901234567890.12": Decimal("12345678901234567890.12"),
    "0.1234567890123456789012": Decimal("0.1234567890123456789012"),
    "-922337203685477.58070": Decimal("-922337203685477.58070"),
    "1.00000000000000000001e5": Decimal("100000.000000000000001"),
    "1e-400": Decimal("1e-400"),
    "0.1": 0.1,
    "1.10": 1.1,
    "-0.0": -0.0,
    "123e300": 123e300,
    "5e-324": 5e-324,
    "1.7976931348623157e308": 1.7976931348623157e308,
    "1e400": "1e400",
    "-1.50E+400": "-1.50E+400",
    "1" * 400 + ".5": "1" * 400 + ".5",
    "1e-99999999999999999999": "1e-99999999999999999999",
}
"""What is written in JSON, and what it is read as."""

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False).filter(lambda number: math.isfinite(float(number)))
PLAIN: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
EXACT_JSON: st.SearchStrategy[object] = st.recursive(
    PLAIN | DECIMALS.map(lambda number: exact_number(str(number))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def nested(levels: int, inside: object) -> object:
    for _ in range(levels):
        inside = [inside]
    return inside


@holds_for(("text", "number"), EXACT.items())
def test_a_number_is_a_double_where_that_is_exact_and_a_decimal_or_a_text_where_not(text: str, number: object) -> None:
    found = exact_number(text)
    assert (type(found), str(found)) == (type(number), str(number))


@given(DECIMALS)
def test_no_number_loses_a_digit(number: Decimal) -> None:
    found = exact_number(str(number))
    assert Decimal(repr(found) if isinstance(found, float) else str(found)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_a_double_holds_is_a_double(number: float) -> None:
    found = exact_number(repr(number))
    assert isinstance(found, float)
    assert (found, math.copysign(1, found)) == (number, math.copysign(1, number))


@given(EXACT_JSON, st.booleans())
def test_what_is_written_is_read_again(value: object, is_compact: bool) -> None:
    assert load_json(dump_json(value, is_compact=is_compact)) == value


@given(PLAIN)
def test_what_has_no_decimal_is_written_as_any_library_writes_it(value: object) -> None:
    assert dump_json(value) == json.dumps(value)
    assert dump_json(value, is_compact=True) == json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize("number", [0.5, Decimal("12345678901234567890.12")])
def test_both_forms_differ_in_blanks_and_escapes_alone(number: object) -> None:
    value = {"é": [number, None], "😀\u2028": "/"}
    assert dump_json(value) == f'{{"\\u00e9": [{number}, null], "\\ud83d\\ude00\\u2028": "/"}}'
    assert dump_json(value, is_compact=True) == f'{{"é":[{number},null],"😀\u2028":"/"}}'


@pytest.mark.parametrize("beside", [None, Decimal("0.1234567890123456789012")])
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_no_json_has_is_not_written(number: float, beside: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump_json([beside, number])


@pytest.mark.parametrize("inside", [1.5, Decimal("0.1234567890123456789012")])
def test_a_thousand_levels_are_written_and_read(inside: object) -> None:
    value = nested(1000, inside)
    assert load_json(dump_json(value)) == value


@given(PLAIN)
def test_what_has_no_decimal_is_plain(value: object) -> None:
    assert is_plain(value)


@holds_for("value", [Decimal(1), [Decimal(1)], {"a": {"b": [1, Decimal("1.5")]}}, [[], {}, {"a": Decimal(0)}]])
def test_a_decimal_is_not_plain_wherever_it_stands(value: object) -> None:
    assert not is_plain(value)


@pytest.mark.parametrize(("levels", "is_so"), [(MAX_PLAIN_DEPTH - 1, True), (MAX_PLAIN_DEPTH, False), (1000, False)])
def test_what_is_too_deep_for_some_readers_is_not_plain(levels: int, is_so: bool) -> None:
    assert is_plain(nested(levels, 1)) is is_so
