import json
from codecs import BOM_UTF8
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.dynamics.connection_created import (
    LinkedRecords,
    kind_errors,
    linked_records,
    record_errors,
    records_in_row,
)
from shared.errors import BadRequest, NotJson
from shared.events.event import Event
from shared.exact_json import dump_json
from shared.lenient_json import parse_lenient_object
from tests.dynamics.contexts import NO_ID
from tests.dynamics.reading import connection_refusal_of, event_in
from tests.dynamics.samples import (
    ANY_JSON,
    ATTRIBUTES,
    REMOVED,
    SAMPLE_CONNECTION,
    SAMPLE_OPPORTUNITY,
    TARGET,
    WITHOUT_TYPES,
    attribute,
    paths,
    sample_with,
)
from tests.test_lenient_json import LENIENTLY_READ
from tests.test_strict_json import NOT_JSON

ORGANIZATION = "3609bbbd-a041-5c9e-acb0-045d2dff171d"
CONNECTION = "37c7c867-d571-e911-a956-000d3a1bc3f6"
OPPORTUNITY = "b8f6c781-41c9-5a89-a370-a2c6711d3691"
CONNECTED_USER = "088071bb-1802-56ac-ae8d-7cbae6b9ba36"
INITIATING_USER = "cc03d281-c95c-e911-a979-000d3a1cc8fe"
ROLE = "7365d018-97cb-5b59-a256-758da83c102a"
CORRELATION = "f1032a00-e6d2-5915-85fa-351b6d5b0253"

NAMES = ["MessageName", "PrimaryEntityName"]
IDS = ["PrimaryEntityId", "OrganizationId", "InitiatingUserId"]
OPTIONAL = sorted(json.loads(SAMPLE_CONNECTION).keys() - {*NAMES, *IDS, "InputParameters", "Stage"})

TRIMMED = {
    "connectionid": CONNECTION,
    "organizationid": ORGANIZATION,
    "initiatinguserid": INITIATING_USER,
    "correlationid": CORRELATION,
}
WHOLE = {
    **TRIMMED,
    "record1id": OPPORTUNITY,
    "record1id_logicalname": "opportunity",
    "record2id": CONNECTED_USER,
    "record2id_logicalname": "systemuser",
    "record2roleid": ROLE,
}
"""The field values that receivers have always got."""

ROW: dict[str, object] = {
    "connectionid": CONNECTION,
    "_record1id_value": OPPORTUNITY,
    "_record1id_value@Microsoft.Dynamics.CRM.lookuplogicalname": "opportunity",
    "_record1id_value@OData.Community.Display.V1.FormattedValue": "Forty bicycles",
    "_record2id_value": CONNECTED_USER,
    "_record2id_value@Microsoft.Dynamics.CRM.lookuplogicalname": "systemuser",
    "_record2roleid_value": ROLE,
}
NEEDED_OF_ROW = [name for name in ROW if name.startswith(("_record1id", "_record2id")) and "OData" not in name]
ODD: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([[], {}, {"Id": ROLE}])
)


def parse(body: bytes, *, trimmed: bool = False) -> Event:
    """The event of a request that nothing is wrong with."""
    document = parse_lenient_object(body)
    assert kind_errors(document) == []
    assert trimmed or record_errors(document) == []
    return event_in(body, trimmed=trimmed)


def ids_in(event: Event) -> dict[str, object]:
    return {name: value for name, value in event.field_values.items() if name in WHOLE}


def refusal_of(body: bytes, *, trimmed: bool = False) -> BadRequest:
    return connection_refusal_of(body, trimmed=trimmed)


def pair(table1: str, table2: str) -> LinkedRecords:
    columns = {
        "record1id": {"Id": OPPORTUNITY, "LogicalName": table1},
        "record2id": {"Id": ROLE, "LogicalName": table2},
    }
    records, errors = linked_records(columns, ())
    assert records is not None
    assert errors == []
    return records


def test_the_sample_is_the_connection_that_it_is() -> None:
    event = parse(SAMPLE_CONNECTION)
    assert ids_in(event) == WHOLE
    assert (event.type, event.entity, event.entity_id) == ("connection.created", "connection", CONNECTION)


