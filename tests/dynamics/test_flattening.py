import json
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dynamics.flattening import bare, flatten
from shared.exact_json import dump_json, load_json
from tests.dynamics.contexts import (
    ACCOUNT,
    CONTRACTS,
    NO_ID,
    ROW,
    boxed,
    collection,
    entity,
    money,
    option,
    pairs,
    reference,
    typed,
    untyped,
)
from tests.dynamics.grammar import (
    CONTRACT_LIKE,
    EPOCH,
    INT32,
    MOMENTS,
    NUMBERS,
    OFFSETS,
    SentColumns,
    columns,
    iso,
    values,
)
from tests.support.cases import holds_for

ACCOUNT_REFERENCE = reference("account", ACCOUNT, "Contoso")
DIGITS = Decimal("12345678901234567890.12")
CONTACT = entity(ROW, {"fullname": "Kim", "parentcustomerid": ACCOUNT_REFERENCE}, "contact", {"fullname": "Kim A."})
CONTACT_TOLD = {
    "id": ROW,
    "logicalname": "contact",
    "fullname": "Kim",
    "fullname_formatted": "Kim A.",
    "parentcustomerid": ACCOUNT,
    "parentcustomerid_logicalname": "account",
    "parentcustomerid_name": "Contoso",
}

TOLD: list[tuple[object, dict[str, object]]] = [
    (reference("account", ACCOUNT), {"c": ACCOUNT, "c_logicalname": "account"}),
    (ACCOUNT_REFERENCE, {"c": ACCOUNT, "c_logicalname": "account", "c_name": "Contoso"}),
    (reference("account", ACCOUNT.upper()), {"c": ACCOUNT, "c_logicalname": "account"}),
    (untyped(reference("account", ACCOUNT)), {"c": ACCOUNT, "c_logicalname": "account"}),
    (option(3), {"c": 3}),
    (option(-1), {"c": -1}),
    ({"Value": 3}, {"c": 3}),
    ([option(1), {"Value": 2}], {"c": [1, 2]}),
    ([], {"c": []}),
    (money(48500), {"c": 48500}),
    (money(1.1), {"c": 1.1}),
    (money(DIGITS), {"c": DIGITS}),
    ({"Value": 1.1}, {"c": 1.1}),
    (DIGITS, {"c": DIGITS}),
    (7, {"c": 7}),
    (0.5, {"c": 0.5}),
    (True, {"c": True}),
    ("Forty bicycles", {"c": "Forty bicycles"}),
    ("", {"c": ""}),
    (None, {"c": None}),
    ("/Date(1769860800000)/", {"c": "2026-01-31T12:00:00Z"}),
    ("/Date(1769860800007)/", {"c": "2026-01-31T12:00:00.007Z"}),
    ("/Date(1769860800000+0100)/", {"c": "2026-01-31T12:00:00Z"}),
    ("/Date(-62135596800000)/", {"c": "0001-01-01T00:00:00Z"}),
    ("/Date(-1)/", {"c": "1969-12-31T23:59:59.999Z"}),
    (CONTACT, {"c": CONTACT_TOLD}),
    (untyped(CONTACT), {"c": CONTACT_TOLD}),
    (entity(NO_ID, {}, "contact"), {"c": {"id": NO_ID, "logicalname": "contact"}}),
    (collection([CONTACT], "contact"), {"c": [CONTACT_TOLD]}),
    (untyped(collection([CONTACT], "contact")), {"c": [CONTACT_TOLD]}),
    (collection([]), {"c": []}),
    (typed("AliasedValue", AttributeLogicalName="name", Value="x"), {"c": "x"}),
    ({"AttributeLogicalName": "name", "EntityLogicalName": "account", "Value": option(3)}, {"c": 3}),
    (typed("BooleanManagedProperty", CanBeChanged=True, Value=False), {"c": False}),
    ({"CanBeChanged": True, "ManagedPropertyLogicalName": "x", "Value": True}, {"c": True}),
    (boxed("Guid", ROW), {"c": ROW}),
    (boxed("DateTime", "/Date(1769860800000)/"), {"c": "2026-01-31T12:00:00Z"}),
    (boxed("Int32", 7), {"c": 7}),
    (boxed("Object", None), {"c": None}),
    (boxed("Object", boxed("Guid", ROW)), {"c": ROW}),
    (boxed("Object", ACCOUNT_REFERENCE), {"c": ACCOUNT, "c_logicalname": "account", "c_name": "Contoso"}),
    (
        typed("AliasedValue", AttributeLogicalName="accountid", Value=ACCOUNT_REFERENCE),
        {"c": ACCOUNT, "c_logicalname": "account", "c_name": "Contoso"},
    ),
    (boxed("Object", typed("AliasedValue", AttributeLogicalName="a", Value=boxed("Decimal", DIGITS))), {"c": DIGITS}),
    ([boxed("DateTime", "/Date(0)/"), "/Date(0)/"], {"c": ["1970-01-01T00:00:00Z"] * 2}),
    ([ACCOUNT_REFERENCE], {"c": [{"id": ACCOUNT, "logicalname": "account", "name": "Contoso"}]}),
    ([reference("account", ACCOUNT)], {"c": [{"id": ACCOUNT, "logicalname": "account", "name": None}]}),
    ([[option(1)], [CONTACT], None], {"c": [[1], [CONTACT_TOLD], None]}),
]
"""What stands in a column `c`, and what receivers are told of it."""

