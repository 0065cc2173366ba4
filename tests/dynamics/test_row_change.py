import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.dynamics.row_change import MAX_ROWS, RowChange, own_payload, require_storable
from shared.dynamics.values import read_pairs
from shared.errors import BadRequest, ContentTooLarge
from shared.lenient_json import parse_lenient_object
from tests.dynamics.contexts import (
    ACCOUNT,
    NO_ID,
    ROW,
    TABLE,
    USER,
    Json,
    body,
    boxed,
    collection,
    context,
    delete,
    entity,
    images,
    option,
    pairs,
    reference,
    several,
    typed,
    untyped,
    update,
)
from tests.dynamics.grammar import CONTRACT_LIKE
from tests.dynamics.reading import changes_in, context_of, refusal_of
from tests.dynamics.samples import REMOVED, paths, sample_with
from tests.support.cases import holds_for

OTHER = "7a1e4c90-58d2-4b3f-9e06-d3c5b2f8a099"
THIRD = "c2f6e8b1-0a47-4d95-b38c-64f19e7d5011"
ROWS = [entity(ROW, {"name": "One", "statecode": option(0)}), entity(OTHER, {"name": "Two"})]
IDS = pairs({"Ids": [ROW, OTHER]})
ASSIGNEE = reference("team", USER)


def change_in(document: Json, *, trimmed: bool = False) -> RowChange:
    [change] = changes_in(document, trimmed=trimmed)
    return change


def row_with_key(key: object, member: str) -> Json:
    return {**entity(NO_ID, {"name": "x"}), member: pairs({f"{TABLE}id": key})}


def own(document: Json, number: int) -> Json:
    return json.loads(own_payload(document, changes_in(document)[number]))  # type: ignore[no-any-return]  # an object


def test_a_message_on_a_row_tells_the_columns_that_were_sent() -> None:
    sent = entity(ROW, {"name": "One", "statecode": option(0)}, TABLE, {"statecode": "Open"})
    change = change_in(context("Update", {"Target": sent}))
    assert (change.message, change.table, change.row_id, change.number) == ("update", TABLE, ROW, None)
    assert change.columns == {"name": "One", "statecode": option(0)}
    assert change.formatted == {"statecode": "Open"}
    assert (change.parameters, change.before) == ({}, None)
    assert change.steps == ("InputParameters", "Target", "Attributes")


def test_the_target_is_found_by_its_key() -> None:
    document = update({"name": "x"})
    document["InputParameters"] = [*pairs({"SuppressDuplicateDetection": False}), None, *document["InputParameters"]]
    change = change_in(document)
    assert (change.columns, change.parameters) == ({"name": "x"}, {"SuppressDuplicateDetection": False})


@pytest.mark.parametrize("target", [entity(OTHER, {"name": "x"}), entity(ROW, {"name": "x"}, "account")], ids=str)
def test_the_row_is_the_primary_one_whatever_the_target_says(target: Json) -> None:
    change = change_in(context("Update", {"Target": target}))
    assert (change.table, change.row_id, change.columns) == (TABLE, ROW, {"name": "x"})


@holds_for("target", [reference(TABLE, ROW), None, [], {}, "x", 7, typed("Entity", Attributes=7)])
def test_a_target_that_is_no_row_has_no_columns(target: object) -> None:
    assert change_in(context("Assign", {"Target": target})).columns == {}


@holds_for("parameters", [REMOVED, None, [], {}, "x", 7])
def test_without_parameters_there_are_no_columns(parameters: object) -> None:
    change = change_in(update({}, InputParameters=parameters))
    assert (change.columns, change.parameters) == ({}, {})


def test_parameters_are_all_but_the_row_itself() -> None:
    given = {"Target": ROWS[0], "EntityMoniker": reference(TABLE, ROW), "State": option(1), "Status": option(3)}
    assert change_in(context("SetState", given)).parameters == {"State": option(1), "Status": option(3)}
    assert change_in(context("Assign", {"Target": ROWS[0], "Assignee": ASSIGNEE})).parameters == {"Assignee": ASSIGNEE}


LINKED: Json = {
    "Target": reference("account", ACCOUNT),
    "Relationship": {"PrimaryEntityRole": None, "SchemaName": "account_contacts"},
    "RelatedEntities": [reference("contact", OTHER)],
}


