"""The body of a webhook request: what DataContractJsonSerializer makes of a RemoteExecutionContext.

Reading is strict about the few fields the hub decides by and lenient about the rest (docs/sources/dynamics.md 1.3).
Images, parameters and parents are kept as they came and decoded when asked for: this runs on the receive path of every
event.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import Field, StrictBool, StrictInt, ValidationError

from shared.dynamics.values import (
    NO_ID,
    Contract,
    Date,
    Entity,
    EntityReference,
    Guid,
    Lenient,
    Name,
    Text,
    Value,
    decode_pairs,
    read_pairs,
)
from shared.errors import BadRequest, FieldError
from shared.lenient_json import parse_lenient_object

A_GUID = "a GUID (8-4-4-4-12 hexadecimal digits) is needed"
A_NAME = "a name is needed: a string that is not empty, no number, of whole characters, and without blanks at its ends"
AN_ID_OF_SOMETHING = "a GUID that identifies something is needed, and this one is all zeros"

TARGET_POINTER = "#/InputParameters/Target"
"""Where problems of the target point to. In key/value lists the key stands for the index, which may be any."""

_NEEDS = {
    "MessageName": A_NAME,
    "PrimaryEntityName": A_NAME,
    "PrimaryEntityId": A_GUID,
    "OrganizationId": A_GUID,
    "InitiatingUserId": A_GUID,
}
_WAS_TRIMMED = "was_trimmed"
# PostOperation, the one stage at which the row is there and has its id (docs/sources/dynamics.md 2.6).
_STAGE = 40


@dataclass(frozen=True)
class Kind:
    """What a request reports: a message on a table. Both names compare ignoring case, as Dataverse does."""

    message: str
    table: str

    def errors(self, document: Mapping[str, object]) -> list[FieldError]:
        """One for each of the two names in a request's body that is another one; what is no string is not judged."""
        named = (("MessageName", self.message), ("PrimaryEntityName", self.table))
        return [
            FieldError(f"#/{field}", f"{field}: only {wanted} is taken here")
            for field, wanted in named
            if isinstance(name := document.get(field), str) and name.lower() != wanted.lower()
        ]


class RemoteExecutionContext(Contract):
    """What happened, where, and who started it.

    The first five fields are always there. Any other is None, or an empty mapping, where Dynamics sent nothing usable.
    """

    message_name: Name
    primary_entity_name: Name
    primary_entity_id: Guid
    organization_id: Guid
    # Who started it. `user_id` is whoever the step runs as, possibly SYSTEM: decide nothing by it
    # (docs/sources/dynamics.md 1.7).
    initiating_user_id: Guid
    # Says the request's header, never its body.
    was_trimmed: bool = Field(alias=_WAS_TRIMMED)

    user_id: Lenient[Guid] = None
    business_unit_id: Lenient[Guid] = None
    organization_name: Lenient[Text] = None
    secondary_entity_name: Lenient[Name] = None
    correlation_id: Lenient[Guid] = None
    operation_id: Lenient[Guid] = None
    request_id: Lenient[Guid] = None
    # For people only: with an offset other than +0000 the moment may be hours off (docs/sources/dynamics.md 1.4).
    operation_created_on: Lenient[Date] = None
    owning_extension: Lenient[EntityReference] = None
    depth: Lenient[StrictInt] = None
    mode: Lenient[StrictInt] = None
    stage: Lenient[StrictInt] = None
    isolation_mode: Lenient[StrictInt] = None
    is_in_transaction: Lenient[StrictBool] = None
    is_executing_offline: Lenient[StrictBool] = None
    is_offline_playback: Lenient[StrictBool] = None

    raw_input_parameters: object = Field(default=None, alias="InputParameters", repr=False)
    raw_output_parameters: object = Field(default=None, alias="OutputParameters", repr=False)
    raw_pre_entity_images: object = Field(default=None, alias="PreEntityImages", repr=False)
    raw_post_entity_images: object = Field(default=None, alias="PostEntityImages", repr=False)
    raw_shared_variables: object = Field(default=None, alias="SharedVariables", repr=False)
    raw_parent_context: object = Field(default=None, alias="ParentContext", repr=False)

    @cached_property
    def target_attributes(self) -> Mapping[str, object]:
        """The target's columns to values as they came; empty where there is no target with attributes."""
        target = read_pairs(self.raw_input_parameters).get("Target")
        return read_pairs(target.get("Attributes")) if isinstance(target, dict) else {}

    @cached_property
    def input_parameters(self) -> Mapping[str, Value]:
        """Name to decoded value; on Create, `Target` is an Entity."""
        return decode_pairs(self.raw_input_parameters)

    @cached_property
    def output_parameters(self) -> Mapping[str, Value]:
        """Name to decoded value; on Create, `id` is the new row's GUID."""
        return decode_pairs(self.raw_output_parameters)

    @cached_property
    def shared_variables(self) -> Mapping[str, Value]:
        """What plug-ins handed on to each other."""
        return decode_pairs(self.raw_shared_variables)

    @cached_property
    def pre_entity_images(self) -> Mapping[str, Entity]:
        """Image's name to the row before the operation."""
        return _images(self.raw_pre_entity_images)

    @cached_property
    def post_entity_images(self) -> Mapping[str, Entity]:
        """Image's name to the row after the operation; asynchronous steps send one unasked."""
        return _images(self.raw_post_entity_images)

    @cached_property
    def parent_context(self) -> "RemoteExecutionContext | None":
        """The operation that caused this one; it may have a parent itself."""
        if not isinstance(self.raw_parent_context, dict):
            return None
        try:
            return _context_of(self.raw_parent_context, trimmed=False)
        except ValidationError:
            return None


