"""Filters: what is wanted becomes conditions with parameters, and no text from outside becomes part of a condition."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.hub.hub import Hub
from shared.storage.keys import day_key, time_key
from shared.storage.paging import Position
from shared.storage.query import Query

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def test_conditions_hold_together_and_have_a_parameter_each() -> None:
    query = Query().where("PartitionKey eq", "a").where("State eq", None).where("RowKey gt", "b")
    assert query.text == "PartitionKey eq @p0 and RowKey gt @p1"
    assert query.parameters == {"p0": "a", "p1": "b"}


def test_a_query_is_not_changed_by_what_is_added_to_it() -> None:
    query = Query().where("PartitionKey eq", "a")
    query.where("RowKey gt", "b").beyond(Position("a", "b"))
    assert (query.text, query.parameters) == ("PartitionKey eq @p0", {"p0": "a"})


@given(st.text(), st.text())
def test_no_value_is_part_of_the_filter(value: str, key: str) -> None:
    query = Query().where("Name eq", value).beyond(Position(value, key)).where("State eq", key)
    assert query.text == (
        "Name eq @p0 and ( PartitionKey gt @p1 or ( PartitionKey eq @p1 and RowKey gt @p2 ) ) and State eq @p3"
    )
    assert [*query.parameters.values()] == [value, value, key, key]


@pytest.mark.parametrize("comparison", ["State", "State ne", "State eq ", "State eq 'a' or State eq", "", "1 eq"])
def test_a_comparison_is_a_column_and_an_operator_and_nothing_else(comparison: str) -> None:
    with pytest.raises(ValueError, match="comparison"):
        Query().where(comparison, "a")


@given(st.none() | MOMENTS, st.none() | MOMENTS, MOMENTS, st.none() | MOMENTS)
def test_rows_of_days_are_those_from_since_and_before_until_older_than_the_last_page(
    since: datetime | None, until: datetime | None, moment: datetime, after: datetime | None
) -> None:
    last = None if after is None else Position(day_key(after), f"{time_key(after)}-x")
    row = {"PartitionKey": day_key(moment), "RowKey": f"{time_key(moment)}-x"}
    expected = (
        (since is None or since <= moment) and (until is None or moment < until) and (after is None or moment < after)
    )
    assert meets(row, Query().of_days(since, until, last)) == expected


@pytest.mark.parametrize("microseconds", [-1, 0, 1])
def test_a_moment_itself_is_within_since_and_outside_until(microseconds: int) -> None:
    row = {"RowKey": f"{time_key(NOON + timedelta(microseconds=microseconds))}-x"}
    assert meets(row, Query().of_times(NOON, None)) == (microseconds >= 0)
    assert meets(row, Query().of_times(None, NOON)) == (microseconds < 0)


@given(st.lists(st.lists(st.text(), min_size=1, max_size=3), max_size=3))
def test_alternatives_keep_their_own_values(alternatives: list[list[str]]) -> None:
    queries = [Query() for _ in alternatives]
    for number, values in enumerate(alternatives):
        for value in values:
            queries[number] = queries[number].where("State eq", value)
    query = Query().where("PartitionKey eq", "a").either(*queries).where("RowKey gt", "b")
    assert [*query.parameters.values()] == ["a", *(value for values in alternatives for value in values), "b"]
    # Each parameter stands in the filter once, in the order of the values.
    assert re.findall(r"@(p\d+)", query.text) == [*query.parameters]


def test_no_alternative_is_no_condition_and_one_needs_no_parentheses() -> None:
    one = Query().where("State eq", "a").where("RowKey gt", "b")
    assert Query().either() == Query()
    assert (Query().either(one).text, Query().either(one).parameters) == (one.text, one.parameters)


def test_storage_understands_every_condition(hub: Hub) -> None:
    table = hub.storage.table("things")
    for partition, key in [("a", "1"), ("a", "2"), ("b", "1"), ("b", "' or State eq '")]:
        table.put({"PartitionKey": partition, "RowKey": key, "State": key})

    def found(query: Query) -> list[tuple[str, str]]:
        return [(row["PartitionKey"], row["RowKey"]) for row in table.query(query)]

    assert len(found(Query())) == 4
    assert found(Query().beyond(Position("a", "1"))) == [("a", "2"), ("b", "' or State eq '"), ("b", "1")]
    assert found(Query().where("State eq", "' or State eq '")) == [("b", "' or State eq '")]
    assert found(Query().where("PartitionKey ge", "a").where("PartitionKey le", "a").where("RowKey lt", "2")) == [
        ("a", "1")
    ]
    ones = Query().where("RowKey eq", "1").where("PartitionKey eq", "b")
    twos = Query().where("State eq", "2")
    assert found(Query().either(ones, twos)) == [("a", "2"), ("b", "1")]
    assert found(Query().where("PartitionKey eq", "a").either(ones, twos).beyond(Position("a", "1"))) == [("a", "2")]


def test_a_flag_is_compared_and_a_row_without_it_has_neither_value(hub: Hub) -> None:
    table = hub.storage.table("things")
    for key, columns in {"yes": {"IsLogged": True}, "no": {"IsLogged": False}, "none": {}}.items():
        table.put({"PartitionKey": "a", "RowKey": key, **columns})
    for value, expected in ((True, ["yes"]), (False, ["no"])):
        assert [row["RowKey"] for row in table.query(Query().where("IsLogged eq", value))] == expected


def meets(row: dict[str, str], query: Query) -> bool:
    """As storage compares, for conditions without parentheses."""
    compare: dict[str, Any] = {"eq": str.__eq__, "ge": str.__ge__, "gt": str.__gt__, "le": str.__le__, "lt": str.__lt__}
    conditions = [re.fullmatch(r"(\w+) (\w+) @(\w+)", condition) for condition in query.conditions]
    return all(found and compare[found[2]](row[found[1]], query.parameters[found[3]]) for found in conditions)
