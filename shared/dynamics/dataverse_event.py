"""The event that a message on a row becomes: its name, id, and what receivers get (docs/dynamics.md). Pure."""

import hashlib
import json
from datetime import datetime
from uuid import UUID, uuid5

from shared.dynamics.connection_created import is_created_connection
from shared.dynamics.context import RemoteExecutionContext
from shared.dynamics.event_name import WITHOUT_TABLE, event_name, is_verb
from shared.dynamics.flattening import Columns, bare, flatten
from shared.dynamics.row_change import RowChange
from shared.events.event import Event, EventId
from shared.validation import bad_field
from shared.webhooks.fields import MAX_EVENT_NAME

# Ours alone, drawn once. With other values, every event that is stored would look new.
_CONNECTION_NAMESPACE = UUID("53a3acf1-e42b-45a4-90b8-cf9168289da9")
_NAMESPACE = UUID("eb50b7dc-f3d1-4f87-9d84-f6e5e4a3fa3c")

_CREATE, _UPDATE, _DELETE = "create", "update", "delete"
_CHANGE_TIME = "modifiedon"
_PLATFORM_COLUMNS = frozenset(
    {
        _CHANGE_TIME,
        "modifiedby",
        "modifiedonbehalfby",
        "versionnumber",
        "timezoneruleversionnumber",
        "utcconversiontimezonecode",
    }
)
"""Columns that the platform adds to what somebody changed."""

_PLATFORM_PARAMETERS = frozenset({"parentExecutionId"})
"""Parameters that it adds for an asynchronous step alone."""


def event_of(
    context: RemoteExecutionContext,
    change: RowChange,
    received_at: datetime,
    *,
    trimmed: bool = False,
    job_id: str | None = None,
    hops: int = 0,
    parameters: Columns | None = None,
) -> Event:
    """The event of one row; its values are not completed yet if the request was trimmed.

    `parameters` are those of the change, flattened, which all rows of a request share. `job_id` is the failed job that
    it is reconstructed from, whose request was lost. Raises BadRequest for a message whose name is a verb of the hub,
    and for an event whose name is longer than webhooks can subscribe to.
    """
    columns = flatten(change.columns, change.formatted)
    is_deleted = change.message == _DELETE
    before = None if change.before is None else flatten(change.before, change.before_formatted)
    own_id: dict[str, object] = {f"{change.table}id": change.row_id} if change.table and change.row_id else {}
    told = not trimmed and not is_deleted and job_id is None
    return Event(
        id=event_id(context, change, trimmed=trimmed, job_id=job_id),
        type=_name(change),
        source=f"dynamics/{context.organization_id}",
        entity=change.table or WITHOUT_TABLE,
        entity_id=change.row_id,
        initiator=context.initiating_user_id,
        received_at=received_at,
        # The primary id decides, whatever the row itself says.
        field_values={**own_id, **_circumstances(context), **columns, **own_id},
        changes=_changes(change) if told else (),
        values=(own_id if before is None else before) if is_deleted else None,
        previous_values=None if is_deleted else before,
        parameters=(flatten(change.parameters) if parameters is None else parameters) or None,
        trimmed=trimmed,
        reconstructed=job_id is not None,
        hops=hops,
    )


def event_id(
    context: RemoteExecutionContext, change: RowChange, *, trimmed: bool = False, job_id: str | None = None
) -> EventId:
    """The id of the event: the same for each request about the same operation on the same row.

    So Dataverse's second attempt adds no event, nor does a second step for the same message; two updates of a row are
    two.
    """
    if is_created_connection(change.message, change.table) and change.row_id:
        return connection_event_id(context.organization_id, change.row_id)
    # A row is created and deleted once in an operation; all else may happen to it again.
    is_once = change.message in {_CREATE, _DELETE} and change.row_id
    asked = "" if is_once else job_id or _digest(change) or (context.operation_id if trimmed else "")
    identity = [context.organization_id, change.table, change.message, change.row_id, context.operation, asked]
    return EventId(str(uuid5(_NAMESPACE, json.dumps(identity))))


def connection_event_id(organization_id: str, connection_id: str) -> EventId:
    """The id of a created connection's event. A connection is created once, so nothing of the operation is in it."""
    return EventId(str(uuid5(_CONNECTION_NAMESPACE, f"{organization_id.lower()}/{connection_id.lower()}")))


def _digest(change: RowChange) -> str:
    """What an operation asked for, in short: the same in whatever order its columns or parameters stand.

    Empty if it asked for nothing in particular, or if Dataverse left that out.
    """
    added = _PLATFORM_COLUMNS - {_CHANGE_TIME} | change.key_columns
    asked = {name: value for name, value in change.columns.items() if name not in added}
    if change.subject is not None:
        asked["/"] = change.subject
    if change.message != _UPDATE:
        asked |= {f"/{name}": value for name, value in change.parameters.items() if name not in _PLATFORM_PARAMETERS}
    if not asked:
        return ""
    text = json.dumps({name: bare(value) for name, value in asked.items()}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _name(change: RowChange) -> str:
    if is_verb(change.message):
        raise bad_field("MessageName", f"must be a message of Dataverse: {change.message} is a word of the hub for one")
    name = event_name(change.message, change.table)
    if len(name) > MAX_EVENT_NAME:
        longer = "MessageName" if len(change.message) > len(change.table or "") else "PrimaryEntityName"
        raise bad_field(longer, f"makes the event's name longer than {MAX_EVENT_NAME} characters (got {len(name)})")
    return name


def _circumstances(context: RemoteExecutionContext) -> dict[str, object]:
    known = {
        "organizationid": context.organization_id,
        "initiatinguserid": context.initiating_user_id,
        "userid": context.user_id,
        "correlationid": context.correlation_id,
        "depth": context.depth,
    }
    return {name: value for name, value in known.items() if value is not None}


def _changes(change: RowChange) -> tuple[str, ...]:
    not_told = _PLATFORM_COLUMNS | change.key_columns
    return tuple(name for name in change.columns if name not in not_told)
