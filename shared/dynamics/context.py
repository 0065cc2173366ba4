"""The context of a webhook request: what DataContractJsonSerializer makes of a RemoteExecutionContext. Pure.

Reading is strict about the few fields that the hub decides by, and lenient about the rest (docs/sources/dynamics.md
1.3). Parameters and images are kept as they came.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainValidator, StrictInt, ValidationError

from shared.dynamics.values import NO_ID, Contract, Guid, Id, Lenient, Name
from shared.errors import BadRequest, FieldError
from shared.validation import field_errors

TRIMMED_HEADER = "x-ms-dynamics-msg-size-exceeded"
"""Present in a request that Dataverse trimmed for its size; its value is not documented."""

MULTIPLE: Mapping[str, str] = {"createmultiple": "create", "updatemultiple": "update", "deletemultiple": "delete"}
"""Messages on several rows, in lower case, with the message that each of their rows would have had alone."""

_ON_A_ROW = frozenset({"create", "update", "delete", "assign", "setstate", "setstatedynamicentity", "merge"})
_NO_TABLE = "none"
# PostOperation, the one stage at which the row exists and has its id (docs/sources/dynamics.md 1.9, 2.6).
_STAGE = 40


def _post_operation(stage: object) -> object:
    if stage != _STAGE:
        raise ValueError(f"must be {_STAGE} (PostOperation): before it, the row does not exist yet and may have no id")
    return stage


def _none_as_no_id(raw: object) -> object:
    return NO_ID if raw is None else raw


class RemoteExecutionContext(Contract):
    """What happened, where, and who started it. What is Lenient is None if it is missing or unusable."""

    message_name: Name
    primary_entity_name: Name
    # Of most messages it may be missing: then it is all zeros.
    primary_entity_id: Annotated[Guid, BeforeValidator(_none_as_no_id)] = NO_ID
    organization_id: Id
    # Who started it. `user_id` is the user that the step runs as, possibly SYSTEM: decide nothing by it
    # (docs/sources/dynamics.md 1.7).
    initiating_user_id: Guid
    initiating_entra_id: Lenient[Id] = Field(None, alias="InitiatingUserAzureActiveDirectoryObjectId")
    user_id: Lenient[Guid] = None
    correlation_id: Lenient[Id] = None
    operation_id: Lenient[Id] = None
    request_id: Lenient[Id] = None
    depth: Lenient[Annotated[StrictInt, Field(ge=0, lt=2**31)]] = None
    stage: Annotated[object, PlainValidator(_post_operation)] = _STAGE

    input_parameters: object = Field(default=None, repr=False)
    output_parameters: object = Field(default=None, repr=False)
    pre_entity_images: object = Field(default=None, repr=False)
    pre_entity_images_collection: object = Field(default=None, repr=False)

    @property
    def message(self) -> str:
        """The message in lower case; of one on several rows, that of a single row."""
        name = self.message_name.lower()
        return MULTIPLE.get(name, name)

    @property
    def is_multiple(self) -> bool:
        """Whether it is about several rows."""
        return self.message_name.lower() in MULTIPLE

    @property
    def table(self) -> str | None:
        """The logical name of its table, in lower case; None for a message that is about no table."""
        name = self.primary_entity_name.lower()
        return None if name == _NO_TABLE else name

    @property
    def operation(self) -> str:
        """What the same operation has in common, however often it is reported: a GUID, or nothing."""
        return self.correlation_id or self.operation_id or self.request_id or ""


class _OfOneRow(RemoteExecutionContext):
    primary_entity_id: Id


class _OfSeveralRows(RemoteExecutionContext):
    # Each row has an id of its own.
    primary_entity_id: Annotated[str, PlainValidator(lambda _: NO_ID)] = NO_ID


def parse_context(
    document: Mapping[str, object], further: Sequence[FieldError] = (), *, is_on_a_row: bool = False
) -> RemoteExecutionContext:
    """The context in a request's body; `is_on_a_row` says that it must be about one row, whatever its message is.

    Raises BadRequest with an error for each field that is missing or wrong, and with the `further` ones, which the
    caller found.
    """
    errors: list[FieldError] = []
    context = None
    try:
        context = (_OfOneRow if is_on_a_row else _model(document)).model_validate(document)
    except ValidationError as refusal:
        errors = field_errors(refusal)
    if errors or further or context is None:
        raise BadRequest.of([*errors, *further])
    return context


def _model(document: Mapping[str, object]) -> type[RemoteExecutionContext]:
    given = document.get("MessageName")
    name = given.lower() if isinstance(given, str) else ""
    if name in MULTIPLE:
        return _OfSeveralRows
    return _OfOneRow if name in _ON_A_ROW else RemoteExecutionContext
