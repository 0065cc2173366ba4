"""Which created connections count: those that link an opportunity with a user, in this direction. Pure.

One connection arrives as two requests, one for each direction, and only the tables of the two records tell which
of them counts (docs/sources/dynamics.md 1.7).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AliasPath, Field, ValidationError

from shared.dynamics.flattening import Columns, contract_columns
from shared.dynamics.values import Contract, EntityReference, Id, KeyValueList
from shared.errors import FieldError
from shared.validation import field_error, field_errors, pointer_to

CONNECTION = "connection"
CONNECTION_CREATED = "connection.created"

_NAMES = {"MessageName": "Create", "PrimaryEntityName": CONNECTION}
_KIND = ("create", CONNECTION)
_PROCESSED = ("opportunity", "systemuser")
_FIELD_OF_RECORD = re.compile(r".*/Attributes/(\w+)/\w+")


class _Record(EntityReference):
    id: Id


class LinkedRecords(Contract):
    """The two ends of a connection."""

    record1: _Record = Field(alias="record1id")
    record2: _Record = Field(alias="record2id")

    @property
    def is_processed(self) -> bool:
        """Whether they are an opportunity and a user, in this order.

        That is not true of the reciprocal connection, nor of all other pairs of tables.
        """
        return (self.record1.logical_name.lower(), self.record2.logical_name.lower()) == _PROCESSED


class _Target(Contract):
    attributes: Annotated[LinkedRecords, KeyValueList]


class _Parameters(Contract):
    target: _Target


class _Request(Contract):
    # A path, because a model may not have one alias twice.
    parameters: Annotated[_Parameters, KeyValueList] = Field(validation_alias=AliasPath("InputParameters"), repr=False)


def kind_errors(document: Mapping[str, object]) -> list[FieldError]:
    """An error for each of the two names that is a different string than those of a created connection."""
    return [
        field_error([name], f"must be {wanted}")
        for name, wanted in _NAMES.items()
        if isinstance(given := document.get(name), str) and given.lower() != wanted.lower()
    ]


def is_created_connection(message: object, table: object) -> bool:
    """Whether these names of a message and a table, in any case, are those of a created connection."""
    return isinstance(message, str) and isinstance(table, str) and (message.lower(), table.lower()) == _KIND


def record_errors(document: Mapping[str, object]) -> list[FieldError]:
    """What is missing or wrong of the two records in a request about one connection."""
    try:
        _Request.model_validate(document)
    except ValidationError as refusal:
        return [_naming_the_record(error) for error in field_errors(refusal)]
    return []


def linked_records(columns: Columns, steps: Sequence[str]) -> tuple[LinkedRecords | None, list[FieldError]]:
    """The records that these columns name, or what is wrong with them; `steps` lead to the columns in the body."""
    try:
        return LinkedRecords.model_validate(columns), []
    except ValidationError as refusal:
        above = pointer_to(steps)
        found = field_errors(refusal)
        return None, [
            _naming_the_record(FieldError(above + error.pointer.removeprefix("#"), error.detail)) for error in found
        ]


def records_in_row(row: Mapping[str, object]) -> LinkedRecords | None:
    """The records in a row of the Web API; None if one is missing or unusable.

    The row must have been read with its annotations: which table a lookup points to stands only there.
    """
    columns, _ = contract_columns(row)
    return linked_records(columns, ())[0]


def _naming_the_record(error: FieldError) -> FieldError:
    """Both records have the same fields, so the sentence says which: `record1id.Id is required`."""
    found = _FIELD_OF_RECORD.fullmatch(error.pointer)
    return FieldError(error.pointer, f"{found[1]}.{error.detail}") if found else error