KEPT: list[object] = [
    *["2026-01-31T12:00:00Z", "2026-01-31", "/Date(soon)/", "/Date(253402300800000)/", " /Date(0)/", "/Date()/"],
    *["/Date(999999999999999999)/", f"/Date({'9' * 5000})/", "/Date(0)/ or later"],
    *[money(None), money("48500"), money(True), money([1]), typed("Money"), typed("Money", value=1)],
    *[option(True), typed("OptionSetValue", Value=1.5), typed("OptionSetValue", Value="1"), typed("OptionSetValue")],
    *[
        reference("account", "7"),
        reference("account", f"{{{ACCOUNT}}}"),
        typed("EntityReference", LogicalName="account"),
    ],
    *[reference("", ACCOUNT), reference(" account", ACCOUNT), typed("EntityReference", Id=ACCOUNT, LogicalName=None)],
    *[
        typed("Entity", Attributes="none"),
        typed("Entity", Attributes={"a": 1}),
        typed("EntityCollection", Entities=None),
    ],
    *[typed("EntityCollection"), {"__type": "Guid:#System"}, {"__type": "Guid:#System", "_value": ROW}],
    *[typed("Label", UserLocalizedLabel={"Label": "x"}), {"__type": 7, "Value": 1}, {"__type": None}, {"__type": ""}],
    *[typed("AliasedValue"), typed("AliasedValue", value=1), {}, {"a": 1}, {"Value": "x"}, {"Value": None}],
    *[
        {"Value": 1, "Unit": "kg"},
        {"Id": ACCOUNT},
        {"LogicalName": "account"},
        {"id": ACCOUNT, "logicalname": "account"},
    ],
]
"""What stays as it came, for nothing odd in a column may cost an event."""


def in_column(raw: object) -> dict[str, object]:
    return flatten({"c": raw})


def nested(levels: int, inside: object, wrap: Callable[[object], object]) -> object:
    for _ in range(levels):
        inside = wrap(inside)
    return inside


@holds_for(("raw", "told"), TOLD)
def test_a_value_is_told_as_the_table_of_values_says(raw: object, told: dict[str, object]) -> None:
    assert dump_json(in_column(raw)) == dump_json(told)


@holds_for("raw", KEPT)
def test_what_is_malformed_or_not_known_stays_as_it_came(raw: object) -> None:
    assert dump_json(in_column(raw)) == dump_json({"c": raw})
    assert dump_json(in_column([raw])) == dump_json({"c": [raw]})
    assert dump_json(in_column(boxed("Object", raw))) == dump_json({"c": raw})


