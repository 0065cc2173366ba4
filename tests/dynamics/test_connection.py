import json
from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.dynamics.connection import (
    ConnectedRecords,
    ConnectionRecord,
    event_id,
    field_values,
    is_processed,
    parse_connection,
    records_from_row,
)
from shared.dynamics.values import EntityReference
from shared.errors import BadRequest
from tests.dynamics.samples import (
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
from tests.support.cases import holds_for

ORGANIZATION = "3609bbbd-a041-5c9e-acb0-045d2dff171d"
CONNECTION = "37c7c867-d571-e911-a956-000d3a1bc3f6"
OPPORTUNITY = "b8f6c781-41c9-5a89-a370-a2c6711d3691"
CONNECTED_USER = "088071bb-1802-56ac-ae8d-7cbae6b9ba36"
INITIATING_USER = "cc03d281-c95c-e911-a979-000d3a1cc8fe"
NO_ID = "00000000-0000-0000-0000-000000000000"
ROLE = "7365d018-97cb-5b59-a256-758da83c102a"
CORRELATION = "f1032a00-e6d2-5915-85fa-351b6d5b0253"

RECORDS = ConnectedRecords(
    record1=EntityReference(Id=OPPORTUNITY, LogicalName="opportunity"),
    record2=EntityReference(Id=CONNECTED_USER, LogicalName="systemuser"),
    role_id=ROLE,
)
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


def parse(body: bytes, *, trimmed: bool = False) -> ConnectionRecord:
    return parse_connection(body, trimmed=trimmed)


def refusal_of(body: bytes, *, trimmed: bool = False) -> BadRequest:
    with pytest.raises(BadRequest) as refusal:
        parse(body, trimmed=trimmed)
    return refusal.value


def pair(table1: str, table2: str) -> ConnectedRecords:
    return ConnectedRecords(
        EntityReference(Id=OPPORTUNITY, LogicalName=table1), EntityReference(Id=CONNECTED_USER, LogicalName=table2)
    )


def test_the_sample_is_the_connection_that_it_is() -> None:
    assert parse(SAMPLE_CONNECTION) == ConnectionRecord(ORGANIZATION, CONNECTION, INITIATING_USER, RECORDS, CORRELATION)


@pytest.mark.parametrize("name", ["create", "CREATE", "cReAtE"])
def test_the_message_compares_ignoring_case(name: str) -> None:
    assert parse(sample_with(name, "MessageName")) == parse(SAMPLE_CONNECTION)


def test_the_table_compares_ignoring_case() -> None:
    assert parse(sample_with("Connection", "PrimaryEntityName")) == parse(SAMPLE_CONNECTION)


@holds_for("trimmed", [False, True])
@holds_for("name", ["Update", "Delete", "CreateMultiple", " Create"])
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
    assert refusal_of(body).detail == "MessageName: only Create is taken here"


def test_another_table_is_told_and_not_what_its_row_lacks() -> None:
    body = sample_with([], *ATTRIBUTES, body=sample_with("account", "PrimaryEntityName"))
    assert refusal_of(body).detail == "PrimaryEntityName: only connection is taken here"


@pytest.mark.parametrize("trimmed", [False, True])
def test_another_table_is_refused(trimmed: bool) -> None:
    refusal = refusal_of(SAMPLE_OPPORTUNITY, trimmed=trimmed)
    assert [error.pointer for error in refusal.errors] == ["#/PrimaryEntityName"]
    assert "PrimaryEntityName" in refusal.detail


def test_a_trimmed_request_has_no_records_even_where_some_were_left() -> None:
    assert parse(SAMPLE_CONNECTION, trimmed=True).records is None


@holds_for("column", ["record1id", "record2id"])
@holds_for("value", [REMOVED, None, 7, OPPORTUNITY, []])
def test_both_records_are_needed(column: str, value: object) -> None:
    (error,) = refusal_of(sample_with(value, *attribute(column))).errors
    assert error.pointer == f"#/InputParameters/Target/Attributes/{column}"
    assert column in error.detail


@holds_for("column", ["record1id", "record2id"])
@holds_for("field", ["LogicalName", "Id"])
@holds_for("value", [REMOVED, None, "", 7])
def test_a_record_needs_a_table_and_an_id(column: str, field: str, value: object) -> None:
    (error,) = refusal_of(sample_with(value, *attribute(column), field)).errors
    assert error.pointer == f"#/InputParameters/Target/Attributes/{column}/{field}"
    assert error.detail.startswith(f"{column}.{field}: ")


@holds_for("column", ["record1id", "record2id"])
@holds_for("value", [rb'"systemuser\ud83d"', b"NaN", b"1e400", b"-1e400"])
def test_a_table_of_half_characters_or_no_number_is_refused(column: str, value: bytes) -> None:
    body = sample_with("THIS", *attribute(column), "LogicalName").replace(b'"THIS"', value)
    assert refusal_of(body).errors[0].pointer == f"#/InputParameters/Target/Attributes/{column}/LogicalName"


@holds_for("column", ["record1id", "record2id"])
@holds_for("table", ["opportunity ", " systemuser", "\tsystemuser", "opportunity\n", "opportunity\u00a0", " "])
def test_a_table_with_blanks_at_its_ends_is_refused_and_not_ignored(column: str, table: str) -> None:
    (error,) = refusal_of(sample_with(table, *attribute(column), "LogicalName")).errors
    assert error.pointer == f"#/InputParameters/Target/Attributes/{column}/LogicalName"
    assert error.detail.startswith(f"{column}.LogicalName: ")
    assert error.detail.endswith("without blanks at its ends")


@pytest.mark.parametrize("table", ["a", "new_x y", "é"])
def test_any_other_table_is_taken(table: str) -> None:
    parse_connection(sample_with(table, *attribute("record1id"), "LogicalName"), trimmed=False)


@pytest.mark.parametrize("column", ["record1id", "record2id"])
def test_a_record_id_of_all_zeros_is_refused(column: str) -> None:
    (error,) = refusal_of(sample_with(NO_ID, *attribute(column), "Id")).errors
    assert error.pointer == f"#/InputParameters/Target/Attributes/{column}/Id"
    assert error.detail.startswith(f"{column}.Id: a GUID that identifies something")


def test_the_row_is_the_primary_one_whatever_the_target_says() -> None:
    assert parse(sample_with(NO_ID, *TARGET, "Id")) == parse(SAMPLE_CONNECTION)


def test_a_correlation_and_a_role_of_all_zeros_are_none() -> None:
    connection = parse(sample_with(NO_ID, "CorrelationId", body=sample_with(NO_ID, *attribute("record2roleid"), "Id")))
    assert connection.records
    assert (connection.correlation_id, connection.records.role_id) == (None, None)


def test_a_record_id_that_is_no_guid_is_refused_and_not_repeated() -> None:
    assert "hunter2" not in refusal_of(sample_with("hunter2", *attribute("record1id"), "Id")).detail


def test_all_that_is_missing_is_named_at_once() -> None:
    pointers = [error.pointer.rpartition("/")[2] for error in refusal_of(sample_with([], *ATTRIBUTES)).errors]
    assert pointers == ["record1id", "record2id"]


@pytest.mark.parametrize("value", [REMOVED, None, 7, {"Id": "none"}], ids=str)
def test_a_role_that_is_missing_or_odd_counts_as_none(value: object) -> None:
    records = parse(sample_with(value, *attribute("record2roleid"))).records
    assert records == ConnectedRecords(RECORDS.record1, RECORDS.record2, None)


def test_odd_attributes_that_nobody_uses_cost_nothing() -> None:
    body = sample_with("/Date(-62135596800000)/", *attribute("createdon"))
    assert parse(sample_with({"__type": 7}, *attribute("ownerid"), body=body)).records == RECORDS


def test_missing_types_cost_nothing() -> None:
    assert parse(WITHOUT_TYPES).records == RECORDS


@pytest.mark.parametrize("tables", [("opportunity", "systemuser"), ("Opportunity", "SYSTEMUSER")])
def test_an_opportunity_connected_to_a_user_is_processed(tables: tuple[str, str]) -> None:
    assert is_processed(pair(*tables))


OTHER_PAIRS = [("systemuser", "opportunity"), ("opportunity", "opportunity"), ("account", "systemuser")]


@pytest.mark.parametrize("tables", [*OTHER_PAIRS, ("opportunity", "team"), ("opportunities", "\u017fystemuser")])
def test_the_reciprocal_connection_and_other_pairs_are_not_processed(tables: tuple[str, str]) -> None:
    assert not is_processed(pair(*tables))


def test_the_id_of_the_samples_event_never_changes() -> None:
    # A stored event is found by this id again: another value here means another namespace, and every event twice.
    assert event_id(ORGANIZATION, CONNECTION) == "8beb086c-1bcb-5ce8-b2b5-0aec2c2b08a7"


@given(st.uuids(), st.uuids())
def test_an_events_id_ignores_case_and_is_a_lower_case_uuid(organization: UUID, connection: UUID) -> None:
    ours = event_id(str(organization), str(connection))
    assert ours == event_id(str(organization).upper(), str(connection).upper()) == str(UUID(ours))
    assert UUID(ours).version == 5


@given(st.lists(st.uuids(), min_size=2, max_size=2, unique=True), st.uuids())
def test_different_ids_are_different_events(ids: list[UUID], other: UUID) -> None:
    first, second = map(str, ids)
    assert event_id(first, str(other)) != event_id(second, str(other))
    assert event_id(str(other), first) != event_id(str(other), second)
    assert event_id(first, second) != event_id(second, first)


def test_field_values_are_the_ids_that_are_known() -> None:
    assert field_values(parse(SAMPLE_CONNECTION)) == {
        "connectionid": CONNECTION,
        "organizationid": ORGANIZATION,
        "initiatinguserid": INITIATING_USER,
        "correlationid": CORRELATION,
        "record1id": OPPORTUNITY,
        "record1id_logicalname": "opportunity",
        "record2id": CONNECTED_USER,
        "record2id_logicalname": "systemuser",
        "record2roleid": ROLE,
    }


def test_field_values_leave_out_what_is_not_known() -> None:
    connection = ConnectionRecord(ORGANIZATION, CONNECTION, INITIATING_USER, None)
    assert field_values(connection).keys() == {"connectionid", "organizationid", "initiatinguserid"}


def test_a_row_gives_the_same_records_as_the_request() -> None:
    assert records_from_row(ROW) == parse(SAMPLE_CONNECTION).records


@holds_for("name", NEEDED_OF_ROW)
@holds_for("value", [None, "", 7, []])
def test_a_row_with_something_odd_gives_nothing(name: str, value: object) -> None:
    assert records_from_row(ROW | {name: value}) is None


@pytest.mark.parametrize("name", NEEDED_OF_ROW)
def test_a_row_with_something_missing_gives_nothing(name: str) -> None:
    assert records_from_row({key: value for key, value in ROW.items() if key != name}) is None


@pytest.mark.parametrize("value", [None, "none", 7])
def test_a_row_without_a_usable_role_gives_the_records(value: object) -> None:
    records = records_from_row(ROW | {"_record2roleid_value": value})
    assert records == ConnectedRecords(RECORDS.record1, RECORDS.record2, None)


@given(st.dictionaries(st.sampled_from(list(ROW)), ODD))
def test_a_row_is_read_or_not_but_nothing_else_happens(changes: dict[str, object]) -> None:
    records = records_from_row(ROW | changes)
    assert records is None or isinstance(records, ConnectedRecords)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([path for path in paths() if path[0] != "ParentContext"]), ODD | st.just(REMOVED), st.booleans())
def test_any_change_is_parsed_or_refused_but_nothing_else_happens(
    path: tuple[str | int, ...], value: object, trimmed: bool
) -> None:
    with suppress(BadRequest):
        assert json.dumps(field_values(parse(sample_with(value, *path), trimmed=trimmed)))
