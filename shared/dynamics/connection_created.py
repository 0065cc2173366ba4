"""A created connection, as a webhook request of Dataverse reports it: which records it links, and what identifies it.

Pure. One connection arrives as two requests, one for each direction, and only the tables of the two records tell which
of them counts (docs/sources/dynamics.md 1.7).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID, uuid5

from pydantic import AliasPath, Field, PlainValidator, ValidationError

from shared.dynamics.context import RemoteExecutionContext
from shared.dynamics.values import (
    Contract,
    EntityReference,
    Id,
    KeyValueList,
    Lenient,
    id_or_none,
)
from shared.errors import BadRequest, FieldError
from shared.lenient_json import parse_lenient_object
from shared.validation import field_error, field_errors

# Ours alone, drawn once. Another value would make every stored event look new.
_NAMESPACE = UUID("53a3acf1-e42b-45a4-90b8-cf9168289da9")

_MESSAGE, _TABLE = "Create", "connection"
_PROCESSED = ("opportunity", "systemuser")
# PostOperation, the one stage at which the row exists and has its id (docs/sources/dynamics.md 2.6).
_STAGE = 40
_TABLE_OF_LOOKUP = "@Microsoft.Dynamics.CRM.lookuplogicalname"
_FIELD_OF_RECORD = re.compile(r".*/Attributes/(\w+)/\w+")


@dataclass(frozen=True)
class ConnectionCreated:
    """A connection that was created. All ids are lower-case GUIDs.

    `record1` and `record2` are its two ends; both are None if the request was trimmed. `role_id` is the connection role
    of record2, if it has one.
    """

    organization_id: str
    connection_id: str
    initiating_user_id: str
    correlation_id: str | None = None
    record1: EntityReference | None = None
    record2: EntityReference | None = None
    role_id: str | None = None

    @property
    def is_trimmed(self) -> bool:
        """Whether its records are still to be read from Dataverse."""
        return self.record1 is None or self.record2 is None

    @property
    def is_ignored(self) -> bool:
        """Whether its records are known, and are not an opportunity and a user, in this order.

        That is true of the reciprocal connection, and of all other pairs of tables.
        """
        if self.record1 is None or self.record2 is None:
            return False
        return (self.record1.logical_name.lower(), self.record2.logical_name.lower()) != _PROCESSED

    @property
    def event_id(self) -> str:
        """The id of its event, a lower-case UUIDv5."""
        return event_id(self.organization_id, self.connection_id)

    @property
    def field_values(self) -> dict[str, str]:
        """The ids that travel in a delivery's FieldValues, by lower-case name; unknown ones are left out."""
        values = {
            "connectionid": self.connection_id,
            "organizationid": self.organization_id,
            "initiatinguserid": self.initiating_user_id,
        }
        if self.correlation_id:
            values["correlationid"] = self.correlation_id
        if self.record1 and self.record2:
            values |= {
                "record1id": self.record1.id,
                "record1id_logicalname": self.record1.logical_name,
                "record2id": self.record2.id,
                "record2id_logicalname": self.record2.logical_name,
            }
        if self.role_id:
            values["record2roleid"] = self.role_id
        return values


def event_id(organization_id: str, connection_id: str) -> str:
    """The id of a connection's event: the same two ids, in any case, give the same event.

    The operation's id is not in it, so that a second step or registration for the same message adds no second event.
    """
    return str(uuid5(_NAMESPACE, f"{organization_id.lower()}/{connection_id.lower()}"))


def parse_connection(body: bytes, *, trimmed: bool) -> ConnectionCreated:
    """The connection whose creation a request's body reports.

    `trimmed` says that Dataverse left the record out for its size (header x-ms-dynamics-msg-size-exceeded).

    Raises NotJson, or BadRequest: for another message or table with that error alone, because the rest of such a
    request follows other rules; else with an error for each field that is missing or wrong.
    """
    document = parse_lenient_object(body)
    if others := _kind_errors(document):
        raise BadRequest.of(others)
    request = _TrimmedRequest if trimmed else _Request
    try:
        return request.model_validate(document).connection()
    except ValidationError as refusal:
        raise BadRequest.of([_naming_the_record(error) for error in field_errors(refusal)]) from None


def with_row(connection: ConnectionCreated, row: Mapping[str, object]) -> ConnectionCreated | None:
    """The connection with the records in its row from the Dataverse Web API; None if one is missing or unusable.

    The row must have been read with its annotations: which table a lookup points to stands only there.
    """
    record1, record2 = _lookup(row, "record1id"), _lookup(row, "record2id")
    if record1 is None or record2 is None:
        return None
    return replace(connection, record1=record1, record2=record2, role_id=id_or_none(row.get("_record2roleid_value")))


def _lookup(row: Mapping[str, object], column: str) -> EntityReference | None:
    value = f"_{column}_value"
    try:
        return EntityReference.model_validate({"Id": row.get(value), "LogicalName": row.get(value + _TABLE_OF_LOOKUP)})
    except ValidationError:
        return None


def _post_operation(stage: object) -> object:
    if stage != _STAGE:
        raise ValueError(f"must be {_STAGE} (PostOperation): before it, the row does not exist yet and may have no id")
    return stage


class _Record(EntityReference):
    id: Id


class _Attributes(Contract):
    record1: _Record = Field(alias="record1id")
    record2: _Record = Field(alias="record2id")
    # For information only, so an unusable one counts as none.
    role: Lenient[EntityReference] = Field(None, alias="record2roleid")


class _Target(Contract):
    attributes: Annotated[_Attributes, KeyValueList]


class _Parameters(Contract):
    target: _Target


class _TrimmedRequest(RemoteExecutionContext):
    """A context that reports a created connection, as far as the size of the request doesn't matter."""

    primary_entity_id: Id
    organization_id: Id
    stage: Annotated[object, PlainValidator(_post_operation)] = _STAGE

    def connection(self) -> ConnectionCreated:
        return ConnectionCreated(
            organization_id=self.organization_id,
            connection_id=self.primary_entity_id,
            initiating_user_id=self.initiating_user_id,
            correlation_id=id_or_none(self.correlation_id),
        )


class _Request(_TrimmedRequest):
    # A path, because a model may not have one alias twice, and the context keeps the same value as it came.
    parameters: Annotated[_Parameters, KeyValueList] = Field(validation_alias=AliasPath("InputParameters"), repr=False)

    def connection(self) -> ConnectionCreated:
        attributes = self.parameters.target.attributes
        role_id = id_or_none(attributes.role.id) if attributes.role else None
        return replace(super().connection(), record1=attributes.record1, record2=attributes.record2, role_id=role_id)


def _kind_errors(document: Mapping[str, object]) -> list[FieldError]:
    """An error for each of the two names that is a different string; other types are judged by the model."""
    return [
        field_error([name], f"must be {wanted}")
        for name, wanted in (("MessageName", _MESSAGE), ("PrimaryEntityName", _TABLE))
        if isinstance(given := document.get(name), str) and given.lower() != wanted.lower()
    ]


def _naming_the_record(error: FieldError) -> FieldError:
    """Both records have the same fields, so the sentence says which: `record1id.Id is required`."""
    found = _FIELD_OF_RECORD.fullmatch(error.pointer)
    return FieldError(error.pointer, f"{found[1]}.{error.detail}") if found else error
