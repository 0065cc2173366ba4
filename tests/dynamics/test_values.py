from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import StrictInt, TypeAdapter, ValidationError

from shared.dynamics.values import (
    NO_ID,
    Contract,
    EntityReference,
    Guid,
    Id,
    KeyValueList,
    Lenient,
    Name,
    NotADate,
    id_of,
    id_or_none,
    is_name,
    parse_wcf_date,
    read_pairs,
)
from shared.lenient_json import REPLACEMENT
from tests.dynamics.samples import ANY_JSON
from tests.support.cases import holds_for

USER_ID = "088071bb-1802-56ac-ae8d-7cbae6b9ba36"

MOMENTS = {
    "/Date(1768471205170)/": datetime(2026, 1, 15, 10, 0, 5, 170000, UTC),
    "/Date(1768471209000+0000)/": datetime(2026, 1, 15, 10, 0, 9, tzinfo=UTC),
    "/Date(1768471209000-0700)/": datetime(2026, 1, 15, 10, 0, 9, tzinfo=UTC),
    "/Date(0)/": datetime(1970, 1, 1, tzinfo=UTC),
    "/Date(-1)/": datetime(1969, 12, 31, 23, 59, 59, 999000, UTC),
    "/Date(-62135596800000)/": datetime(1, 1, 1, tzinfo=UTC),
    "/Date(-62135596800000+0100)/": datetime(1, 1, 1, tzinfo=UTC),
    "/Date(253402300799999)/": datetime(9999, 12, 31, 23, 59, 59, 999000, UTC),
}
NO_DATES = [
    *["", "soon", "/Date()/", "/Date(1.5)/", "/Date(+1)/", "Date(1)", "/Date(1)/\n", " /Date(1)/", "/Date(1+00:00)/"],
    *["/Date(253402300800000)/", "/Date(-62135596800001)/", "/Date(999999999999999999)/", f"/Date({'9' * 5000})/"],
    *["2026-02-03T04:05:06.963Z", "2026-01-14", "/Date(١٢٣)/", "/Date(1+000)/", "/Date(1+00000)/", "/date(1)/"],
]
NO_GUIDS = [7, None, "", USER_ID[:-1], USER_ID + "\n", f"{{{USER_ID}}}", USER_ID.replace("-", ""), [USER_ID]]
NO_NAMES = [
    "",
    " ",
    " a",
    "a ",
    "\ta",
    "a\n",
    "a\u00a0",
    "1",
    "1e400",
    "-1e400",
    "9" * 5000,
    REPLACEMENT,
    f"a{REPLACEMENT}",
]


class Row(Contract):
    """What the lenient fields of a model are tried with."""

    depth: Lenient[StrictInt] = None


@holds_for(("text", "moment"), MOMENTS.items())
def test_every_form_of_a_date_is_understood(text: str, moment: datetime) -> None:
    assert parse_wcf_date(text) == moment


@holds_for("text", NO_DATES)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(NotADate, match="date is"):
        parse_wcf_date(text)


@given(st.text() | st.from_regex(r"/Date\(-?\d+([+-]\d{4})?\)/"))
def test_a_date_is_parsed_or_refused_but_nothing_else_happens(text: str) -> None:
    with suppress(NotADate):
        assert parse_wcf_date(text).tzinfo is UTC


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(["", "+0000", "-0700", "+1400"]))
def test_every_millisecond_is_read_back_whatever_its_offset(moment: datetime, offset: str) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_wcf_date(f"/Date({milliseconds}{offset})/") == moment


def test_a_guid_is_lower_case_from_here_on() -> None:
    assert TypeAdapter(Guid).validate_python(USER_ID.upper()) == USER_ID
    assert id_of(USER_ID.upper()) == id_or_none(USER_ID.upper()) == USER_ID


@holds_for("raw", NO_GUIDS)
def test_what_is_no_guid_is_refused_or_none(raw: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Guid).validate_python(raw)
    assert (id_of(raw), id_or_none(raw)) == (None, None)


def test_zeros_are_a_guid_and_identify_nothing() -> None:
    assert TypeAdapter(Guid).validate_python(NO_ID) == id_of(NO_ID) == NO_ID
    assert id_or_none(NO_ID) is None
    with pytest.raises(ValidationError, match="must not be all zeros"):
        TypeAdapter(Id).validate_python(NO_ID)


@holds_for("text", ["a", "Create", "new_x y", "é", "_", "a1", "a-b"])
def test_a_name_may_be_in_any_script_and_have_blanks_within(text: str) -> None:
    assert is_name(text)
    assert TypeAdapter(Name).validate_python(text) == text


@holds_for("text", NO_NAMES)
def test_a_number_half_a_character_or_a_blank_at_an_end_makes_no_name(text: str) -> None:
    assert not is_name(text)
    with pytest.raises(ValidationError, match="must be a name"):
        TypeAdapter(Name).validate_python(text)


def test_an_error_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(ValidationError) as refusal:
        EntityReference.model_validate({"Id": "hunter2", "LogicalName": "systemuser"})
    assert "hunter2" not in str(refusal.value)


@given(ANY_JSON)
def test_a_lenient_field_has_its_type_or_is_none(value: object) -> None:
    depth = Row.model_validate({"Depth": value}).depth
    assert depth is None or depth == value


@pytest.mark.parametrize("row", [{}, {"Depth": None}, {"Depth": "7"}, {"Depth": True}, {"Depth": 7.5}], ids=str)
def test_a_lenient_field_is_none_where_its_value_is_missing_or_odd(row: dict[str, object]) -> None:
    assert Row.model_validate(row).depth is None


def test_values_are_frozen() -> None:
    row = Row(Depth=1)
    with pytest.raises(ValidationError):
        row.depth = 2  # type: ignore[misc]  # that it is refused at run time is the point


def test_the_last_of_duplicate_keys_wins() -> None:
    assert read_pairs([{"key": "a", "value": 1}, {"key": "b"}, {"key": "a", "value": 2}]) == {"a": 2, "b": None}


@holds_for("raw", [None, {}, "key", 1, [], [None, 1, "key", []], [{"key": 1}], [{"value": 1}]])
def test_what_is_no_pair_is_left_out(raw: object) -> None:
    assert read_pairs(raw) == {}


@pytest.mark.parametrize("raw", [None, {}, "key", 1], ids=str)
def test_a_model_of_pairs_refuses_what_is_no_list(raw: object) -> None:
    with pytest.raises(ValidationError, match="must be an array of objects with key and value"):
        TypeAdapter(Annotated[Row, KeyValueList]).validate_python(raw)
