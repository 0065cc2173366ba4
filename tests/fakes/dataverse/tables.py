"""The tables that the fake knows: their columns, what can be written, and how they are related."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid5

type Row = dict[str, object]

LOOKUP_TABLE = "@Microsoft.Dynamics.CRM.lookuplogicalname"


@dataclass(frozen=True)
class Table:
    """One table. `columns` has the type of each that can be read: text, int, bool, guid or time.

    `new` are those that a create may hold, `changes` those of an update; `binds` maps navigation names to the column of
    the look-up and the set that it leads to. Names are compared with their case.
    """

    key: str
    columns: Mapping[str, str]
    new: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    binds: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    rebinds: frozenset[str] = frozenset()
    collections: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def _types(**names: str) -> dict[str, str]:
    return {name: kind for kind, listed in names.items() for name in listed.split()}


ENDPOINT_COLUMNS = frozenset({"name", "url", "authtype", "authvalue", "description"})
STEP_COLUMNS = frozenset({"name", "description", "mode", "stage", "rank", "filteringattributes", "asyncautodelete"})
IMAGE_COLUMNS = frozenset({"name", "entityalias", "imagetype", "attributes", "messagepropertyname"})

TABLES: Mapping[str, Table] = {
    "connections": Table(
        "connectionid",
        _types(guid="connectionid _record1id_value _record2id_value _record2roleid_value _createdby_value"),
    ),
    "systemusers": Table(
        "systemuserid",
        _types(guid="systemuserid azureactivedirectoryobjectid", text="domainname fullname", bool="isdisabled"),
    ),
    "sdkmessages": Table("sdkmessageid", _types(guid="sdkmessageid", text="name")),
    "sdkmessagefilters": Table(
        "sdkmessagefilterid",
        _types(
            guid="sdkmessagefilterid _sdkmessageid_value",
            text="primaryobjecttypecode secondaryobjecttypecode",
            bool="iscustomprocessingstepallowed",
        ),
    ),
    "serviceendpoints": Table(
        "serviceendpointid",
        # authvalue can be written and never read.
        _types(guid="serviceendpointid", text="name url description", int="contract authtype", bool="isauthvalueset")
        | _types(bool="ismanaged"),
        new=ENDPOINT_COLUMNS | {"serviceendpointid", "contract"},
        changes=ENDPOINT_COLUMNS,
    ),
    "sdkmessageprocessingsteps": Table(
        "sdkmessageprocessingstepid",
        _types(
            guid="sdkmessageprocessingstepid _eventhandler_value _sdkmessageid_value _sdkmessagefilterid_value"
            " _impersonatinguserid_value",
            text="name description filteringattributes",
            int="mode stage rank supporteddeployment statecode statuscode",
            bool="asyncautodelete",
        ),
        new=STEP_COLUMNS | {"sdkmessageprocessingstepid", "supporteddeployment"},
        changes=STEP_COLUMNS | {"statecode", "statuscode"},
        binds={
            "eventhandler_serviceendpoint": ("_eventhandler_value", "serviceendpoints"),
            "sdkmessageid": ("_sdkmessageid_value", "sdkmessages"),
            "sdkmessagefilterid": ("_sdkmessagefilterid_value", "sdkmessagefilters"),
            "impersonatinguserid": ("_impersonatinguserid_value", "systemusers"),
        },
        rebinds=frozenset({"impersonatinguserid"}),
        collections={
            "sdkmessageprocessingstepid_sdkmessageprocessingstepimage": (
                "sdkmessageprocessingstepimages",
                "_sdkmessageprocessingstepid_value",
            )
        },
    ),
    "sdkmessageprocessingstepimages": Table(
        "sdkmessageprocessingstepimageid",
        _types(
            guid="sdkmessageprocessingstepimageid _sdkmessageprocessingstepid_value",
            text="name entityalias attributes messagepropertyname",
            int="imagetype",
        ),
        new=IMAGE_COLUMNS | {"sdkmessageprocessingstepimageid"},
        changes=IMAGE_COLUMNS,
        binds={"sdkmessageprocessingstepid": ("_sdkmessageprocessingstepid_value", "sdkmessageprocessingsteps")},
    ),
    "asyncoperations": Table(
        "asyncoperationid",
        _types(
            guid="asyncoperationid correlationid _regardingobjectid_value _owningextensionid_value _createdby_value",
            text="name friendlymessage message primaryentitytype",
            int="errorcode statecode statuscode",
            time="completedon",
        ),
    ),
}

ENTITY_SETS: Mapping[str, str] = {
    "connection": "connections",
    "opportunity": "opportunities",
    "account": "accounts",
    "new_customactivity": "new_customactivities",
}
"""The sets in which the rows of users' tables are."""

_NAMESPACE = UUID("0d2b9a04-54c8-4c45-9a35-4d3f5b8f3c11")
# Messages on tables. Of Associate and Disassociate some environments have filters for single tables, others not.
_STEPPED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("Create", "Update", "Delete", "Assign", "SetState", "SetStateDynamicEntity", "Merge"),
        ("connection", "opportunity", "account"),
    ),
    **dict.fromkeys(("CreateMultiple", "UpdateMultiple", "Associate", "Disassociate"), ("account",)),
    **dict.fromkeys(("Win", "new_Approve"), ("opportunity",)),
}
_MESSAGES = (*_STEPPED, "WhoAmI", "O'Hara", "new_Recount")

IMAGE_PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "Create": ("Id",),
    **dict.fromkeys(("Update", "Delete", "Assign"), ("Target",)),
    **dict.fromkeys(("SetState", "SetStateDynamicEntity"), ("EntityMoniker",)),
    "Merge": ("Target", "SubordinateId"),
    # A bound action that has a parameter of this name.
    "new_Approve": ("Target",),
}
"""The parameters of which messages have images; other messages have none."""


def metadata_id(*names: str) -> str:
    """The id of a message, or of a message's filter for a table."""
    return str(uuid5(_NAMESPACE, "/".join(names)))


def metadata() -> dict[str, dict[str, Row]]:
    """Messages, and their tables. Some rows are there to be mistaken for others."""
    messages: dict[str, Row] = {
        metadata_id(name): {"sdkmessageid": metadata_id(name), "name": name} for name in _MESSAGES
    }
    filters = [_filter(message, table) for message, tables in _STEPPED.items() for table in tables]
    # A table without custom steps, and one that has two rows.
    filters.append({**_filter("Create", "postfollow"), "iscustomprocessingstepallowed": False})
    filters.append({**_filter("Create", "connection", "blocked"), "iscustomprocessingstepallowed": False})
    filters.append({**_filter("Create", "connection", "pair"), "secondaryobjecttypecode": "account"})
    filters += [_filter("Create", "twice"), _filter("Create", "twice", "again")]
    # A message without tables may have such a row, which registration tools give to their steps.
    filters += [_filter("WhoAmI", "none"), _filter("Associate", "none")]
    return {"sdkmessages": messages, "sdkmessagefilters": {str(row["sdkmessagefilterid"]): row for row in filters}}


def _filter(message: str, table: str, *more: str) -> Row:
    return {
        "sdkmessagefilterid": metadata_id(message, table, *more),
        "_sdkmessageid_value": metadata_id(message),
        "primaryobjecttypecode": table,
        "secondaryobjecttypecode": "none",
        "iscustomprocessingstepallowed": True,
    }