@holds_for("message", ["Associate", "Disassociate", "ASSOCIATE"])
@holds_for(("table", "row_id"), [
    ("none", NO_ID),
    ("none", None),
    ("none", REMOVED),
    ("None", NO_ID),
    ("account", NO_ID),
    ("Account", REMOVED),
    ("account", ACCOUNT),
])  # fmt: skip
def test_a_link_is_about_the_row_that_its_target_names(message: str, table: str, row_id: object) -> None:
    change = change_in(context(message, LINKED, table=table, row_id=row_id))
    assert (change.table, change.row_id) == ("account", ACCOUNT)
    assert change.parameters.keys() == {"Relationship", "RelatedEntities"}


@pytest.mark.parametrize("message", ["Associate", "Disassociate"])
def test_a_link_without_a_table_is_about_its_targets_row_whatever_the_primary_id_is(message: str) -> None:
    change = change_in(context(message, LINKED, table="none", row_id=OTHER))
    assert (change.table, change.row_id) == ("account", ACCOUNT)


def test_a_link_whose_table_is_another_than_its_targets_is_about_no_single_row() -> None:
    change = change_in(context("Associate", LINKED, table="contact", row_id=NO_ID))
    assert (change.table, change.row_id) == ("contact", "")


@holds_for("target", [REMOVED, None, reference("account", NO_ID), reference("", ACCOUNT), "x"])
def test_a_link_without_a_usable_target_is_about_no_table(target: object) -> None:
    linked = LINKED if target is REMOVED else {**LINKED, "Target": target}
    given = {name: value for name, value in linked.items() if target is not REMOVED or name != "Target"}
    change = change_in(context("Associate", given, table="none", row_id=NO_ID))
    assert (change.table, change.row_id) == (None, "")


@pytest.mark.parametrize("name", ["", " ", "account "])
def test_a_target_whose_table_is_no_name_names_nothing(name: str) -> None:
    change = change_in(context("Associate", {"Target": entity(ACCOUNT, {}, name)}, table="none", row_id=NO_ID))
    assert (change.table, change.row_id) == (None, "")


def test_a_target_that_is_a_whole_row_names_it_too() -> None:
    change = change_in(context("Associate", {"Target": entity(ACCOUNT, {}, "Account")}, table="none", row_id=NO_ID))
    assert (change.table, change.row_id) == ("account", ACCOUNT)


@pytest.mark.parametrize("row_id", [NO_ID, REMOVED, ROW], ids=str)
def test_a_message_about_no_table_is_about_no_row(row_id: object) -> None:
    change = change_in(context("new_Approve", {"Target": reference("account", ACCOUNT)}, table="none", row_id=row_id))
    assert (change.table, change.row_id) == (None, "")


def test_a_custom_message_on_a_row_is_about_it() -> None:
    change = change_in(context("Win", {"Status": option(3)}))
    assert (change.message, change.table, change.row_id) == ("win", TABLE, ROW)
    assert change.parameters == {"Status": option(3)}


@pytest.mark.parametrize("image_id", [ROW, ROW.upper(), NO_ID, None, "odd"], ids=str)
def test_an_image_of_the_row_tells_what_was_before(image_id: str) -> None:
    image = entity(
        image_id, {"name": "Before"}, TABLE, {"name": "BEFORE", "statecode": "of a column that is not there"}
    )
    change = change_in(update({"name": "After"}, PreEntityImages=images(image)))
    assert (change.before, change.before_formatted) == ({"name": "Before"}, {"name": "BEFORE"})


def test_of_several_images_the_first_that_has_a_column_wins() -> None:
    first, second = entity(ROW, {"a": 1, "b": None}), entity(NO_ID, {"a": 2, "b": 2, "c": 3}, TABLE, {"a": "Two"})
    other = entity(OTHER, {"a": 9, "d": 9})
    change = change_in(update({}, PreEntityImages=images(other, first, second)))
    assert change.before == {"a": 1, "b": None, "c": 3}


@holds_for("sent", [REMOVED, None, [], {}, "x", pairs({"Image": None}), images(entity(OTHER, {"a": 1})), [None, 7]])
def test_without_an_image_of_the_row_nothing_is_known_of_before(sent: object) -> None:
    assert change_in(update({}, PreEntityImages=sent)).before is None


def test_an_image_without_columns_is_one() -> None:
    assert change_in(update({}, PreEntityImages=images(entity(ROW, {})))).before == {}


def test_what_was_after_is_not_told() -> None:
    assert change_in(update({}, PostEntityImages=images(entity(ROW, {"a": 1})))).before is None