def test_the_event_has_every_column_that_was_sent() -> None:
    event = parse(SAMPLE_CONNECTION)
    sent = [item["key"] for item in json.loads(SAMPLE_CONNECTION)["InputParameters"][0]["value"]["Attributes"]]
    assert {*sent} <= event.field_values.keys()
    assert event.field_values["record1objecttypecode"] == 3
    assert event.field_values["statecode_formatted"] == "Actif"
    assert {*event.changes} <= {*sent} - {"connectionid", "modifiedon", "modifiedby", "modifiedonbehalfby"}


@pytest.mark.parametrize("name", ["create", "CREATE", "cReAtE"])
def test_the_message_compares_ignoring_case(name: str) -> None:
    assert parse(sample_with(name, "MessageName")) == parse(SAMPLE_CONNECTION)


def test_the_table_compares_ignoring_case() -> None:
    assert parse(sample_with("Connection", "PrimaryEntityName")) == parse(SAMPLE_CONNECTION)


@pytest.mark.parametrize("trimmed", [False, True])
@pytest.mark.parametrize("name", ["Update", "Delete", "CreateMultiple", " Create"])
def test_another_message_is_refused(name: str, trimmed: bool) -> None:
    refusal = refusal_of(sample_with(name, "MessageName"), trimmed=trimmed)
    assert [error.pointer for error in refusal.errors] == ["#/MessageName"]
    assert "MessageName" in refusal.detail


MISLEADING = {
    "Delete": [{"key": "Target", "value": {"Id": CONNECTION, "LogicalName": "connection"}}],
    "SetState": [{"key": "EntityMoniker", "value": {"Id": CONNECTION, "LogicalName": "connection"}}],
    "Associate": [{"key": "Target", "value": {"Id": CONNECTION}}, {"key": "RelatedEntities", "value": []}],
    "CreateMultiple": [{"key": "Targets", "value": {"Entities": [], "EntityName": "connection"}}],
    "new_ApproveConnection": [],
}
"""Messages as Dataverse sends them, whose parameters are none of a Create."""


@pytest.mark.parametrize("message", MISLEADING)
def test_another_message_is_told_and_not_that_its_target_is_none_of_a_create(message: str) -> None:
    body = sample_with(MISLEADING[message], "InputParameters", body=sample_with(message, "MessageName"))
    assert refusal_of(body).detail == "MessageName must be Create"


def test_another_table_is_told_and_not_what_its_row_lacks() -> None:
    body = sample_with([], *ATTRIBUTES, body=sample_with("account", "PrimaryEntityName"))
    assert refusal_of(body).detail == "PrimaryEntityName must be connection"


@pytest.mark.parametrize("trimmed", [False, True])
def test_another_table_is_refused(trimmed: bool) -> None:
    refusal = refusal_of(SAMPLE_OPPORTUNITY, trimmed=trimmed)
    assert [error.pointer for error in refusal.errors] == ["#/PrimaryEntityName"]
    assert "PrimaryEntityName" in refusal.detail


@pytest.mark.parametrize("name", sorted(NOT_JSON.keys() - LENIENTLY_READ))
def test_what_is_no_json_is_refused(name: str) -> None:
    assert isinstance(refusal_of(NOT_JSON[name]), NotJson)


@pytest.mark.parametrize("body", [b"[]", b"[{}]", b"1", b'"Create"', b"null", b"true"])
def test_an_array_or_a_scalar_is_refused(body: bytes) -> None:
    assert "object" in refusal_of(body).detail


def test_a_truncated_sample_is_refused() -> None:
    assert isinstance(refusal_of(SAMPLE_CONNECTION[:-2]), NotJson)


def test_a_byte_order_mark_and_escaped_slashes_change_nothing() -> None:
    assert parse(BOM_UTF8 + SAMPLE_CONNECTION.replace(b"/", b"\\/")) == parse(SAMPLE_CONNECTION)


def test_the_last_of_duplicate_keys_counts() -> None:
    body = SAMPLE_CONNECTION.replace(b'"MessageName"', b'"MessageName": 7, "MessageName"')
    assert parse(body) == parse(SAMPLE_CONNECTION)


