"""A created connection: which records it links, whether the hub processes it, and what identifies it.

Pure. The rules are design decisions on docs/sources/dynamics.md 1.7: one connection arrives as two requests, one for
each direction, and only the types of the two records tell which of them counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

from pydantic import ValidationError

from shared.dynamics.context import (
    A_GUID,
    A_NAME,
    AN_ID_OF_SOMETHING,
    TARGET_POINTER,
    Kind,
    parse_context,
    refused_fields,
)
from shared.dynamics.values import NO_ID, EntityReference
from shared.errors import BadRequest, FieldError

# Ours alone, made once. Changing it would make every stored event look new.
_NAMESPACE = UUID("53a3acf1-e42b-45a4-90b8-cf9168289da9")

_CREATED = Kind("Create", "connection")
_NEEDS = {"LogicalName": A_NAME, "Id": A_GUID}
_TABLE_OF_ROW = "@Microsoft.Dynamics.CRM.lookuplogicalname"


@dataclass(frozen=True)
class ConnectedRecords:
    """The two ends of a connection; `role_id` is record2's connection role, a GUID, where it has one."""

    record1: EntityReference
    record2: EntityReference
    role_id: str | None = None


@dataclass(frozen=True)
class ConnectionRecord:
    """A created connection. All ids are lower-case GUIDs; `records` is None where the payload was trimmed."""

    organization_id: str
    connection_id: str
    initiating_user_id: str
    records: ConnectedRecords | None
    correlation_id: str | None = None


def parse_connection(body: bytes, *, trimmed: bool) -> ConnectionRecord:
    """The connection whose creation a request's body reports; `trimmed` as in parse_context.

    Judged in this order: JSON, message and table, the fields of the context, the records. Raises BadRequest at the
    first of these where something is wrong. Unless trimmed, the target needs record1id and record2id, each with
    LogicalName and Id.
    """
    context = parse_context(body, trimmed=trimmed, kind=_CREATED)
    return ConnectionRecord(
        organization_id=context.organization_id,
        connection_id=context.primary_entity_id,
        initiating_user_id=context.initiating_user_id,
        records=None if trimmed else _parse_records(context.target_attributes),
        correlation_id=_known(context.correlation_id),
    )


def is_processed(records: ConnectedRecords) -> bool:
    """True for an opportunity connected to a user; the reciprocal connection and all other pairs are not processed."""
    pair = (records.record1.logical_name.lower(), records.record2.logical_name.lower())
    return pair == ("opportunity", "systemuser")


def event_id(organization_id: str, connection_id: str) -> str:
    """The id, a lower-case UUIDv5, of the event of this connection: the same ids, in any case, give the same event.

    Not the operation's id, so a second step or registration for the same message adds no second event.
    """
    return str(uuid5(_NAMESPACE, f"{organization_id.lower()}/{connection_id.lower()}"))


def field_values(connection: ConnectionRecord) -> dict[str, str]:
    """The ids that travel in a delivery's FieldValues, by lower-case name; what is not known is left out."""
    values = {
        "connectionid": connection.connection_id,
        "organizationid": connection.organization_id,
        "initiatinguserid": connection.initiating_user_id,
    }
    if connection.correlation_id:
        values["correlationid"] = connection.correlation_id
    if connection.records:
        values |= record_values(connection.records)
    return values


def records_from_row(row: Mapping[str, object]) -> ConnectedRecords | None:
    """The records in a connection's row from the Dataverse Web API; None where one is missing or odd.

    The row must have been asked for with its annotations: a lookup's table stands only there.
    """
    record1, record2 = _lookup(row, "record1id"), _lookup(row, "record2id")
    if record1 is None or record2 is None:
        return None
    role = _reference_or_none({"Id": row.get("_record2roleid_value"), "LogicalName": "connectionrole"})
    return ConnectedRecords(record1, record2, role.id if role else None)


def record_values(records: ConnectedRecords) -> dict[str, str]:
    """The part of `field_values` that a trimmed payload leaves out."""
    role = {"record2roleid": records.role_id} if records.role_id else {}
    return {
        "record1id": records.record1.id,
        "record1id_logicalname": records.record1.logical_name,
        "record2id": records.record2.id,
        "record2id_logicalname": records.record2.logical_name,
        **role,
    }


def _parse_records(attributes: Mapping[str, object]) -> ConnectedRecords:
    records: dict[str, EntityReference] = {}
    errors: list[FieldError] = []
    for column in ("record1id", "record2id"):
        try:
            records[column] = _parse_reference(attributes, column)
        except BadRequest as refusal:
            errors.extend(refusal.errors)
    if errors:
        raise BadRequest.of(errors)
    # The role is informational, so an odd one counts as none.
    role = _reference_or_none(attributes.get("record2roleid"))
    return ConnectedRecords(records["record1id"], records["record2id"], _known(role.id) if role else None)


def _parse_reference(attributes: Mapping[str, object], column: str) -> EntityReference:
    pointer = f"{TARGET_POINTER}/Attributes/{column}"
    raw = attributes.get(column)
    if not isinstance(raw, dict):
        raise BadRequest(f"{column}: a reference with LogicalName and Id is needed", pointer=pointer)
    try:
        reference = EntityReference.model_validate(raw)
    except ValidationError as refusal:
        fields = refused_fields(refusal)
        raise BadRequest.of(
            [FieldError(f"{pointer}/{field}", f"{column}.{field}: {_NEEDS[field]}") for field in fields]
        ) from refusal
    if reference.id == NO_ID:
        raise BadRequest(f"{column}.Id: {AN_ID_OF_SOMETHING}", pointer=f"{pointer}/Id")
    return reference


def _known(id_: str | None) -> str | None:
    return None if id_ == NO_ID else id_


def _reference_or_none(raw: object) -> EntityReference | None:
    try:
        return EntityReference.model_validate(raw)
    except ValidationError:
        return None


def _lookup(row: Mapping[str, object], column: str) -> EntityReference | None:
    value = f"_{column}_value"
    return _reference_or_none({"Id": row.get(value), "LogicalName": row.get(value + _TABLE_OF_ROW)})