@pytest.mark.parametrize("message", ["CreateMultiple", "UpdateMultiple"])
def test_a_message_on_several_rows_is_told_row_by_row(message: str) -> None:
    rows = [ROWS[0], entity(OTHER, {"name": "Two"}, TABLE, {"name": "Zwei"})]
    one, two = changes_in(several(message, rows))
    assert (one.message, one.table, one.row_id) == (message.lower().removesuffix("multiple"), TABLE, ROW)
    assert (two.row_id, two.columns, two.formatted, two.number) == (OTHER, {"name": "Two"}, {"name": "Zwei"}, 1)
    assert [change.steps for change in (one, two)] == [
        ("InputParameters", "Targets", number, "Attributes") for number in ("0", "1")
    ]


def test_a_deletion_of_several_rows_names_them_by_references() -> None:
    targets = [reference(TABLE, ROW), {**reference(TABLE, NO_ID), "KeyAttributes": pairs({f"{TABLE}id": OTHER})}]
    changes = changes_in(context("DeleteMultiple", {"Targets": targets}, row_id=NO_ID))
    assert [(change.message, change.row_id, change.columns) for change in changes] == [
        ("delete", ROW, {}),
        ("delete", OTHER, {}),
    ]


def test_parameters_of_several_rows_are_each_ones() -> None:
    document = several("UpdateMultiple", ROWS)
    document["InputParameters"] += pairs({"ConcurrencyBehavior": 1})
    assert [change.parameters for change in changes_in(document)] == [{"ConcurrencyBehavior": 1}] * 2


@holds_for("row", [
    entity(ROW, {}),
    entity(ROW.upper(), {f"{TABLE}id": OTHER}),
    row_with_key(ROW, "Attributes"),
    row_with_key(boxed("Guid", ROW), "Attributes"),
    row_with_key(ROW.upper(), "KeyAttributes"),
    row_with_key(boxed("Guid", ROW), "KeyAttributes"),
    {**row_with_key(ROW, "Attributes"), "KeyAttributes": pairs({f"{TABLE}id": OTHER})},
    {**row_with_key(ROW, "Attributes"), "Id": None},
    entity(NO_ID, {"name": "x"}),
    {},
    None,
    7,
])  # fmt: skip
@holds_for("ids", [[ROW], [boxed("Guid", ROW)], boxed("Guid[]", [ROW.upper()])])
def test_a_row_is_known_by_its_id_its_key_or_its_place(row: object, ids: object) -> None:
    rows = {**collection([]), "Entities": [row]}
    [change] = changes_in(several("CreateMultiple", rows, OutputParameters=pairs({"Ids": ids})))
    assert change.row_id == ROW


def test_a_rows_own_id_counts_before_the_one_at_its_place() -> None:
    [change] = changes_in(several("CreateMultiple", [ROWS[0]], OutputParameters=pairs({"Ids": [OTHER]})))
    assert change.row_id == ROW


@holds_for("row", [entity(NO_ID, {"name": "x"}), row_with_key("odd", "Attributes"), {}, None, 7, []])
@holds_for("ids", [[], [ROW], [ROW, NO_ID], [ROW, None], [ROW, "odd"], None, "x", {"0": ROW, "1": ROW}])
def test_a_row_without_an_id_is_refused_by_its_place(row: object, ids: object) -> None:
    rows = {**collection([]), "Entities": [untyped(ROWS[0]), row]}
    refusal = refusal_of(several("UpdateMultiple", rows, OutputParameters=pairs({"Ids": ids})))
    assert [error.pointer for error in refusal.errors] == ["#/InputParameters/Targets/1/Id"]


def test_all_rows_without_an_id_are_named_at_once() -> None:
    refusal = refusal_of(several("CreateMultiple", [entity(NO_ID, {}), ROWS[0], entity(NO_ID, {})]))
    assert [error.pointer[-4:] for error in refusal.errors] == ["0/Id", "2/Id"]


@holds_for("targets", [REMOVED, None, {}, "x", 7, {"Entities": None}, {"Entities": {}}])
def test_a_message_on_several_rows_needs_them(targets: object) -> None:
    given = {} if targets is REMOVED else {"Targets": targets}
    (error,) = refusal_of(context("UpdateMultiple", given, row_id=NO_ID)).errors
    assert error.pointer == "#/InputParameters/Targets"


def test_what_is_wrong_with_the_rows_is_told() -> None:
    assert refusal_of(context("UpdateMultiple")).detail == "Targets is required"
    told = refusal_of(context("UpdateMultiple", {"Targets": 7})).detail
    assert told == "Targets must be an array of rows, or a collection of them"