def test_unknown_fields_are_ignored() -> None:
    assert parse(sample_with({"any": "thing"}, "NewIn2030")) == parse(SAMPLE_CONNECTION)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [REMOVED, None, 7, True, ["Create"], {}], ids=str)
def test_a_name_must_be_a_string(name: str, value: object) -> None:
    (error,) = refusal_of(sample_with(value, name)).errors
    assert error.pointer == f"#/{name}"
    assert error.detail == f"{name} {'is required' if value is REMOVED else 'must be a string'}"


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("value", ["", "hunter2", f"{{{ROLE}}}", ROLE + "\n"], ids=str)
def test_an_id_must_be_a_guid(name: str, value: object) -> None:
    refusal = refusal_of(sample_with(value, name))
    assert [error.pointer for error in refusal.errors] == [f"#/{name}"]
    assert refusal.detail == f"{name} must be a GUID (8-4-4-4-12 hexadecimal digits)"


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("value", [REMOVED, None, 7, [ROLE]], ids=str)
def test_an_id_must_be_a_string(name: str, value: object) -> None:
    (error,) = refusal_of(sample_with(value, name)).errors
    assert error.detail == f"{name} {'is required' if value is REMOVED else 'must be a string'}"


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("value", [f'"{ROLE[:-1]}\\ud83d"'.encode(), b"NaN", b"-Infinity", b"1e400"], ids=repr)
def test_half_a_character_or_no_number_is_no_id(name: str, value: bytes) -> None:
    (error,) = refusal_of(sample_with("THIS", name).replace(b'"THIS"', value)).errors
    assert error.pointer == f"#/{name}"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "value", [rb'"Create\ud83d"', rb'"\ude00"', b"NaN", b"1e400", b"-1e400", b"9" * 5000], ids=repr
)
def test_half_a_character_or_no_number_is_no_name(name: str, value: bytes) -> None:
    (error,) = refusal_of(sample_with("THIS", name).replace(b'"THIS"', value)).errors
    assert error.pointer == f"#/{name}"


@pytest.mark.parametrize("trimmed", [False, True])
@pytest.mark.parametrize("name", ["PrimaryEntityId", "OrganizationId"])
def test_an_id_of_all_zeros_identifies_nothing(name: str, *, trimmed: bool) -> None:
    (error,) = refusal_of(sample_with(NO_ID, name), trimmed=trimmed).errors
    assert (error.pointer, error.detail) == (f"#/{name}", f"{name} must not be all zeros")


def test_an_id_in_upper_case_is_the_same_id() -> None:
    assert parse(sample_with(INITIATING_USER.upper(), "InitiatingUserId")) == parse(SAMPLE_CONNECTION)


@pytest.mark.parametrize("value", [f"{{{NO_ID}}}", NO_ID.replace("-", ""), "0", 0, f"({NO_ID})"])
def test_another_spelling_of_no_id_is_no_guid(value: object) -> None:
    (error,) = refusal_of(sample_with(value, "PrimaryEntityId")).errors
    assert error.pointer == "#/PrimaryEntityId"


@pytest.mark.parametrize("trimmed", [False, True])
@pytest.mark.parametrize("stage", [10, 20, 30, 0, -40, 45, 50, 40.5, "40", True, None, [40], {}], ids=repr)
def test_a_stage_that_is_there_must_be_40(stage: object, *, trimmed: bool) -> None:
    (error,) = refusal_of(sample_with(stage, "Stage"), trimmed=trimmed).errors
    assert error.pointer == "#/Stage"
    assert error.detail.startswith("Stage must be 40 (PostOperation): ")


@pytest.mark.parametrize("value", [b"NaN", b"Infinity", b"40e400", b"4" + b"0" * 5000, rb'"\ud83d"'], ids=repr)
def test_a_stage_that_cannot_be_read_is_not_40(value: bytes) -> None:
    (error,) = refusal_of(sample_with("THIS", "Stage").replace(b'"THIS"', value)).errors
    assert error.pointer == "#/Stage"


@pytest.mark.parametrize("stage", [REMOVED, 40, 40.0], ids=repr)
def test_a_stage_of_40_or_none_at_all_is_accepted(stage: object) -> None:
    assert parse(sample_with(stage, "Stage")) == parse(SAMPLE_CONNECTION)


