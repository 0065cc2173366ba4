"""What every request must hold, by its message; its parameters are read in row_change.py."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.dynamics.context import MULTIPLE, parse_context
from shared.errors import BadRequest, FieldError
from shared.lenient_json import parse_lenient_object
from tests.dynamics.contexts import NO_ID, ROW, Json, as_async, context, update
from tests.dynamics.reading import context_of
from tests.dynamics.samples import ANY_JSON, REMOVED, SAMPLE_CONNECTION, SAMPLE_OPPORTUNITY, TARGET, paths, sample_with
from tests.support.cases import holds_for

GUID = "cc03d281-c95c-e911-a979-000d3a1cc8fe"
NAMES = ["MessageName", "PrimaryEntityName"]
IDS = ["PrimaryEntityId", "OrganizationId", "InitiatingUserId"]
ON_A_ROW = ["Create", "Update", "Delete", "Assign", "SetState", "SetStateDynamicEntity", "Merge"]
OTHERS = ["Associate", "Disassociate", "Win", "new_Approve", "QualifyLead"]
LENIENT = ["user_id", "correlation_id", "operation_id", "request_id", "depth"]
DOCUMENT = json.loads(SAMPLE_CONNECTION)


def context_with(name: str, value: object) -> Json:
    member: Json = {name: value}
    return context("Win", **member)


def refusal_of(document: Json) -> list[FieldError]:
    with pytest.raises(BadRequest) as refusal:
        parse_context(document)
    return list(refusal.value.errors)


def test_the_connection_sample_gives_its_ids() -> None:
    found = context_of(SAMPLE_CONNECTION)
    assert (found.message_name, found.primary_entity_name) == ("Create", "connection")
    assert found.organization_id == "3609bbbd-a041-5c9e-acb0-045d2dff171d"
    assert found.primary_entity_id == "37c7c867-d571-e911-a956-000d3a1bc3f6"
    assert found.initiating_user_id == GUID


def test_the_connection_sample_was_sent_by_one_operation_at_the_last_stage() -> None:
    found = context_of(SAMPLE_CONNECTION)
    assert (found.stage, found.depth) == (40, 1)
    assert found.operation_id == found.request_id == "43a4cea7-45ae-5bd0-9fb0-cef17a90f6fb"


@holds_for("message", [*ON_A_ROW, *OTHERS, *MULTIPLE])
def test_every_message_needs_names_an_organization_and_a_user(message: str) -> None:
    errors = refusal_of({"MessageName": message})
    wanted = ["PrimaryEntityName", "OrganizationId", "InitiatingUserId"]
    assert [error.pointer for error in errors if "PrimaryEntityId" not in error.pointer] == [f"#/{n}" for n in wanted]


@holds_for("message", [*ON_A_ROW, *map(str.upper, ON_A_ROW)])
@holds_for("value", [REMOVED, None, NO_ID, "", "hunter2", 7, f"{{{ROW}}}"])
def test_a_message_on_a_row_needs_its_id(message: str, value: object) -> None:
    (error,) = refusal_of(context(message, row_id=value))
    assert error.pointer == "#/PrimaryEntityId"


@holds_for("message", OTHERS)
@holds_for("value", [REMOVED, None, NO_ID])
def test_every_other_message_may_be_about_no_row(message: str, value: object) -> None:
    assert context_of(context(message, row_id=value)).primary_entity_id == NO_ID


@holds_for("message", OTHERS)
@holds_for("value", ["", "hunter2", 7, f"{{{ROW}}}", [ROW]])
def test_an_id_that_is_there_must_be_a_guid(message: str, value: object) -> None:
    (error,) = refusal_of(context(message, row_id=value))
    assert error.pointer == "#/PrimaryEntityId"


@holds_for("message", [*MULTIPLE, "CreateMultiple", "DELETEMULTIPLE"])
@holds_for("value", [REMOVED, None, NO_ID, ROW, "hunter2", 7, {}])
def test_the_id_of_a_message_on_several_rows_is_not_looked_at(message: str, value: object) -> None:
    assert context_of(context(message, row_id=value)).primary_entity_id == NO_ID


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [REMOVED, None, 7, True, ["Create"], {}], ids=str)
def test_a_name_must_be_a_string(name: str, value: object) -> None:
    (error,) = refusal_of(context_with(name, value))
    assert error.pointer == f"#/{name}"
    assert error.detail == f"{name} {'is required' if value is REMOVED else 'must be a string'}"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["", " ", "Win ", "\tWin", "1", "1e400"])
def test_a_name_has_no_blanks_at_its_ends_and_is_no_number(name: str, value: str) -> None:
    (error,) = refusal_of(context_with(name, value))
    assert error.pointer == f"#/{name}"


@pytest.mark.parametrize("name", ["OrganizationId", "InitiatingUserId"])
@pytest.mark.parametrize("value", ["", "hunter2", f"{{{GUID}}}", GUID + "\n"], ids=str)
def test_an_id_must_be_a_guid_and_is_not_repeated(name: str, value: object) -> None:
    (error,) = refusal_of(update({}, **{name: value}))
    assert (error.pointer, error.detail) == (
        f"#/{name}",
        f"{name} must be a GUID (8-4-4-4-12 hexadecimal digits)",
    )


@pytest.mark.parametrize("message", [*ON_A_ROW, *OTHERS, "UpdateMultiple"])
def test_an_organization_of_all_zeros_identifies_nothing(message: str) -> None:
    (error,) = refusal_of(context(message, OrganizationId=NO_ID))
    assert (error.pointer, error.detail) == ("#/OrganizationId", "OrganizationId must not be all zeros")


def test_a_user_of_all_zeros_is_nobody_and_no_mistake() -> None:
    assert context_of(update({}, InitiatingUserId=NO_ID)).initiating_user_id == NO_ID


@pytest.mark.parametrize("message", ["Create", "Win", "UpdateMultiple"])
@pytest.mark.parametrize("stage", [10, 20, 30, 0, -40, 45, 50, 40.5, "40", True, None, [40], {}], ids=repr)
def test_a_stage_that_is_there_must_be_40(message: str, stage: object) -> None:
    (error,) = refusal_of(context(message, Stage=stage))
    assert error.pointer == "#/Stage"
    assert error.detail.startswith("Stage must be 40 (PostOperation): ")


@pytest.mark.parametrize("stage", [REMOVED, 40, 40.0], ids=repr)
def test_a_stage_of_40_or_none_at_all_is_accepted(stage: object) -> None:
    assert context_of(context("Win", Stage=stage)) == context_of(context("Win"))


def test_all_that_is_wrong_is_named_at_once_with_what_the_caller_found() -> None:
    further = [FieldError("#/InputParameters", "InputParameters is required")]
    with pytest.raises(BadRequest) as refusal:
        parse_context({"MessageName": "Update", "Stage": 20}, further)
    wanted = ["PrimaryEntityName", "PrimaryEntityId", "OrganizationId", "InitiatingUserId", "Stage", "InputParameters"]
    assert sorted(error.pointer for error in refusal.value.errors) == sorted(f"#/{name}" for name in wanted)


def test_what_the_caller_found_is_a_refusal_by_itself() -> None:
    further = [FieldError("#/InputParameters", "InputParameters is required")]
    with pytest.raises(BadRequest, match="InputParameters is required"):
        parse_context(update({}), further)


def test_names_and_ids_are_told_in_lower_case() -> None:
    found = context_of(context("CREATE", table="Opportunity", row_id=ROW.upper()))
    assert (found.message, found.table, found.primary_entity_id) == ("create", "opportunity", ROW)


@pytest.mark.parametrize("name", ["none", "None", "NONE"])
def test_a_message_about_no_table_says_none(name: str) -> None:
    assert context_of(context("new_Approve", table=name)).table is None


@pytest.mark.parametrize(
    ("name", "message"),
    [("CreateMultiple", "create"), ("updatemultiple", "update"), ("DELETEMULTIPLE", "delete")],
)
def test_a_message_on_several_rows_is_told_as_that_of_each(name: str, message: str) -> None:
    found = context_of(context(name))
    assert (found.message, found.is_multiple) == (message, True)


@pytest.mark.parametrize("name", ["Create", "Update", "UpsertMultiple", "new_Multiple"])
def test_every_other_message_is_about_one_row_at_most(name: str) -> None:
    found = context_of(context(name))
    assert (found.message, found.is_multiple) == (name.lower(), False)


@holds_for(("given", "operation"), [
    ({}, "correlation"),
    ({"CorrelationId": REMOVED}, "operation"),
    ({"CorrelationId": NO_ID}, "operation"),
    ({"CorrelationId": "odd", "OperationId": None}, "request"),
    ({"CorrelationId": None, "OperationId": NO_ID}, "request"),
    ({"CorrelationId": None, "OperationId": None, "RequestId": None}, "nothing"),
])  # fmt: skip
def test_an_operation_is_known_by_the_first_id_that_is_there(given: Json, operation: str) -> None:
    ids = {"correlation": GUID, "operation": ROW, "request": GUID[::-1].replace("-", "")}
    ids |= {"request": "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9", "nothing": ""}
    whole = {"CorrelationId": ids["correlation"], "OperationId": ids["operation"], "RequestId": ids["request"]}
    assert context_of(update({}, **(whole | given))).operation == ids[operation]


@pytest.mark.parametrize("value", [REMOVED, None, NO_ID, "", "x", 7, [GUID]], ids=str)
def test_a_user_without_a_usable_id_of_entra_has_none(value: object) -> None:
    found = context_of(update({}, InitiatingUserAzureActiveDirectoryObjectId=value))
    assert found.initiating_entra_id is None


def test_the_id_of_entra_that_the_request_tells_is_the_initiating_users() -> None:
    ids = {"InitiatingUserAzureActiveDirectoryObjectId": GUID.upper(), "UserAzureActiveDirectoryObjectId": ROW}
    assert context_of(update({}, **ids)).initiating_entra_id == GUID


@pytest.mark.parametrize("field", LENIENT)
@pytest.mark.parametrize("value", [REMOVED, None, [], {}, "odd", 7.5, True, [None]], ids=str)
def test_an_odd_optional_field_is_none(field: str, value: object) -> None:
    name = "".join(word.capitalize() for word in field.split("_"))
    assert getattr(context_of(sample_with(value, name)), field) is None


def test_a_synchronous_and_an_asynchronous_step_tell_the_same_operation() -> None:
    assert context_of(as_async(update({}))).operation == context_of(update({})).operation


@pytest.mark.parametrize("parent", [{"Stage": 30}, None, [], "x"], ids=str)
def test_parents_may_have_any_stage_and_no_ids(parent: object) -> None:
    context_of(sample_with(parent, "ParentContext"))


def test_two_hundred_parents_are_read() -> None:
    parents: Json = {"Stage": 30}
    for _ in range(200):
        parents = {**json.loads(SAMPLE_OPPORTUNITY), "ParentContext": parents}
    assert context_of(sample_with(parents, "ParentContext")).table == "connection"


def test_what_was_sent_is_not_in_the_text_of_the_value() -> None:
    assert "hunter2" not in repr(context_of(sample_with("hunter2", *TARGET, "LogicalName")))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(paths()), ANY_JSON | st.sampled_from([REMOVED, GUID]))
def test_any_change_is_read_or_refused_but_nothing_else_happens(path: tuple[str | int, ...], value: object) -> None:
    with suppress(BadRequest):
        parse_context(parse_lenient_object(sample_with(value, *path)))
