import json
from codecs import BOM_UTF8
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.dynamics.context import Kind, RemoteExecutionContext, parse_context
from shared.dynamics.values import Entity, EntityReference, Money
from shared.errors import BadRequest, NotJson
from tests.dynamics.samples import (
    ANY_JSON,
    ATTRIBUTES,
    REMOVED,
    SAMPLE_CONNECTION,
    SAMPLE_OPPORTUNITY,
    TARGET,
    WITHOUT_TYPES,
    paths,
    sample_with,
)
from tests.support.cases import holds_for
from tests.test_lenient_json import LENIENTLY_READ
from tests.test_strict_json import NOT_JSON

NAMES = ["MessageName", "PrimaryEntityName"]
IDS = ["PrimaryEntityId", "OrganizationId", "InitiatingUserId"]
COLLECTIONS = ["InputParameters", "OutputParameters", "PreEntityImages", "PostEntityImages", "SharedVariables"]
OPTIONAL = sorted(json.loads(SAMPLE_CONNECTION).keys() - {*NAMES, *IDS, "InputParameters", "Stage"})
CREATED = Kind("Create", "connection")
NO_ID = "00000000-0000-0000-0000-000000000000"
GUID = "cc03d281-c95c-e911-a979-000d3a1cc8fe"


def parse(body: bytes) -> RemoteExecutionContext:
    return parse_context(body, trimmed=False)


def refusal_of(body: bytes, *, trimmed: bool = False) -> BadRequest:
    with pytest.raises(BadRequest) as refusal:
        parse_context(body, trimmed=trimmed)
    return refusal.value


def touch(context: RemoteExecutionContext) -> None:
    assert len(context.target_attributes) + len(context.input_parameters) + len(context.output_parameters) >= 0
    images = [*context.pre_entity_images.values(), *context.post_entity_images.values()]
    assert all(len(entity.attributes) >= 0 for entity in images)
    assert len(context.shared_variables) >= 0
    if context.parent_context:
        touch(context.parent_context)


def test_the_connection_sample_gives_its_ids() -> None:
    context = parse(SAMPLE_CONNECTION)
    assert (context.message_name, context.primary_entity_name) == ("Create", "connection")
    assert context.organization_id == "3609bbbd-a041-5c9e-acb0-045d2dff171d"
    assert context.primary_entity_id == "37c7c867-d571-e911-a956-000d3a1bc3f6"
    assert context.initiating_user_id == GUID


def test_the_connection_sample_was_sent_by_a_synchronous_step() -> None:
    context = parse(SAMPLE_CONNECTION)
    assert (context.mode, context.stage, context.depth, context.is_in_transaction) == (0, 40, 1, True)
    assert context.operation_id == context.request_id == "43a4cea7-45ae-5bd0-9fb0-cef17a90f6fb"
    assert context.operation_created_on == datetime(2026, 1, 15, 10, 0, 5, 170000, UTC)
    assert context.owning_extension
    assert context.owning_extension.id == "eb1097ce-0619-5a75-be01-3ea7d00da7bd"


def test_the_target_is_decoded_when_asked_for() -> None:
    target = parse(SAMPLE_CONNECTION).input_parameters["Target"]
    assert isinstance(target, Entity)
    assert target.attributes["record1id"] == EntityReference(
        Id="b8f6c781-41c9-5a89-a370-a2c6711d3691", LogicalName="opportunity"
    )
    assert target.formatted_values["statecode"] == "Actif"


def test_the_opportunity_sample_was_sent_by_an_asynchronous_step() -> None:
    context = parse(SAMPLE_OPPORTUNITY)
    assert (context.mode, context.is_in_transaction) == (1, False)
    assert context.operation_id != context.request_id
    assert context.operation_created_on == datetime(2026, 1, 15, 10, 0, 9, tzinfo=UTC)


def test_the_opportunity_sample_has_amounts_and_an_unasked_image() -> None:
    context = parse(SAMPLE_OPPORTUNITY)
    target = context.input_parameters["Target"]
    assert isinstance(target, Entity)
    assert target.attributes["budgetamount"] == Money(Value=48500)
    image = context.post_entity_images["AsynchronousStepPrimaryName"]
    assert image.attributes["name"] == "Forty bicycles"