@pytest.mark.parametrize("ids", [[], IDS])
def test_no_rows_are_no_changes(ids: list[Json]) -> None:
    assert changes_in(several("CreateMultiple", [], OutputParameters=ids)) == []


@pytest.mark.parametrize("trimmed", [False, True])
def test_a_thousand_rows_are_read_and_one_more_is_too_many(*, trimmed: bool) -> None:
    ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(MAX_ROWS + 1)]

    def rows(many: int) -> Json:
        others: Json = {"OutputParameters": pairs({"Ids": ids[:many]})} | ({"InputParameters": []} if trimmed else {})
        return several("CreateMultiple", [entity(id_, {}) for id_ in ids[:many]], **others)

    assert [change.row_id for change in changes_in(rows(MAX_ROWS), trimmed=trimmed)] == ids[:-1]
    with pytest.raises(ContentTooLarge, match=r"at most 1000 .*1001"):
        changes_in(rows(MAX_ROWS + 1), trimmed=trimmed)


@pytest.mark.parametrize("parameters", [REMOVED, None, []], ids=str)
def test_a_trimmed_message_on_several_rows_knows_them_by_their_ids(parameters: object) -> None:
    document = several("CreateMultiple", ROWS, OutputParameters=IDS, InputParameters=parameters)
    assert [(change.row_id, change.columns) for change in changes_in(document, trimmed=True)] == [
        (ROW, {}),
        (OTHER, {}),
    ]


def test_a_trimmed_message_on_several_rows_without_their_ids_is_about_no_row() -> None:
    change = change_in(several("DeleteMultiple", ROWS, InputParameters=[]), trimmed=True)
    assert (change.message, change.table, change.row_id, change.number) == ("delete", TABLE, "", None)


def test_parameters_that_were_left_in_a_trimmed_request_are_told() -> None:
    document = several("DeleteMultiple", ROWS, InputParameters=pairs({"ConcurrencyBehavior": 1}))
    assert change_in(document, trimmed=True).parameters == {"ConcurrencyBehavior": 1}


def test_an_id_that_is_none_makes_a_trimmed_request_a_refusal() -> None:
    document = several("CreateMultiple", [], OutputParameters=pairs({"Ids": [ROW, NO_ID]}), InputParameters=[])
    assert [error.pointer[-4:] for error in refusal_of(document, trimmed=True).errors] == ["1/Id"]


def test_each_of_several_rows_has_the_images_at_its_place_and_those_of_its_id() -> None:
    collections = [images(entity(ROW, {"a": 1})), images(entity(NO_ID, {"a": 2, "c": 2}))]
    together = images(entity(ROW, {"a": 8, "b": 1}), entity(OTHER, {"b": 2}))
    document = several("UpdateMultiple", ROWS, PreEntityImagesCollection=collections, PreEntityImages=together)
    assert [change.before for change in changes_in(document)] == [{"a": 1, "b": 1}, {"a": 2, "b": 2, "c": 2}]


@holds_for("odd", [None, {}, "x", [], [None], [{}], [[None]], [images(entity(OTHER, {"a": 1}))]])
def test_odd_images_of_several_rows_cost_nothing(odd: object) -> None:
    one, _ = changes_in(several("UpdateMultiple", ROWS, PreEntityImagesCollection=odd))
    assert one.before is None


def test_the_payload_of_one_row_of_several_holds_that_row_alone() -> None:
    collections = [images(entity(ROW, {"a": 1})), images(entity(OTHER, {"a": 2}))]
    together = images(entity(ROW, {"b": 1}), entity(OTHER, {"b": 2}), entity(NO_ID, {"b": 3}))
    document = several(
        "UpdateMultiple",
        ROWS,
        OutputParameters=[*IDS, *pairs({"Other": [7, 8]})],
        PreEntityImages=together,
        PreEntityImagesCollection=collections,
        PostEntityImagesCollection=collections,
        ParentContext={"Depth": 1},
    )
    document["InputParameters"] += pairs({"ConcurrencyBehavior": 1})
    found = own(document, 1)
    inputs, outputs = read_pairs(found["InputParameters"]), read_pairs(found["OutputParameters"])
    assert inputs == {"Targets": collection([ROWS[1]]), "ConcurrencyBehavior": 1}
    assert outputs == {"Ids": [OTHER], "Other": [7, 8]}
    assert read_pairs(own(document, 0)["OutputParameters"])["Ids"] == [ROW]
    assert found["PreEntityImages"] == together[1:]
    assert found["PreEntityImagesCollection"] == found["PostEntityImagesCollection"] == collections[1:]
    rest = {"InputParameters", "OutputParameters", "PreEntityImages"} | {
        name for name in document if name.endswith("ImagesCollection")
    }
    assert {name: found[name] for name in document.keys() - rest} == {n: document[n] for n in document.keys() - rest}


