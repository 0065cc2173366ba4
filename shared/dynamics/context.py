"""The context of a webhook request: what DataContractJsonSerializer makes of a RemoteExecutionContext.

Reading is strict about the few fields that the hub decides by, and lenient about the rest (docs/sources/dynamics.md
1.3). Parameters, images and parents are kept as they came and decoded when they are asked for.
"""

from collections.abc import Mapping
from functools import cached_property

from pydantic import Field, StrictInt, ValidationError

from shared.dynamics.values import Contract, Entity, Guid, Lenient, Name, Value, decode_pairs, read_pairs


class RemoteExecutionContext(Contract):
    """What happened, where, and who started it.

    The first five fields are required. Any other is None, or an empty mapping, if Dynamics sent nothing usable.
    """

    message_name: Name
    primary_entity_name: Name
    primary_entity_id: Guid
    organization_id: Guid
    # Who started it. `user_id` is the user that the step runs as, possibly SYSTEM: decide nothing by it
    # (docs/sources/dynamics.md 1.7).
    initiating_user_id: Guid

    user_id: Lenient[Guid] = None
    correlation_id: Lenient[Guid] = None
    operation_id: Lenient[Guid] = None
    request_id: Lenient[Guid] = None
    depth: Lenient[StrictInt] = None
    stage: object = None

    raw_input_parameters: object = Field(default=None, alias="InputParameters", repr=False)
    raw_output_parameters: object = Field(default=None, alias="OutputParameters", repr=False)
    raw_pre_entity_images: object = Field(default=None, alias="PreEntityImages", repr=False)
    raw_post_entity_images: object = Field(default=None, alias="PostEntityImages", repr=False)
    raw_parent_context: object = Field(default=None, alias="ParentContext", repr=False)

    @cached_property
    def input_parameters(self) -> Mapping[str, Value]:
        """Name to decoded value; on Create, `Target` is an Entity."""
        return decode_pairs(self.raw_input_parameters)

    @cached_property
    def output_parameters(self) -> Mapping[str, Value]:
        """Name to decoded value; on Create, `id` is the new row's GUID."""
        return decode_pairs(self.raw_output_parameters)

    @cached_property
    def pre_entity_images(self) -> Mapping[str, Entity]:
        """An image's name to the row before the operation."""
        return _images(self.raw_pre_entity_images)

    @cached_property
    def post_entity_images(self) -> Mapping[str, Entity]:
        """An image's name to the row after the operation; asynchronous steps send one unasked."""
        return _images(self.raw_post_entity_images)

    @cached_property
    def parent_context(self) -> "RemoteExecutionContext | None":
        """The operation that caused this one, which may have a parent itself; None if there is no usable one."""
        try:
            return RemoteExecutionContext.model_validate(self.raw_parent_context)
        except ValidationError:
            return None


def _images(raw: object) -> dict[str, Entity]:
    rows = read_pairs(raw).items()
    return {name: Entity.model_validate(row) for name, row in rows if isinstance(row, dict)}