def test_parents_nest() -> None:
    parent = parse(SAMPLE_OPPORTUNITY).parent_context
    assert parent
    assert (parent.stage, parent.was_trimmed) == (30, False)
    assert parent.parent_context
    assert parent.parent_context.input_parameters == {"Requests": None, "ReturnResponses": True}
    assert parent.parent_context.parent_context is None


def test_a_parent_that_is_no_context_is_none() -> None:
    assert parse(sample_with({"Stage": 30}, "ParentContext")).parent_context is None


@holds_for("name", sorted(NOT_JSON.keys() - LENIENTLY_READ))
def test_what_is_no_json_is_refused(name: str) -> None:
    assert isinstance(refusal_of(NOT_JSON[name]), NotJson)


@pytest.mark.parametrize("body", [b"[]", b"[{}]", b"1", b'"Create"', b"null", b"true"])
def test_an_array_or_a_scalar_is_refused(body: bytes) -> None:
    assert "object" in refusal_of(body).detail


def test_a_truncated_sample_is_refused() -> None:
    assert isinstance(refusal_of(SAMPLE_CONNECTION[:-2]), NotJson)


def test_a_byte_order_mark_and_escaped_slashes_change_nothing() -> None:
    assert parse(BOM_UTF8 + SAMPLE_CONNECTION.replace(b"/", b"\\/")) == parse(SAMPLE_CONNECTION)


def test_a_missing_type_changes_nothing() -> None:
    typed, untyped = (parse(body).input_parameters["Target"] for body in (SAMPLE_CONNECTION, WITHOUT_TYPES))
    assert isinstance(typed, Entity)
    assert isinstance(untyped, Entity)
    assert typed.attributes == untyped.attributes


def test_the_last_of_duplicate_keys_counts() -> None:
    body = SAMPLE_CONNECTION.replace(b'"MessageName"', b'"MessageName": 7, "MessageName"')
    assert parse(body) == parse(SAMPLE_CONNECTION)


@holds_for("name", NAMES)
@holds_for("value", [REMOVED, None, "", 7, True, ["Create"], {}])
def test_a_name_must_be_a_string(name: str, value: object) -> None:
    (error,) = refusal_of(sample_with(value, name)).errors
    assert error.pointer == f"#/{name}"
    assert name in error.detail


@holds_for("name", IDS)
@holds_for("value", [REMOVED, None, "", 7, "hunter2", f"{{{GUID}}}", GUID + "\n", [GUID]])
def test_an_id_must_be_a_guid(name: str, value: object) -> None:
    refusal = refusal_of(sample_with(value, name))
    assert [error.pointer for error in refusal.errors] == [f"#/{name}"]
    assert refusal.detail.startswith(f"{name}: a GUID")
    assert "hunter2" not in refusal.detail


@holds_for("name", NAMES)
@holds_for("value", [rb'"Create\ud83d"', rb'"\ude00"', b"NaN", b"1e400", b"-1e400", b"9" * 5000])
def test_half_a_character_or_no_number_is_no_name(name: str, value: bytes) -> None:
    (error,) = refusal_of(sample_with("THIS", name).replace(b'"THIS"', value)).errors
    assert error.pointer == f"#/{name}"


@holds_for("name", IDS)
@holds_for("value", [f'"{GUID[:-1]}\\ud83d"'.encode(), b"NaN", b"-Infinity", b"1e400"])
def test_half_a_character_or_no_number_is_no_id(name: str, value: bytes) -> None:
    (error,) = refusal_of(sample_with("THIS", name).replace(b'"THIS"', value)).errors
    assert error.pointer == f"#/{name}"


@pytest.mark.parametrize("trimmed", [False, True])
@pytest.mark.parametrize("name", ["PrimaryEntityId", "OrganizationId"])
def test_an_id_of_all_zeros_identifies_nothing(name: str, *, trimmed: bool) -> None:
    (error,) = refusal_of(sample_with(NO_ID, name), trimmed=trimmed).errors
    assert (error.pointer, "all zeros" in error.detail) == (f"#/{name}", True)


@pytest.mark.parametrize("value", [f"{{{NO_ID}}}", NO_ID.replace("-", ""), "0", 0, f"({NO_ID})"])
def test_another_spelling_of_no_id_is_no_guid(value: object) -> None:
    (error,) = refusal_of(sample_with(value, "PrimaryEntityId")).errors
    assert error.pointer == "#/PrimaryEntityId"