def parse_context(body: bytes, *, trimmed: bool, kind: Kind | None = None) -> RemoteExecutionContext:
    """The context in a request's body; `trimmed` says that x-ms-dynamics-msg-size-exceeded was among its headers.

    Raises BadRequest: NotJson; where it reports something else than `kind`, that alone, for the rest of such a request
    follows other rules; else one error for each required field that is missing or wrong. Required are the five of the
    model, of which PrimaryEntityId and OrganizationId are not all zeros, a Stage of 40 where there is one, and unless
    trimmed a `Target` with Attributes among the InputParameters.
    """
    document = parse_lenient_object(body)
    if kind is not None and (others := kind.errors(document)):
        raise BadRequest.of(others)
    judged = _judged_errors(document, trimmed=trimmed)
    try:
        context = _context_of(document, trimmed=trimmed)
    except ValidationError as refusal:
        raise BadRequest.of([*_field_errors(refusal), *judged]) from refusal
    if judged:
        raise BadRequest.of(judged)
    return context


def refused_fields(refusal: ValidationError) -> list[str]:
    """The JSON names of the fields that made a model refuse its input, in the model's order."""
    details = refusal.errors(include_url=False, include_context=False, include_input=False)
    return [str(detail["loc"][0]) for detail in details]


def _context_of(document: dict[str, object], *, trimmed: bool) -> RemoteExecutionContext:
    return RemoteExecutionContext.model_validate({**document, _WAS_TRIMMED: trimmed})


def _field_errors(refusal: ValidationError) -> list[FieldError]:
    return [FieldError(f"#/{name}", f"{name}: {_NEEDS[name]}") for name in refused_fields(refusal)]


def _judged_errors(document: Mapping[str, object], *, trimmed: bool) -> list[FieldError]:
    """What is of the right type, and wrong all the same."""
    ids = ("PrimaryEntityId", "OrganizationId")
    errors = [FieldError(f"#/{name}", f"{name}: {AN_ID_OF_SOMETHING}") for name in ids if document.get(name) == NO_ID]
    if "Stage" in document and document["Stage"] != _STAGE:
        reason = f"only {_STAGE} (PostOperation) is taken: before it, the row is not there yet and may have no id"
        errors.append(FieldError("#/Stage", f"Stage: {reason}"))
    return errors if trimmed else [*errors, *_target_errors(document.get("InputParameters"))]


def _target_errors(input_parameters: object) -> list[FieldError]:
    if not isinstance(input_parameters, list):
        return [FieldError("#/InputParameters", "InputParameters: a key/value list is needed")]
    target = read_pairs(input_parameters).get("Target")
    if not isinstance(target, dict):
        return [FieldError(TARGET_POINTER, "Target: InputParameters need this key, with an entity as its value")]
    if not isinstance(target.get("Attributes"), list):
        return [FieldError(f"{TARGET_POINTER}/Attributes", "Attributes: the target needs a key/value list")]
    return []


def _images(raw: object) -> dict[str, Entity]:
    rows = read_pairs(raw).items()
    return {name: Entity.model_validate(row) for name, row in rows if isinstance(row, dict)}
