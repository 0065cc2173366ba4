"""Requests about any message, written as Dataverse writes them (docs/sources/dynamics.md 1.3, 1.4 and 1.9)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.dynamics.samples import REMOVED

CONTRACTS = ":http://schemas.microsoft.com/xrm/2011/Contracts"
NO_ID = "00000000-0000-0000-0000-000000000000"

TABLE = "opportunity"
ROW = "5f0d9c1e-2b7a-4f43-9d55-61b0c7a2e801"
ORGANIZATION = "6c1d0c35-5d2f-4c55-9a7e-0b9e3a5a7d11"
USER = "2f4b7d90-83c1-4e6a-b0d7-94c5e1f3a822"
RUN_AS = "a90e6c57-1f28-4d3b-8c46-7b5d02e9f433"
CORRELATION = "d81b3f64-9e05-4a72-86cf-30e7a1b4d544"
OPERATION = "7c52e0a9-46d8-4b1f-9a3e-c8f61d07b655"
REQUEST = "e3a6c418-5b97-4d20-8f71-a2d94b60c766"
STEP = "b4d70f2a-6c13-49e8-a5b9-18e3f7c6d877"
ACCOUNT = "19c8e5b3-7d46-4f0a-92e1-5fa0b3d8c988"

type Json = dict[str, Any]


def typed(type_: str, **members: object) -> Json:
    """A value with its type, which stands first."""
    return {"__type": type_ + CONTRACTS, **members}


def boxed(type_: str, value: object) -> Json:
    """A value of .NET whose type its place does not tell."""
    return {"__type": f"{type_}:#System", "__value": value}


def reference(table: str, id_: str, name: str | None = None) -> Json:
    """A look-up."""
    return typed("EntityReference", Id=id_, KeyAttributes=[], LogicalName=table, Name=name, RowVersion=None)


def option(value: int) -> Json:
    """A choice."""
    return typed("OptionSetValue", Value=value)


def money(value: object) -> Json:
    """An amount."""
    return typed("Money", Value=value)


def pairs(values: Mapping[str, object]) -> list[Json]:
    """A collection of keys and values."""
    return [{"key": name, "value": value} for name, value in values.items()]


def entity(id_: str, columns: Mapping[str, object], table: str = TABLE, formatted: Mapping[str, str] = {}) -> Json:
    """A row, or the part of it that was sent."""
    return typed(
        "Entity",
        Attributes=pairs(columns),
        EntityState=None,
        FormattedValues=pairs(formatted),
        Id=id_,
        KeyAttributes=[],
        LogicalName=table,
        RelatedEntities=[],
        RowVersion=None,
    )


def untyped(value: Json) -> Json:
    """The same where its place tells the type: an image, or a row of a collection."""
    return {name: member for name, member in value.items() if name != "__type"}


def collection(rows: Sequence[Json], table: str = TABLE) -> Json:
    """Several rows."""
    return typed(
        "EntityCollection",
        Entities=[untyped(row) for row in rows],
        EntityName=table,
        MinActiveRowVersion=None,
        MoreRecords=False,
        PagingCookie=None,
        TotalRecordCount=-1,
        TotalRecordCountLimitExceeded=False,
    )


def images(*rows: Json) -> list[Json]:
    """Images, each under a name of its own."""
    return pairs({f"Image{number}": untyped(row) for number, row in enumerate(rows)})


def context(
    message: str,
    parameters: Mapping[str, object] | None = None,
    *,
    table: str = TABLE,
    row_id: object = ROW,
    **others: Any,  # noqa: ANN401  # whatever a member may be
) -> Json:
    """A request of a synchronous step; `others` are further members of it, or REMOVED."""
    document: Json = {
        "BusinessUnitId": "0e9d1c72-5a34-4b8f-86d0-73f2a9c4e5b1",
        "CorrelationId": CORRELATION,
        "Depth": 1,
        "InitiatingUserAzureActiveDirectoryObjectId": NO_ID,
        "InitiatingUserId": USER,
        "InputParameters": pairs(parameters or {}),
        "IsExecutingOffline": False,
        "IsInTransaction": True,
        "IsOfflinePlayback": False,
        "IsolationMode": 1,
        "MessageName": message,
        "Mode": 0,
        "OperationCreatedOn": "/Date(1768471205170)/",
        "OperationId": OPERATION,
        "OrganizationId": ORGANIZATION,
        "OrganizationName": "contoso",
        "OutputParameters": [],
        "OwningExtension": untyped(reference("sdkmessageprocessingstep", STEP, "Tell the hub")),
        "ParentContext": None,
        "PostEntityImages": [],
        "PreEntityImages": [],
        "PrimaryEntityId": row_id,
        "PrimaryEntityName": table,
        "RequestId": OPERATION,
        "SecondaryEntityName": "none",
        "SharedVariables": pairs({"IsAutoTransact": True}),
        "Stage": 40,
        "UserAzureActiveDirectoryObjectId": NO_ID,
        "UserId": RUN_AS,
    }
    return {name: value for name, value in (document | others).items() if value is not REMOVED}


def on_target(message: str, columns: Mapping[str, object], **others: Any) -> Json:  # noqa: ANN401  # as of context
    """A request whose target is the part of a row that was sent."""
    table, row_id = others.get("table", TABLE), others.get("row_id", ROW)
    return context(message, {"Target": entity(row_id, columns, table)}, **others)


def update(columns: Mapping[str, object], **others: Any) -> Json:  # noqa: ANN401  # as of context
    """An Update of these columns."""
    return on_target("Update", columns, **others)


def delete(**others: Any) -> Json:  # noqa: ANN401  # as of context
    """A Delete, whose target is a mere reference."""
    return context("Delete", {"Target": reference(TABLE, ROW)}, **others)


def several(message: str, rows: object, **others: Any) -> Json:  # noqa: ANN401  # as of context
    """A message on several rows: a list of rows becomes a collection, all else is sent as it is."""
    targets = collection(rows) if isinstance(rows, list) else rows
    return context(message, {"Targets": targets}, **{"row_id": NO_ID, **others})


def as_async(document: Json) -> Json:
    """The same operation as an asynchronous step reports it (docs/sources/dynamics.md 1.3)."""
    return {
        **document,
        "InputParameters": [*document["InputParameters"], *pairs({"parentExecutionId": REQUEST})],
        "IsInTransaction": False,
        "Mode": 1,
        "OperationCreatedOn": "/Date(1768471209000+0000)/",
        "OperationId": "4be07f19-d3c2-4a86-95f8-6a1e0c7d9b32",
        "OwningExtension": {**document["OwningExtension"], "Name": None},
        "PostEntityImages": pairs({"AsynchronousStepPrimaryName": untyped(entity(ROW, {"name": "Forty bicycles"}))}),
        "RequestId": None,
    }


def body(document: Json) -> bytes:
    """The request's body, whose slashes are escaped."""
    return json.dumps(document).replace("/", r"\/").encode()