@pytest.mark.parametrize("trimmed", [False, True])
@pytest.mark.parametrize("message", ["Delete", "SetState", "Associate", "CreateMultiple", "new_Approve", ""])
def test_another_message_is_named_before_anything_else_is_judged(message: str, *, trimmed: bool) -> None:
    document = {"MessageName": message, "PrimaryEntityId": NO_ID, "Stage": 10, "InputParameters": []}
    refusal = refusal_of(json.dumps(document).encode(), trimmed=trimmed)
    assert [error.detail for error in refusal.errors] == ["MessageName must be Create"]


@pytest.mark.parametrize("table", ["account", "none", ""])
def test_another_table_is_named_before_anything_else_is_judged(table: str) -> None:
    document = {"MessageName": "Create", "PrimaryEntityName": table, "OrganizationId": NO_ID, "Stage": 10}
    refusal = refusal_of(json.dumps(document).encode())
    assert [error.pointer for error in refusal.errors] == ["#/PrimaryEntityName"]


def test_another_message_and_another_table_are_both_named() -> None:
    refusal = refusal_of(b'{"MessageName": "Update", "PrimaryEntityName": "account"}')
    assert [error.pointer for error in refusal.errors] == ["#/MessageName", "#/PrimaryEntityName"]


@pytest.mark.parametrize("body", [b"{}", b'{"MessageName": 7}'])
def test_all_that_is_wrong_is_named_at_once(body: bytes) -> None:
    pointers = [error.pointer for error in refusal_of(body).errors]
    assert pointers == [f"#/{name}" for name in [*NAMES, *IDS, "InputParameters"]]


def test_a_field_and_a_record_that_are_wrong_are_named_at_once() -> None:
    body = sample_with(None, *attribute("record1id"), body=sample_with(20, "Stage"))
    pointers = [error.pointer for error in refusal_of(body).errors]
    assert pointers == ["#/Stage", "#/InputParameters/Target/Attributes/record1id"]


@pytest.mark.parametrize("value", [REMOVED, None, {}, "Target", 7], ids=str)
def test_input_parameters_must_be_a_list(value: object) -> None:
    (error,) = refusal_of(sample_with(value, "InputParameters")).errors
    assert error.pointer == "#/InputParameters"


@pytest.mark.parametrize(
    "value", [[], [None], [{"key": "id", "value": {}}], [{"key": "Target", "value": None}]], ids=str
)
def test_a_target_is_needed(value: object) -> None:
    (error,) = refusal_of(sample_with(value, "InputParameters")).errors
    assert error.pointer == "#/InputParameters/Target"
    assert error.detail.startswith("Target ")


@pytest.mark.parametrize("value", [REMOVED, None, {}, "record1id", 7], ids=str)
def test_the_target_needs_a_list_of_attributes(value: object) -> None:
    (error,) = refusal_of(sample_with(value, *ATTRIBUTES)).errors
    assert error.pointer == "#/InputParameters/Target/Attributes"
    assert error.detail.startswith("Attributes ")


def test_the_target_is_found_by_its_key() -> None:
    target = json.loads(SAMPLE_CONNECTION)["InputParameters"][0]
    event = parse(sample_with([{"key": "SuppressDuplicateDetection", "value": False}, None, target], "InputParameters"))
    assert (event.field_values, event.id) == (parse(SAMPLE_CONNECTION).field_values, parse(SAMPLE_CONNECTION).id)


@pytest.mark.parametrize("value", [REMOVED, None, []], ids=str)
def test_a_trimmed_request_needs_no_target(value: object) -> None:
    body = SAMPLE_CONNECTION
    for name in ["InputParameters", "OutputParameters", "PreEntityImages", "PostEntityImages", "ParentContext"]:
        body = sample_with(value, name, body=body)
    event = parse(body, trimmed=True)
    assert (ids_in(event), event.id) == (TRIMMED, parse(SAMPLE_CONNECTION).id)


def test_a_trimmed_request_still_needs_its_ids() -> None:
    body = sample_with(None, "InitiatingUserId")
    assert [error.pointer for error in refusal_of(body, trimmed=True).errors] == ["#/InitiatingUserId"]


