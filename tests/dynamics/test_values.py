from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.dynamics.values import (
    Entity,
    EntityCollection,
    EntityReference,
    Guid,
    Money,
    NotADate,
    OptionSetValue,
    decode_pairs,
    decode_value,
    parse_date,
    read_pairs,
)
from tests.dynamics.samples import ANY_JSON
from tests.support.cases import holds_for

CONTRACTS = ":http://schemas.microsoft.com/xrm/2011/Contracts"
USER_ID = "088071bb-1802-56ac-ae8d-7cbae6b9ba36"
USER: dict[str, object] = {
    "Id": USER_ID,
    "KeyAttributes": [],
    "LogicalName": "systemuser",
    "Name": None,
    "RowVersion": None,
}

CONTRACT_NAMES = ["__type", "Id", "LogicalName", "Attributes", "Entities", "Value", "key", "value", "FormattedValues"]
CONTRACT_TEXTS = ["Entity", "Money:", "EntityReference" + CONTRACTS, "OptionSetValue", "EntityCollection:x", USER_ID]
CONTRACT_LIKE = st.recursive(
    ANY_JSON | st.sampled_from(CONTRACT_TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(CONTRACT_NAMES), inner, max_size=4),
    max_leaves=10,
)

MOMENTS = {
    "/Date(1768471205170)/": datetime(2026, 1, 15, 10, 0, 5, 170000, UTC),
    "/Date(1768471209000+0000)/": datetime(2026, 1, 15, 10, 0, 9, tzinfo=UTC),
    "/Date(1768471209000-0700)/": datetime(2026, 1, 15, 10, 0, 9, tzinfo=UTC),
    "/Date(0)/": datetime(1970, 1, 1, tzinfo=UTC),
    "/Date(-1)/": datetime(1969, 12, 31, 23, 59, 59, 999000, UTC),
    "/Date(-62135596800000)/": datetime(1, 1, 1, tzinfo=UTC),
    "/Date(-62135596800000+0100)/": datetime(1, 1, 1, tzinfo=UTC),
    "/Date(253402300799999)/": datetime(9999, 12, 31, 23, 59, 59, 999000, UTC),
    "2026-02-03T04:05:06.963Z": datetime(2026, 2, 3, 4, 5, 6, 963000, UTC),
    "2026-02-03T04:05:06.9634567Z": datetime(2026, 2, 3, 4, 5, 6, 963456, UTC),
    "2026-01-14T17:30:20-03:00": datetime(2026, 1, 14, 20, 30, 20, tzinfo=UTC),
    "2026-01-14T17:30:20": datetime(2026, 1, 14, 17, 30, 20, tzinfo=UTC),
    "2026-01-14": datetime(2026, 1, 14, tzinfo=UTC),
}
NO_DATES = [
    *["", "soon", "/Date()/", "/Date(1.5)/", "/Date(+1)/", "Date(1)", "/Date(1)/\n", " /Date(1)/", "/Date(1+00:00)/"],
    *["/Date(253402300800000)/", "/Date(-62135596800001)/", "/Date(999999999999999999)/", f"/Date({'9' * 5000})/"],
    *["20241210", "2024-W50-2", "2024-12-10 06:43", "2024-13-01", "2023-02-29", "0000-01-01", "2024-12-10T25:00Z"],
    *["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "/Date(١٢٣)/", "２０２４-12-10"],  # noqa: RUF001  # other scripts' digits are the point
]


@holds_for(("text", "moment"), MOMENTS.items())
def test_every_form_of_a_date_is_understood(text: str, moment: datetime) -> None:
    assert parse_date(text) == moment


@holds_for("text", NO_DATES)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(NotADate):
        parse_date(text)


@given(st.text() | st.from_regex(r"/Date\(-?\d+([+-]\d{4})?\)/") | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d[+-]\d{4}"))
def test_a_date_is_parsed_or_refused_but_nothing_else_happens(text: str) -> None:
    with suppress(NotADate):
        assert parse_date(text).tzinfo is UTC


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_millisecond_is_read_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_date(f"/Date({milliseconds})/") == parse_date(moment.isoformat()) == moment


def test_a_guid_is_lower_case_from_here_on() -> None:
    assert TypeAdapter(Guid).validate_python(USER_ID.upper()) == USER_ID


@pytest.mark.parametrize("raw", [7, None, "", USER_ID[:-1], USER_ID + "\n", f"{{{USER_ID}}}", USER_ID.replace("-", "")])
def test_what_is_no_guid_is_refused(raw: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Guid).validate_python(raw)


def test_an_error_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(ValidationError) as refusal:
        EntityReference.model_validate({"Id": "hunter2", "LogicalName": "systemuser"})
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("tag", [{}, {"__type": "EntityReference" + CONTRACTS}, {"__type": "EntityReference"}])
def test_a_reference_is_known_with_and_without_its_type(tag: dict[str, object]) -> None:
    assert decode_value(tag | USER) == EntityReference(Id=USER_ID, LogicalName="systemuser")


def test_a_reference_with_an_odd_name_is_still_a_reference() -> None:
    assert decode_value(USER | {"Name": 7}) == EntityReference(Id=USER_ID, LogicalName="systemuser")


def test_a_value_is_a_choice_or_an_amount_by_its_type() -> None:
    assert decode_value({"__type": "OptionSetValue" + CONTRACTS, "Value": 3}) == OptionSetValue(Value=3)
    assert decode_value({"__type": "Money" + CONTRACTS, "Value": 3}) == Money(Value=Decimal(3))


def test_a_value_without_a_type_is_a_choice_where_whole_and_an_amount_where_not() -> None:
    assert decode_value({"Value": 3}) == OptionSetValue(Value=3)
    assert decode_value({"Value": 1.1}) == Money(Value=Decimal("1.1"))


def test_a_multi_select_is_a_tuple_of_choices() -> None:
    raw = [{"__type": "OptionSetValue" + CONTRACTS, "Value": 1}, {"Value": 2}]
    assert decode_value(raw) == (OptionSetValue(Value=1), OptionSetValue(Value=2))


@pytest.mark.parametrize("raw", [[], [1, 2], [{"Value": 1}, None], [[{"Value": 1}]], [{"Value": 1.5}]])
def test_another_list_stays_as_it_is(raw: list[object]) -> None:
    assert decode_value(raw) is raw


def test_an_entity_decodes_its_attributes() -> None:
    pairs = [{"key": "ownerid", "value": USER}, {"key": "createdon", "value": "/Date(0)/"}, {"key": "n", "value": None}]
    entity = decode_value({"__type": "Entity" + CONTRACTS, "Attributes": pairs, "LogicalName": "task"})
    assert isinstance(entity, Entity)
    assert list(entity.attributes) == ["ownerid", "createdon", "n"]
    assert entity.attributes["createdon"] == datetime(1970, 1, 1, tzinfo=UTC)


def test_an_entity_with_null_collections_has_no_attributes() -> None:
    entity = Entity.model_validate({"Attributes": None, "FormattedValues": None, "Id": None, "LogicalName": None})
    assert (entity.attributes, entity.formatted_values, entity.id) == ({}, {}, None)


def test_formatted_values_that_are_no_text_are_left_out() -> None:
    pairs = [{"key": "statecode", "value": "Actif"}, {"key": "statuscode", "value": 1}]
    assert Entity.model_validate({"FormattedValues": pairs}).formatted_values == {"statecode": "Actif"}


def test_a_collection_gives_its_entities_which_have_no_type() -> None:
    raw = {"__type": "EntityCollection" + CONTRACTS, "EntityName": "activityparty", "Entities": [{"Id": USER_ID}, None]}
    parties = decode_value(raw)
    assert isinstance(parties, EntityCollection)
    assert parties.entities == (Entity(Id=USER_ID),)


def test_a_collection_with_null_entities_is_empty() -> None:
    assert EntityCollection.model_validate({"Entities": None}).entities == ()


ODD_VALUES: list[object] = [
    *[None, True, 1, 1.5, "text", "2026-02-03T04:05:06Z", "/Date(soon)/", {}, {"a": 1}, {"__type": 7}],
    *[{"__type": "Guid:x", "Value": 1}, {"__type": "EntityReference", "Id": None}, {"Value": True}, {"Value": "1"}],
]


@holds_for("raw", ODD_VALUES)
def test_what_is_not_recognised_stays_as_it_is(raw: object) -> None:
    assert decode_value(raw) is raw


@given(CONTRACT_LIKE)
def test_decoding_never_raises(raw: object) -> None:
    decoded = decode_value(raw)
    if isinstance(decoded, Entity):
        assert set(decoded.attributes) == set(read_pairs(decoded.raw_attributes))
    if isinstance(decoded, EntityCollection):
        assert all(isinstance(entity, Entity) for entity in decoded.entities)


def test_values_are_frozen() -> None:
    with pytest.raises(ValidationError):
        OptionSetValue(Value=1).value = 2  # type: ignore[misc]  # that it is refused at run time is the point


def test_the_last_of_duplicate_keys_wins() -> None:
    assert read_pairs([{"key": "a", "value": 1}, {"key": "b"}, {"key": "a", "value": 2}]) == {"a": 2, "b": None}


@holds_for("raw", [None, {}, "key", 1, [], [None, 1, "key", []], [{"key": 1}], [{"value": 1}]])
def test_what_is_no_pair_is_left_out(raw: object) -> None:
    assert read_pairs(raw) == decode_pairs(raw) == {}