@pytest.mark.parametrize(
    "tag", ["EntityReference", "EntityReference:", "EntityReference:#x", "EntityReference" + CONTRACTS]
)
def test_nothing_after_the_colon_of_a_type_matters(tag: str) -> None:
    assert in_column({**ACCOUNT_REFERENCE, "__type": tag})["c"] == ACCOUNT


def test_a_column_is_followed_by_what_belongs_to_it() -> None:
    told = flatten({"b": ACCOUNT_REFERENCE, "a": option(3)}, {"a": "Open", "b": "Contoso Ltd."})
    assert list(told) == ["b", "b_logicalname", "b_name", "b_formatted", "a", "a_formatted"]


def test_a_text_for_users_is_told_where_its_column_is_there() -> None:
    told = flatten({"statecode": option(0), "name": None}, {"statecode": "Open", "name": "", "statuscode": "New"})
    assert told == {"statecode": 0, "statecode_formatted": "Open", "name": None, "name_formatted": ""}


@holds_for("text", [None, 7, True, ["Open"], {}])
def test_a_text_for_users_that_is_none_is_left_out(text: object) -> None:
    assert flatten({"statecode": option(0)}, {"statecode": text}) == {"statecode": 0}


@holds_for("turned", [False, True])
def test_a_column_of_the_row_wins_over_what_is_told_beside_another(turned: bool) -> None:
    own = {"c_logicalname": "mine", "c_name": None, "c_formatted": option(7)}
    sent = {**own, "c": ACCOUNT_REFERENCE} if turned else {"c": ACCOUNT_REFERENCE, **own}
    told = {"c": ACCOUNT, "c_logicalname": "mine", "c_name": None, "c_formatted": 7}
    assert flatten(sent, {"c": "Contoso Ltd."}) == told


@pytest.mark.parametrize("name", [7, True, [], {}], ids=str)
def test_a_reference_whose_name_is_no_text_has_none(name: object) -> None:
    odd = {**ACCOUNT_REFERENCE, "Name": name}
    assert in_column(odd) == {"c": ACCOUNT, "c_logicalname": "account"}
    assert in_column([odd]) == {"c": [{"id": ACCOUNT, "logicalname": "account", "name": None}]}


@pytest.mark.parametrize("attributes", [None, [], [None, 7, {"key": 1}]], ids=str)
def test_a_row_without_columns_is_its_id_and_table(attributes: object) -> None:
    raw = typed("Entity", Attributes=attributes, Id=ROW, LogicalName="contact", FormattedValues=None)
    assert in_column(raw) == {"c": {"id": ROW, "logicalname": "contact"}}


def test_a_row_of_a_collection_that_is_odd_stays_as_it_came() -> None:
    raw = typed("EntityCollection", Entities=[None, 7, {"a": 1}, untyped(CONTACT)])
    assert in_column(raw) == {"c": [None, 7, {"a": 1}, CONTACT_TOLD]}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_beyond_a_double_is_told_as_text(sign: int) -> None:
    huge = sign * 10**400
    assert in_column(huge) == {"c": str(huge)}
    assert in_column([huge]) == {"c": [str(huge)]}
    assert in_column(boxed("Int64", huge)) == {"c": str(huge)}
    assert in_column(sign * 10**300) == {"c": sign * 10**300}


@pytest.mark.parametrize("sign", [1, -1])
def test_an_amount_beyond_a_double_is_told_as_text(sign: int) -> None:
    huge = sign * 10**400
    assert in_column(money(huge)) == {"c": str(huge)}


def test_the_next_number_after_those_of_a_double_is_told_as_text() -> None:
    largest = int(sys.float_info.max)
    assert [in_column(number) for number in (largest, -largest)] == [{"c": largest}, {"c": -largest}]
    assert in_column(2**1024 - 1) == {"c": str(2**1024 - 1)}