@holds_for("trimmed", [False, True])
@holds_for("stage", [10, 20, 30, 0, -40, 45, 50, 40.5, "40", True, None, [40], {}])
def test_a_stage_that_is_there_must_be_40(stage: object, *, trimmed: bool) -> None:
    (error,) = refusal_of(sample_with(stage, "Stage"), trimmed=trimmed).errors
    assert error.pointer == "#/Stage"
    assert error.detail.startswith("Stage: only 40 (PostOperation) is taken")


@pytest.mark.parametrize("value", [b"NaN", b"Infinity", b"40e400", b"4" + b"0" * 5000, rb'"\ud83d"'], ids=repr)
def test_a_stage_that_cannot_be_read_is_not_40(value: bytes) -> None:
    (error,) = refusal_of(sample_with("THIS", "Stage").replace(b'"THIS"', value)).errors
    assert error.pointer == "#/Stage"


@pytest.mark.parametrize("stage", [REMOVED, 40, 40.0], ids=repr)
def test_a_stage_of_40_or_none_at_all_is_taken(stage: object) -> None:
    assert parse(sample_with(stage, "Stage")).primary_entity_id


def test_parents_may_have_any_stage_and_no_ids() -> None:
    parent = {**json.loads(SAMPLE_CONNECTION), "Stage": 20, "PrimaryEntityId": NO_ID, "OrganizationId": NO_ID}
    found = parse(sample_with(parent, "ParentContext")).parent_context
    assert found
    assert (found.stage, found.primary_entity_id) == (20, NO_ID)


def test_two_hundred_parents_are_taken() -> None:
    parents: dict[str, object] = {"Stage": 30}
    for _ in range(200):
        parents = {**json.loads(SAMPLE_OPPORTUNITY), "ParentContext": parents}
    touch(parse(sample_with(parents, "ParentContext")))


@pytest.mark.parametrize("name", ["OrganizationName", "SecondaryEntityName"])
def test_a_text_for_people_may_be_odd(name: str) -> None:
    assert parse(sample_with("Contoso \ud83d", name)).target_attributes


def test_a_name_for_people_keeps_its_whole_characters() -> None:
    assert parse(sample_with("3M \ud83d", "OrganizationName")).organization_name == "3M \ufffd"


@holds_for("trimmed", [False, True])
@holds_for("message", ["Delete", "SetState", "Associate", "CreateMultiple", "new_Approve", ""])
def test_another_message_is_named_before_anything_else_is_judged(message: str, *, trimmed: bool) -> None:
    document = {"MessageName": message, "PrimaryEntityId": NO_ID, "Stage": 10, "InputParameters": []}
    with pytest.raises(BadRequest) as refusal:
        parse_context(json.dumps(document).encode(), trimmed=trimmed, kind=CREATED)
    assert [error.detail for error in refusal.value.errors] == ["MessageName: only Create is taken here"]


@pytest.mark.parametrize("table", ["account", "none", ""])
def test_another_table_is_named_before_anything_else_is_judged(table: str) -> None:
    document = {"MessageName": "Create", "PrimaryEntityName": table, "OrganizationId": NO_ID, "Stage": 10}
    with pytest.raises(BadRequest) as refusal:
        parse_context(json.dumps(document).encode(), trimmed=False, kind=CREATED)
    assert [error.pointer for error in refusal.value.errors] == ["#/PrimaryEntityName"]


def test_a_message_and_a_table_of_another_kind_are_both_named() -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_context(b'{"MessageName": "Update", "PrimaryEntityName": "account"}', trimmed=False, kind=CREATED)
    assert [error.pointer for error in refusal.value.errors] == ["#/MessageName", "#/PrimaryEntityName"]


def test_what_has_no_kind_at_all_is_named_with_all_that_is_missing() -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_context(b'{"MessageName": 7, "Stage": 20}', trimmed=False, kind=CREATED)
    pointers = [error.pointer for error in refusal.value.errors]
    assert pointers == [f"#/{name}" for name in [*NAMES, *IDS, "Stage", "InputParameters"]]


def test_all_bad_fields_are_named_at_once() -> None:
    pointers = [error.pointer for error in refusal_of(b"{}").errors]
    assert pointers == [f"#/{name}" for name in [*NAMES, *IDS, "InputParameters"]]


