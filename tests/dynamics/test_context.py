"""What a context decodes to; what a request must hold is judged in connection_created.py."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.dynamics.context import RemoteExecutionContext
from shared.dynamics.values import Entity, EntityReference, Money
from shared.errors import BadRequest
from shared.lenient_json import parse_lenient_object
from tests.dynamics.samples import (
    ANY_JSON,
    REMOVED,
    SAMPLE_CONNECTION,
    SAMPLE_OPPORTUNITY,
    TARGET,
    WITHOUT_TYPES,
    paths,
    sample_with,
)

REQUIRED = ["MessageName", "PrimaryEntityName", "PrimaryEntityId", "OrganizationId", "InitiatingUserId"]
LENIENT = ["user_id", "correlation_id", "operation_id", "request_id", "depth"]
NO_ID = "00000000-0000-0000-0000-000000000000"
GUID = "cc03d281-c95c-e911-a979-000d3a1cc8fe"


def parse(body: bytes) -> RemoteExecutionContext:
    return RemoteExecutionContext.model_validate(parse_lenient_object(body))


def touch(context: RemoteExecutionContext) -> None:
    assert len(context.input_parameters) + len(context.output_parameters) >= 0
    images = [*context.pre_entity_images.values(), *context.post_entity_images.values()]
    assert all(len(entity.attributes) >= 0 for entity in images)
    if context.parent_context:
        touch(context.parent_context)


def test_the_connection_sample_gives_its_ids() -> None:
    context = parse(SAMPLE_CONNECTION)
    assert (context.message_name, context.primary_entity_name) == ("Create", "connection")
    assert context.organization_id == "3609bbbd-a041-5c9e-acb0-045d2dff171d"
    assert context.primary_entity_id == "37c7c867-d571-e911-a956-000d3a1bc3f6"
    assert context.initiating_user_id == GUID


def test_the_connection_sample_was_sent_by_one_operation_at_the_last_stage() -> None:
    context = parse(SAMPLE_CONNECTION)
    assert (context.stage, context.depth) == (40, 1)
    assert context.operation_id == context.request_id == "43a4cea7-45ae-5bd0-9fb0-cef17a90f6fb"


def test_the_target_is_decoded_when_asked_for() -> None:
    target = parse(SAMPLE_CONNECTION).input_parameters["Target"]
    assert isinstance(target, Entity)
    assert target.attributes["record1id"] == EntityReference(
        Id="b8f6c781-41c9-5a89-a370-a2c6711d3691", LogicalName="opportunity"
    )
    assert target.formatted_values["statecode"] == "Actif"


def test_the_opportunity_sample_has_amounts_and_an_unasked_image() -> None:
    context = parse(SAMPLE_OPPORTUNITY)
    target = context.input_parameters["Target"]
    assert isinstance(target, Entity)
    assert target.attributes["budgetamount"] == Money(Value=48500)
    image = context.post_entity_images["AsynchronousStepPrimaryName"]
    assert image.attributes["name"] == "Forty bicycles"


def test_a_missing_type_changes_nothing() -> None:
    typed, untyped = (parse(body).input_parameters["Target"] for body in (SAMPLE_CONNECTION, WITHOUT_TYPES))
    assert isinstance(typed, Entity)
    assert isinstance(untyped, Entity)
    assert typed.attributes == untyped.attributes


def test_parents_nest() -> None:
    parent = parse(SAMPLE_OPPORTUNITY).parent_context
    assert parent
    assert parent.stage == 30
    assert parent.parent_context
    assert parent.parent_context.input_parameters == {"Requests": None, "ReturnResponses": True}
    assert parent.parent_context.parent_context is None


@pytest.mark.parametrize("parent", [{"Stage": 30}, None, [], "x"], ids=str)
def test_a_parent_that_is_no_context_is_none(parent: object) -> None:
    assert parse(sample_with(parent, "ParentContext")).parent_context is None


def test_parents_may_have_any_stage_and_no_ids() -> None:
    parent = {**json.loads(SAMPLE_CONNECTION), "Stage": 20, "PrimaryEntityId": NO_ID, "OrganizationId": NO_ID}
    found = parse(sample_with(parent, "ParentContext")).parent_context
    assert found
    assert (found.stage, found.primary_entity_id) == (20, NO_ID)


def test_two_hundred_parents_are_read() -> None:
    parents: dict[str, object] = {"Stage": 30}
    for _ in range(200):
        parents = {**json.loads(SAMPLE_OPPORTUNITY), "ParentContext": parents}
    touch(parse(sample_with(parents, "ParentContext")))


@pytest.mark.parametrize("name", REQUIRED)
def test_the_first_five_fields_are_required(name: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        parse(sample_with(REMOVED, name))
    assert [error["loc"] for error in refusal.value.errors()] == [(name,)]


@pytest.mark.parametrize("field", LENIENT)
@pytest.mark.parametrize("value", [REMOVED, None, [], {}, "odd", 7.5, True, [None]], ids=str)
def test_an_odd_optional_field_is_none(field: str, value: object) -> None:
    name = "".join(word.capitalize() for word in field.split("_"))
    assert getattr(parse(sample_with(value, name)), field) is None


@given(st.sampled_from(["InputParameters", "OutputParameters", "PreEntityImages", "PostEntityImages"]), ANY_JSON)
def test_an_odd_collection_is_read_without_what_is_odd(name: str, value: object) -> None:
    touch(parse(sample_with(value, name)))


def test_what_was_sent_is_not_in_the_text_of_the_value() -> None:
    assert "hunter2" not in repr(parse(sample_with("hunter2", *TARGET, "LogicalName")))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(paths()), ANY_JSON | st.sampled_from([REMOVED, GUID]))
def test_any_change_is_read_or_refused_but_nothing_else_happens(path: tuple[str | int, ...], value: object) -> None:
    with suppress(BadRequest, ValidationError):
        touch(parse(sample_with(value, *path)))