@given(st.sampled_from(OPTIONAL), ANY_JSON | st.just(REMOVED))
def test_an_odd_optional_field_costs_nothing_but_itself(name: str, value: object) -> None:
    assert {**ids_in(parse(sample_with(value, name))), "correlationid": CORRELATION} == WHOLE


@given(st.binary(), st.booleans())
def test_any_bytes_are_refused(body: bytes, trimmed: bool) -> None:
    assert refusal_of(body, trimmed=trimmed).status == 400


@pytest.mark.parametrize("column", ["record1id", "record2id"])
@pytest.mark.parametrize("value", [REMOVED, None, 7, OPPORTUNITY, []], ids=str)
def test_both_records_are_needed(column: str, value: object) -> None:
    (error,) = refusal_of(sample_with(value, *attribute(column))).errors
    assert error.pointer == f"#/InputParameters/Target/Attributes/{column}"
    assert column in error.detail


@pytest.mark.parametrize("column", ["record1id", "record2id"])
@pytest.mark.parametrize("field", ["LogicalName", "Id"])
@pytest.mark.parametrize("value", [REMOVED, None, "", 7], ids=str)
def test_a_record_needs_a_table_and_an_id(column: str, field: str, value: object) -> None:
    (error,) = refusal_of(sample_with(value, *attribute(column), field)).errors
    assert error.pointer == f"#/InputParameters/Target/Attributes/{column}/{field}"
    assert error.detail.startswith(f"{column}.{field} ")


@pytest.mark.parametrize("column", ["record1id", "record2id"])
@pytest.mark.parametrize("value", [rb'"systemuser\ud83d"', b"NaN", b"1e400", b"-1e400"], ids=repr)
def test_a_table_of_half_characters_or_no_number_is_refused(column: str, value: bytes) -> None:
    body = sample_with("THIS", *attribute(column), "LogicalName").replace(b'"THIS"', value)
    assert refusal_of(body).errors[0].pointer == f"#/InputParameters/Target/Attributes/{column}/LogicalName"


@pytest.mark.parametrize("column", ["record1id", "record2id"])
@pytest.mark.parametrize(
    "table", ["opportunity ", " systemuser", "\tsystemuser", "opportunity\n", "opportunity\u00a0", " "]
)
def test_a_table_with_blanks_at_its_ends_is_refused_and_not_ignored(column: str, table: str) -> None:
    (error,) = refusal_of(sample_with(table, *attribute(column), "LogicalName")).errors
    assert error.pointer == f"#/InputParameters/Target/Attributes/{column}/LogicalName"
    assert error.detail.startswith(f"{column}.LogicalName must be a name")
    assert error.detail.endswith("without blanks at its ends")


@pytest.mark.parametrize("table", ["a", "new_x y", "é"])
def test_any_other_table_is_accepted(table: str) -> None:
    event = parse(sample_with(table, *attribute("record1id"), "LogicalName"))
    assert event.field_values["record1id_logicalname"] == table


@pytest.mark.parametrize("column", ["record1id", "record2id"])
def test_a_record_id_of_all_zeros_is_refused(column: str) -> None:
    (error,) = refusal_of(sample_with(NO_ID, *attribute(column), "Id")).errors
    assert error.pointer == f"#/InputParameters/Target/Attributes/{column}/Id"
    assert error.detail == f"{column}.Id must not be all zeros"


def test_the_row_is_the_primary_one_whatever_the_target_says() -> None:
    assert parse(sample_with(NO_ID, *TARGET, "Id")) == parse(SAMPLE_CONNECTION)


def test_a_correlation_of_all_zeros_is_none() -> None:
    event = parse(sample_with(NO_ID, "CorrelationId"))
    assert ids_in(event) == {name: value for name, value in WHOLE.items() if name != "correlationid"}


def test_a_record_id_that_is_no_guid_is_refused_and_not_repeated() -> None:
    assert "hunter2" not in refusal_of(sample_with("hunter2", *attribute("record1id"), "Id")).detail


def test_all_that_is_missing_is_named_at_once() -> None:
    pointers = [error.pointer.rpartition("/")[2] for error in refusal_of(sample_with([], *ATTRIBUTES)).errors]
    assert pointers == ["record1id", "record2id"]