def test_an_id_in_upper_case_is_the_same_id() -> None:
    assert parse(sample_with(GUID.upper(), "InitiatingUserId")).initiating_user_id == GUID


@pytest.mark.parametrize("value", [REMOVED, None, {}, "Target", 7], ids=str)
def test_input_parameters_must_be_a_list(value: object) -> None:
    assert refusal_of(sample_with(value, "InputParameters")).errors[0].pointer == "#/InputParameters"


@pytest.mark.parametrize(
    "value", [[], [None], [{"key": "id", "value": {}}], [{"key": "Target", "value": None}]], ids=str
)
def test_a_target_is_needed(value: object) -> None:
    (error,) = refusal_of(sample_with(value, "InputParameters")).errors
    assert error.pointer == "#/InputParameters/Target"
    assert "Target" in error.detail


@pytest.mark.parametrize("value", [REMOVED, None, {}, "record1id", 7], ids=str)
def test_the_target_needs_a_list_of_attributes(value: object) -> None:
    (error,) = refusal_of(sample_with(value, *ATTRIBUTES)).errors
    assert error.pointer == "#/InputParameters/Target/Attributes"
    assert "Attributes" in error.detail


def test_the_target_is_found_by_its_key() -> None:
    target = json.loads(SAMPLE_CONNECTION)["InputParameters"][0]
    body = sample_with([{"key": "SuppressDuplicateDetection", "value": False}, None, target], "InputParameters")
    assert parse(body).target_attributes == parse(SAMPLE_CONNECTION).target_attributes


@holds_for("name", OPTIONAL)
@holds_for("value", [REMOVED, None, [], {}, "odd", 7.5, [None]])
def test_an_odd_optional_field_is_never_refused(name: str, value: object) -> None:
    context = parse(sample_with(value, name))
    touch(context)
    assert context.target_attributes == parse(SAMPLE_CONNECTION).target_attributes


def test_unknown_fields_are_ignored() -> None:
    assert parse(sample_with({"any": "thing"}, "NewIn2030")) == parse(SAMPLE_CONNECTION)


def test_the_smallest_moment_is_understood() -> None:
    context = parse(sample_with("/Date(-62135596800000)/", "OperationCreatedOn"))
    assert context.operation_created_on == datetime(1, 1, 1, tzinfo=UTC)


def test_a_moment_out_of_range_is_none() -> None:
    assert parse(sample_with("/Date(99999999999999999)/", "OperationCreatedOn")).operation_created_on is None


@pytest.mark.parametrize("value", [REMOVED, None, []], ids=str)
def test_a_trimmed_request_needs_no_target(value: object) -> None:
    body = SAMPLE_CONNECTION
    for name in [*COLLECTIONS, "ParentContext"]:
        body = sample_with(value, name, body=body)
    context = parse_context(body, trimmed=True)
    touch(context)
    assert (context.was_trimmed, context.target_attributes) == (True, {})


def test_a_trimmed_request_still_needs_its_ids() -> None:
    body = sample_with(None, "InitiatingUserId")
    assert [error.pointer for error in refusal_of(body, trimmed=True).errors] == ["#/InitiatingUserId"]


def test_a_body_cannot_say_that_it_was_trimmed() -> None:
    body = sample_with(True, "was_trimmed")
    assert not parse(body).was_trimmed
    assert parse_context(sample_with(False, "was_trimmed"), trimmed=True).was_trimmed


def test_what_was_sent_is_not_in_the_text_of_the_value() -> None:
    assert "hunter2" not in repr(parse(sample_with("hunter2", *TARGET, "LogicalName")))


@given(st.binary(), st.booleans())
def test_any_bytes_are_parsed_or_refused_but_nothing_else_happens(body: bytes, trimmed: bool) -> None:
    with suppress(BadRequest):
        parse_context(body, trimmed=trimmed)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(paths()), ANY_JSON | st.sampled_from([REMOVED, GUID]), st.booleans())
def test_any_change_is_parsed_or_refused_but_nothing_else_happens(
    path: tuple[str | int, ...], value: object, trimmed: bool
) -> None:
    with suppress(BadRequest):
        touch(parse_context(sample_with(value, *path), trimmed=trimmed))
