"""What may be written into Dataverse: names of columns with their case, types, values that fit together."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from tests.fakes.dataverse.query import Refused
from tests.fakes.dataverse.tables import IMAGE_PROPERTIES, Row, Table

_MAX_CHARACTERS = {"name": 256, "url": 2000, "authvalue": 2048}
_BIND = "@odata.bind"
_REFERENCE = re.compile(r"/(\w+)\(([0-9a-f-]{36})\)")
_TYPES = {"text": str, "guid": str, "int": int, "bool": bool}
_ENDPOINT_NEEDS = ("name", "url", "contract", "authtype", "authvalue")
_STEP_NEEDS = ("mode", "stage", "rank", "_eventhandler_value", "_sdkmessageid_value")
_IMAGE_NEEDS = ("name", "entityalias", "imagetype", "messagepropertyname", "_sdkmessageprocessingstepid_value")

type Rows = Mapping[str, Mapping[str, Row]]


def new_columns(table: Table, body: Mapping[str, object], rows: Rows) -> Row:
    """The columns of a new row; raises Refused."""
    plain = {name: value for name, value in body.items() if not name.endswith(_BIND)}
    binds = [(name.removesuffix(_BIND), value) for name, value in body.items() if name.endswith(_BIND)]
    return _checked(table, table.new, plain) | dict(_bound(table, name, value, rows) for name, value in binds)


def changed_columns(table: Table, body: Mapping[str, object], rows: Rows) -> Row:
    """The columns of an update; raises Refused. A look-up that may change is emptied by null."""
    plain = {name: value for name, value in body.items() if name.removesuffix(_BIND) not in table.rebinds}
    binds = [(name.removesuffix(_BIND), value) for name, value in body.items() if name not in plain]
    emptied = {table.binds[name][0]: None for name, value in binds if value is None}
    bound = dict(_bound(table, name, value, rows) for name, value in binds if value is not None)
    return _checked(table, table.changes, plain) | emptied | bound


def check_endpoint(row: Row) -> None:
    """Raises Refused for a webhook that is not allowed."""
    _require(row, _ENDPOINT_NEEDS)
    if row["contract"] == 8 and row["authtype"] not in {4, 5, 6}:
        raise Refused(400, "AuthType is not valid for a webhook", "0x80044191")
    parts = urlsplit(str(row["url"]))
    if (parts.port or {"http": 80, "https": 443}.get(parts.scheme)) not in {80, 443}:
        raise Refused(400, "Only ports 80 and 443 may be used", "0x80044191")


def check_step(row: Row, rows: Rows) -> None:
    """Raises Refused for a step that is not allowed."""
    _require(row, _STEP_NEEDS)
    if row["mode"] not in {0, 1} or row["stage"] not in {10, 20, 40}:
        raise Refused(400, "Invalid stage or mode", "0x80044191")
    if row["mode"] == 1 and row["stage"] != 40:
        raise Refused(400, "Asynchronous steps must be in the post stage", "0x80044192")
    if (row.get("statecode"), row.get("statuscode")) not in {(0, 1), (1, 2)}:
        raise Refused(400, "The status is not valid for the state", "0x80048408")
    found = rows["sdkmessagefilters"].get(str(row.get("_sdkmessagefilterid_value")))
    if found is not None and found["_sdkmessageid_value"] != row["_sdkmessageid_value"]:
        raise Refused(400, "The filter is one of another message", "0x80044193")
    if found is not None and not found["iscustomprocessingstepallowed"]:
        raise Refused(400, "Custom steps are not allowed on this table", "0x80044194")


def check_image(row: Row, rows: Rows) -> None:
    """Raises Refused for an image that the step's message cannot have."""
    _require(row, _IMAGE_NEEDS)
    step = rows["sdkmessageprocessingsteps"][str(row["_sdkmessageprocessingstepid_value"])]
    message = str(rows["sdkmessages"][str(step["_sdkmessageid_value"])]["name"])
    property_ = row["messagepropertyname"]
    if property_ not in IMAGE_PROPERTIES.get(message, ()):
        raise Refused(400, f"Message property name '{property_}' is not valid on message {message}.", "0x80044184")
    if row["imagetype"] not in {0, 1, 2}:
        raise Refused(400, "Invalid image type", "0x80044191")
    if message == "Create" and row["imagetype"] != 1:
        raise Refused(400, "PreImage is not supported for message Create.", "0x80044185")
    if message == "Delete" and row["imagetype"] != 0:
        raise Refused(400, "PostImage is not supported for message Delete.", "0x80044186")
    if step["stage"] != 40 and row["imagetype"] != 0:
        raise Refused(400, "PostImage is only supported in the post stage.", "0x80044187")


def _require(row: Row, names: tuple[str, ...]) -> None:
    for name in names:
        if row.get(name) in {None, ""}:
            raise Refused(400, f"Required field '{name}' is missing", "0x80040203")


def _checked(table: Table, allowed: frozenset[str], body: Mapping[str, object]) -> Row:
    for name, value in body.items():
        if name not in allowed:
            raise Refused(400, f"Invalid property '{name}' was found in the entity", "0x80048d19")
        kind = _TYPES[table.columns.get(name, "text")]
        if value is not None and type(value) is not kind:
            raise Refused(400, f"Cannot convert a value to the type of '{name}'", "0x80048d19")
        if isinstance(value, str) and len(value) > _MAX_CHARACTERS.get(name, 100_000):
            raise Refused(400, f"A validation error occurred: the length of '{name}'", "0x80044331")
    return dict(body)


def _bound(table: Table, name: str, value: object, rows: Rows) -> tuple[str, object]:
    if name not in table.binds:
        raise Refused(400, f"An undeclared property '{name}' was found", "0x80048d19")
    column, target = table.binds[name]
    found = _REFERENCE.fullmatch(str(value))
    if found is None or found.group(1) != target:
        raise Refused(400, f"Resource not found for the segment '{value}'", "0x80060888")
    if found.group(2) not in rows.get(target, {}):
        raise Refused(404, f"Entity With Id = {found.group(2)} Does Not Exist", "0x80040217")
    return column, found.group(2)
