"""Rows of the Web API are told under the names and with the values of a request about the same row (flattening.py)."""

from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from shared.dynamics.flattening import contract_columns, flatten, flatten_row
from shared.exact_json import dump_json
from tests.dynamics.contexts import ACCOUNT, ROW, USER, Json, money, option, reference
from tests.dynamics.grammar import IDS, INT32, MOMENTS, NAMES, NUMBERS, TABLES, TEXTS, iso
from tests.support.cases import holds_for

LOOKUP = "@Microsoft.Dynamics.CRM.lookuplogicalname"
FORMATTED = "@OData.Community.Display.V1.FormattedValue"


@dataclass(frozen=True)
class Column:
    """A column as a request has it, with its text for users, and the members that it is in a row of the Web API."""

    sent: object
    text: str | None
    row: Mapping[str, object]


def with_text(name: str, sent: object, value: object, text: str | None) -> Column:
    return Column(sent, text, {name: value} if text is None else {name: value, name + FORMATTED: text})


def lookup(name: str, table: str, id_: str, text: str | None) -> Column:
    column = f"_{name}_value"
    annotations = {column + LOOKUP: table} | ({} if text is None else {column + FORMATTED: text})
    return Column(reference(table, id_, text), None, {column: id_, **annotations})


def empty_lookup(name: str) -> Column:
    return Column(None, None, {f"_{name}_value": None})


def choices(name: str, numbers: list[int]) -> Column:
    return with_text(name, [option(number) for number in numbers], ",".join(map(str, numbers)), "Some")


def each(name: str) -> st.SearchStrategy[Column]:
    """A column in both forms."""
    text = st.none() | st.text()
    return (
        st.builds(lambda value: with_text(name, value, value, None), TEXTS | st.none())
        | st.builds(lambda value, shown: with_text(name, value, value, shown), NUMBERS | st.booleans(), text)
        | st.builds(lambda number, shown: with_text(name, option(number), number, shown), INT32, text)
        | st.builds(lambda number, shown: with_text(name, money(number), number, shown), NUMBERS, text)
        | st.builds(lambda moment, shown: with_text(name, f"/Date({moment})/", iso(moment), shown), MOMENTS, text)
        | st.lists(INT32, min_size=1, max_size=3).map(lambda numbers: choices(name, numbers))
        | st.builds(lambda table, id_, shown: lookup(name, table, id_, shown), TABLES, IDS, text)
        | st.just(empty_lookup(name))
    )


ROWS: st.SearchStrategy[dict[str, Column]] = st.sets(NAMES, max_size=5).flatmap(
    lambda names: st.fixed_dictionaries({name: each(name) for name in sorted(names)})
)

ROW_OF_WEB_API: Json = {
    "@odata.context": "https://contoso.crm.dynamics.com/api/data/v9.2/$metadata#opportunities/$entity",
    "@odata.etag": 'W/"1"',
    "opportunityid": ROW,
    "name": "Forty bicycles",
    "createdon": "2026-01-31T12:00:00Z",
    f"createdon{FORMATTED}": "31/01/2026 13:00",
    "statecode": 0,
    f"statecode{FORMATTED}": "Open",
    "estimatedvalue": 48500.25,
    f"estimatedvalue{FORMATTED}": "€48,500.25",
    "new_colours": "1,22",
    f"new_colours{FORMATTED}": "Red; Blue",
    "new_code": "1,22",
    "_ownerid_value": USER,
    f"_ownerid_value{LOOKUP}": "systemuser",
    f"_ownerid_value{FORMATTED}": "Kim",
    "_customerid_value": ACCOUNT,
    f"_customerid_value{LOOKUP}": "account",
    "_parentaccountid_value": None,
    "description": None,
}


def test_a_row_is_told_under_the_names_of_a_request() -> None:
    assert flatten_row(ROW_OF_WEB_API) == {
        "opportunityid": ROW,
        "name": "Forty bicycles",
        "createdon": "2026-01-31T12:00:00Z",
        "createdon_formatted": "31/01/2026 13:00",
        "statecode": 0,
        "statecode_formatted": "Open",
        "estimatedvalue": 48500.25,
        "estimatedvalue_formatted": "€48,500.25",
        "new_colours": [1, 22],
        "new_colours_formatted": "Red; Blue",
        "new_code": "1,22",
        "ownerid": USER,
        "ownerid_logicalname": "systemuser",
        "ownerid_name": "Kim",
        "customerid": ACCOUNT,
        "customerid_logicalname": "account",
        "parentaccountid": None,
        "description": None,
    }


@holds_for("text", ["", "1,", ",1", "1, 2", "red", "1;2", "12345678901", "/Date(soon)/"])
def test_a_text_that_is_no_list_of_choices_stays_a_text(text: str) -> None:
    assert flatten_row({"c": text, f"c{FORMATTED}": "x"}) == {"c": text, "c_formatted": "x"}


def test_a_choice_of_one_is_a_list_too() -> None:
    assert flatten_row({"c": "7", f"c{FORMATTED}": "Seven"}) == {"c": [7], "c_formatted": "Seven"}


@given(ROWS)
def test_a_row_tells_what_a_request_about_it_tells(row: dict[str, Column]) -> None:
    texts = {name: column.text for name, column in row.items() if column.text is not None}
    told = flatten({name: column.sent for name, column in row.items()}, texts)
    members = {name: value for column in row.values() for name, value in column.row.items()}
    assert dump_json(flatten_row(members)) == dump_json(told)


@given(ROWS)
def test_the_columns_of_a_row_have_the_shapes_of_a_request(row: dict[str, Column]) -> None:
    members = {name: value for column in row.values() for name, value in column.row.items()}
    columns, formatted = contract_columns(members)
    assert columns.keys() == row.keys()
    assert flatten(columns, formatted) == flatten_row(members)