@pytest.mark.parametrize("value", [REMOVED, None, 7, {"Id": "none"}], ids=str)
def test_a_role_that_is_missing_or_odd_costs_nothing_but_itself(value: object) -> None:
    event = parse(sample_with(value, *attribute("record2roleid")))
    assert {**ids_in(event), "record2roleid": ROLE} == WHOLE
    assert event.field_values["record2roleid"] == (None if value is REMOVED else value)


def test_odd_attributes_that_nobody_uses_cost_nothing() -> None:
    body = sample_with("/Date(-62135596800000)/", *attribute("createdon"))
    assert ids_in(parse(sample_with({"__type": 7}, *attribute("ownerid"), body=body))) == WHOLE


def test_missing_types_cost_nothing() -> None:
    assert parse(WITHOUT_TYPES) == parse(SAMPLE_CONNECTION)


@pytest.mark.parametrize("tables", [("opportunity", "systemuser"), ("Opportunity", "SYSTEMUSER")])
def test_an_opportunity_connected_to_a_user_is_processed(tables: tuple[str, str]) -> None:
    assert pair(*tables).is_processed


OTHER_PAIRS = [("systemuser", "opportunity"), ("opportunity", "opportunity"), ("account", "systemuser")]


@pytest.mark.parametrize("tables", [*OTHER_PAIRS, ("opportunity", "team"), ("opportunities", "\u017fystemuser")])
def test_the_reciprocal_connection_and_other_pairs_are_not_processed(tables: tuple[str, str]) -> None:
    assert not pair(*tables).is_processed


def test_wrong_records_are_named_where_they_stand() -> None:
    records, errors = linked_records({"record1id": {"Id": "x"}}, ("InputParameters", "Targets", "7", "Attributes"))
    above = "#/InputParameters/Targets/7/Attributes"
    assert records is None
    assert {error.pointer: error.detail.partition(" ")[0] for error in errors} == {
        f"{above}/record1id/Id": "record1id.Id",
        f"{above}/record1id/LogicalName": "record1id.LogicalName",
        f"{above}/record2id": "record2id",
    }


def test_a_row_gives_the_same_records_as_the_request() -> None:
    records = records_in_row(ROW)
    assert records is not None
    assert records.is_processed
    assert (records.record1.id, records.record1.logical_name) == (WHOLE["record1id"], WHOLE["record1id_logicalname"])
    assert (records.record2.id, records.record2.logical_name) == (WHOLE["record2id"], WHOLE["record2id_logicalname"])


@pytest.mark.parametrize("name", NEEDED_OF_ROW)
@pytest.mark.parametrize("value", [None, "", 7, []], ids=str)
def test_a_row_with_something_odd_gives_nothing(name: str, value: object) -> None:
    assert records_in_row(ROW | {name: value}) is None


@pytest.mark.parametrize("name", NEEDED_OF_ROW)
def test_a_row_with_something_missing_gives_nothing(name: str) -> None:
    assert records_in_row({key: value for key, value in ROW.items() if key != name}) is None


@pytest.mark.parametrize("value", [None, "none", 7])
def test_a_row_without_a_usable_role_gives_the_records(value: object) -> None:
    assert records_in_row(ROW | {"_record2roleid_value": value}) == records_in_row(ROW)


@given(st.dictionaries(st.sampled_from(list(ROW)), ODD))
def test_a_row_is_read_or_not_but_nothing_else_happens(changes: dict[str, object]) -> None:
    records = records_in_row(ROW | changes)
    assert records is None or NO_ID not in {records.record1.id, records.record2.id}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([path for path in paths() if path[0] != "ParentContext"]), ODD | st.just(REMOVED), st.booleans())
def test_any_change_is_parsed_or_refused_but_nothing_else_happens(
    path: tuple[str | int, ...], value: object, trimmed: bool
) -> None:
    changed = sample_with(value, *path)
    document = parse_lenient_object(changed)
    assert all(error.pointer.startswith("#/") for error in [*kind_errors(document), *record_errors(document)])
    with suppress(BadRequest):
        assert dump_json(event_in(changed, trimmed=trimmed).as_json())