@holds_for("missing", [None, {}, "x", 7, [None], pairs({"Image": None})])
def test_the_payload_of_one_row_does_without_what_was_left_out(missing: object) -> None:
    document = several("CreateMultiple", [], InputParameters=[], OutputParameters=IDS, PreEntityImages=missing)
    for change in changes_in({**document, "InputParameters": missing}, trimmed=True):
        found = json.loads(own_payload({**document, "InputParameters": missing}, change))
        assert read_pairs(found["OutputParameters"]) == {"Ids": [change.row_id]}
        assert read_pairs(found["InputParameters"]) == read_pairs(missing)


def test_the_payload_of_a_deleted_row_holds_its_reference_alone() -> None:
    targets = [reference(TABLE, ROW), reference(TABLE, OTHER), reference(TABLE, THIRD)]
    document = context("DeleteMultiple", {"Targets": targets}, row_id=NO_ID)
    assert read_pairs(own(document, 1)["InputParameters"]) == {"Targets": targets[1:2]}


def test_the_payload_of_one_row_is_read_as_that_row() -> None:
    document = several("CreateMultiple", [entity(NO_ID, {"a": 1}), entity(NO_ID, {"a": 2})], OutputParameters=IDS)
    for change in changes_in(document):
        [alone] = changes_in(own_payload(document, change))
        assert (alone.row_id, alone.columns, alone.before) == (change.row_id, change.columns, change.before)


def test_a_parent_about_several_rows_is_left_out_of_the_payload_of_one() -> None:
    parent = several("UpdateMultiple", ROWS)
    assert own(several("UpdateMultiple", ROWS, ParentContext={"ParentContext": parent}), 0)["ParentContext"] is None


def test_a_payload_keeps_all_digits() -> None:
    rows = [entity(ROW, {"a": "DIGITS"})]
    document = parse_lenient_object(
        body(several("UpdateMultiple", rows)).replace(b'"DIGITS"', b"1234567890.0123456789")
    )
    assert b"1234567890.0123456789" in own_payload(document, changes_in(several("UpdateMultiple", rows))[0])


def test_what_a_thousand_rows_have_in_common_may_be_too_much_to_store_with_each() -> None:
    document = several("UpdateMultiple", [ROWS[0]] * MAX_ROWS)
    changes = changes_in(document)
    require_storable(document | {"SharedVariables": pairs({"x": "x" * 200_000})}, changes)
    with pytest.raises(ContentTooLarge, match=r"in common, .* must be at most 268435456 bytes \(got 3\d{8}\)"):
        require_storable(document | {"SharedVariables": pairs({"x": "x" * 300_000})}, changes)


def test_one_long_row_is_not_what_a_thousand_rows_have_in_common() -> None:
    rows = [entity(ROW, {"description": "x" * 400_000}), *[ROWS[0]] * (MAX_ROWS - 1)]
    document = several("UpdateMultiple", rows)
    require_storable(document, changes_in(document))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([several("UpdateMultiple", ROWS, OutputParameters=IDS), delete(), context("Associate", LINKED)])
    .map(body)
    .flatmap(lambda sent: st.tuples(st.just(sent), st.sampled_from(paths(sent)))),
    CONTRACT_LIKE | st.just(REMOVED),
    st.booleans(),
)
def test_any_change_of_a_request_is_read_or_refused_but_nothing_else_happens(
    at: tuple[bytes, tuple[str | int, ...]], value: object, trimmed: bool
) -> None:
    sent, path = at
    changed = sample_with(value, *path, body=sent)
    with suppress(BadRequest, ContentTooLarge):
        for change in changes_in(changed, trimmed=trimmed):
            assert context_of(own_payload(json.loads(changed), change)).message == change.message


def test_a_row_of_several_has_its_own_images_alone() -> None:
    rows = [entity(ROW, {"a": 1}), entity(OTHER, {"a": 2})]
    both = [*images(*rows)]
    document = several("UpdateMultiple", rows, PreEntityImages=both, PostEntityImages=both)
    own = json.loads(own_payload(document, changes_in(document)[0]))
    assert own["PostEntityImages"] == own["PreEntityImages"] == [both[0]]