@holds_for(("levels", "wrap"), [
    (900, lambda inside: [inside]),
    (200, lambda inside: entity(ROW, {"child": inside})),
    (200, lambda inside: collection([entity(ROW, {"child": inside})])),
    (900, lambda inside: boxed("Object", inside)),
    (900, lambda inside: typed("AliasedValue", AttributeLogicalName="a", Value=inside)),
    (900, lambda inside: {"a": inside}),
])  # fmt: skip
@holds_for("inside", [7, DIGITS, ACCOUNT_REFERENCE])
def test_whatever_is_nested_deep_is_told_and_serialises(
    levels: int, wrap: Callable[[object], object], inside: object
) -> None:
    told = in_column(nested(levels, inside, wrap))
    assert load_json(dump_json(told)) == told
    assert json.dumps(bare(nested(levels, inside, wrap)), default=str)


def test_forty_rows_in_one_another_are_told_to_the_last() -> None:
    told = in_column(nested(40, ACCOUNT_REFERENCE, lambda inside: entity(ROW, {"child": inside}, "task")))
    for _ in range(40):
        told = told.get("c") or told.get("child")  # type: ignore[assignment]  # a column of rows
        assert (told["id"], told["logicalname"]) == (ROW, "task")
    assert told["child"] == ACCOUNT


def test_forty_levels_of_lists_are_told_to_the_last() -> None:
    told = in_column(nested(40, option(7), lambda inside: [inside]))
    assert told == {"c": nested(40, 7, lambda inside: [inside])}


def test_what_differs_between_two_reports_of_one_value_is_not_in_its_bare_form() -> None:
    sent = [
        CONTACT,
        untyped(CONTACT),
        entity(ROW, {"fullname": "Kim", "parentcustomerid": reference("account", ACCOUNT)}, "contact"),
        entity(ROW, {"fullname": boxed("String", "Kim"), "parentcustomerid": ACCOUNT_REFERENCE}, "contact"),
    ]
    assert [bare(one) for one in sent] == [bare(CONTACT)] * 4
    assert [bare([one]) for one in sent] == [[bare(CONTACT)]] * 4
    assert [bare(collection([one], "contact")) for one in sent] == [[bare(CONTACT)]] * 4
    assert bare(CONTACT) != bare(entity(ROW, {"fullname": "Kim", "parentcustomerid": reference("a", ROW)}, "contact"))


@given(columns(values()))
def test_whatever_dataverse_may_send_is_told_as_it_should_be(sent: SentColumns) -> None:
    told = flatten(sent.wire, sent.formatted)
    assert dump_json(told) == dump_json(sent.told)
    assert load_json(dump_json(told)) == told


@given(INT32, NUMBERS, MOMENTS, OFFSETS, st.uuids(), st.none() | st.text())
def test_what_was_sent_can_be_told_from_what_is_told(
    choice: int, amount: float, milliseconds: int, offset: str, id_: object, name: str | None
) -> None:
    sent = {"o": option(choice), "m": money(amount), "d": f"/Date({milliseconds}{offset})/"}
    told = flatten({**sent, "r": reference("account", str(id_), name)})
    assert (option(told["o"]), money(told["m"])) == (sent["o"], sent["m"])  # type: ignore[arg-type]  # an int
    assert reference(str(told["r_logicalname"]), str(told["r"]), told.get("r_name")) == reference(  # type: ignore[arg-type]  # a text or None
        "account", str(id_), name
    )
    assert (datetime.fromisoformat(str(told["d"])) - EPOCH) / timedelta(milliseconds=1) == milliseconds


@given(st.dictionaries(st.text(), CONTRACT_LIKE), st.dictionaries(st.text(), CONTRACT_LIKE))
def test_any_json_is_told_and_serialises(sent: dict[str, object], formatted: dict[str, object]) -> None:
    told = flatten(sent, formatted)
    assert sent.keys() <= told.keys()
    assert load_json(dump_json(told)) == told
    assert json.dumps(bare(sent), default=str)


def test_a_date_of_the_grammar_is_what_the_table_says() -> None:
    assert [iso(1769860800000), iso(1769860800007)] == ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.007Z"]
    assert flatten({"c": pairs({"a": 1})}) == {"c": [{"key": "a", "value": 1}]}


def test_an_amount_that_was_read_as_the_text_of_its_digits_is_told_as_that_text() -> None:
    assert in_column(money("1e400")) == {"c": "1e400"}
    assert in_column(money("a lot")) == {"c": money("a lot")}
