"""The values of a Dynamics payload as receivers get them: plain JSON by column (docs/dynamics.md "Values"). Pure.

DataContractJsonSerializer wraps most values (docs/sources/dynamics.md 1.4). What has one of its shapes is unwrapped;
whatever else stands in a column stays as it came, for nothing odd in a column may cost an event. `__type` is never
required, and nothing after its colon matters.
"""

import math
import re
import sys
from collections.abc import Mapping
from decimal import Decimal

from shared.dynamics.values import NO_ID, NotADate, id_of, is_name, parse_wcf_date, read_pairs
from shared.timestamps import utc_z

# Deeper than anything that Dataverse nests; below it a value stays as it came.
_MAX_DEPTH = 50
_LARGEST_DOUBLE = int(sys.float_info.max)
MAX_SHORT_TEXT = 30_000
"""Characters of a column that is kept of a row which as a whole is too long."""
_REFERENCE, _ENTITY, _COLLECTION = "EntityReference", "Entity", "EntityCollection"
_NUMBERS: Mapping[str, tuple[type, ...]] = {"OptionSetValue": (int,), "Money": (int, float, Decimal)}
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WRAPPERS = frozenset({"AliasedValue", "BooleanManagedProperty"})
_ONLY_IN_WRAPPERS = frozenset({"AttributeLogicalName", "ManagedPropertyLogicalName"})
_WEB_API_LOOKUP = re.compile(r"_(\w+)_value")
_OPTIONS = re.compile(r"-?[0-9]{1,10}(?:,-?[0-9]{1,10})*")
_LOOKUP_TABLE = "@Microsoft.Dynamics.CRM.lookuplogicalname"
_FORMATTED = "@OData.Community.Display.V1.FormattedValue"

type Columns = Mapping[str, object]
"""Names of columns, or of parameters, with their values."""


def flatten(columns: Columns, formatted: Columns | None = None) -> dict[str, object]:
    """Columns with plain values, in their order, each followed by what belongs to it.

    A reference is its id, followed by `<column>_logicalname` and, if it has one, `<column>_name`. Texts of `formatted`
    follow as `<column>_formatted`. A column of such a name that is there itself wins.
    """
    return _flatten(columns, formatted or {}, _MAX_DEPTH)


def flatten_row(row: Columns) -> dict[str, object]:
    """A row that the Web API answered, under the names and with the values of `flatten`."""
    return flatten(*contract_columns(row))


def contract_columns(row: Columns) -> tuple[dict[str, object], dict[str, object]]:
    """Columns and formatted texts of a row that the Web API answered, in the shapes of a webhook request."""
    columns: dict[str, object] = {}
    formatted: dict[str, object] = {}
    for name, value in row.items():
        if "@" in name:
            continue
        lookup = _WEB_API_LOOKUP.fullmatch(name)
        column = lookup[1] if lookup else name
        text = row.get(name + _FORMATTED)
        if lookup and value is not None:
            columns[column] = {"Id": value, "LogicalName": row.get(name + _LOOKUP_TABLE), "Name": text}
        else:
            columns[column] = _options(value) if text is not None else value
            if isinstance(text, str):
                formatted[column] = text
    return columns, formatted


def without_long_columns(row: Columns) -> dict[str, object]:
    """A row of the Web API without the texts that are longer than MAX_SHORT_TEXT characters."""
    return {name: value for name, value in row.items() if not isinstance(value, str) or len(value) <= MAX_SHORT_TEXT}


def bare(value: object) -> object:
    """What a value says, without what differs between two requests that tell the same: names and formatted texts."""
    return _value(value, _MAX_DEPTH, is_bare=True)


def _flatten(columns: Columns, formatted: Columns, depth: int) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, raw in columns.items():
        flat[name], beside = _column(raw, depth)
        text = formatted.get(name)
        if isinstance(text, str):
            beside["formatted"] = text
        flat |= {key: told for suffix, told in beside.items() if (key := f"{name}_{suffix}") not in columns}
    return flat


def _column(raw: object, depth: int) -> tuple[object, dict[str, object]]:
    """The plain value of a column, and what stands beside it, by suffix."""
    value = _unwrapped(raw)
    reference = _reference(value)
    if reference is None:
        return _value(value, depth), {}
    id_, table, name = reference
    beside: dict[str, object] = {"logicalname": table}
    return id_, beside if name is None else {**beside, "name": name}


def _value(raw: object, depth: int, *, is_bare: bool = False) -> object:
    value = _unwrapped(raw)
    match value:
        case str():
            return _text(value)
        case int() if not -_LARGEST_DOUBLE <= value <= _LARGEST_DOUBLE:
            return str(value)
        case list() if depth:
            return [_value(item, depth - 1, is_bare=is_bare) for item in value]
        case dict() if depth:
            return _object(value, depth - 1, is_bare=is_bare)
    return value


def _object(raw: dict[str, object], depth: int, *, is_bare: bool) -> object:
    if (reference := _reference(raw)) is not None:
        id_, table, name = reference
        return {"id": id_, "logicalname": table} | ({} if is_bare else {"name": name})
    match _kind(raw):
        case "Entity":
            return _entity(raw, depth, is_bare=is_bare)
        case "EntityCollection" if isinstance(rows := raw.get("Entities"), list):
            return [_value(row, depth, is_bare=is_bare) for row in rows]
        case "OptionSetValue" | "Money" as kind:
            number = raw.get("Value")
            is_number = isinstance(number, _NUMBERS[kind]) and not isinstance(number, bool)
            return _value(number, depth) if is_number or _is_large_number(number) else raw
    return raw


def _is_large_number(value: object) -> bool:
    """Whether this is a number that no double holds, which is read as the text of its digits (lenient_json.py)."""
    return isinstance(value, str) and _NUMBER.fullmatch(value) is not None and math.isinf(float(value))


def _entity(raw: dict[str, object], depth: int, *, is_bare: bool) -> object:
    attributes = raw.get("Attributes")
    if not isinstance(attributes, list | None):
        return raw
    named = {"id": id_of(raw.get("Id")), "logicalname": raw.get("LogicalName")}
    columns = read_pairs(attributes)
    if is_bare:
        return named | {name: _value(value, depth, is_bare=True) for name, value in columns.items()}
    return named | _flatten(columns, read_pairs(raw.get("FormattedValues")), depth)


def _unwrapped(raw: object) -> object:
    """The value in its wrappers: `AliasedValue`, `BooleanManagedProperty`, and boxed values of .NET."""
    value = raw
    for _ in range(_MAX_DEPTH):
        if not isinstance(value, dict) or (member := _wrapping_member(value)) is None:
            return value
        value = value[member]
    return raw


def _wrapping_member(raw: dict[str, object]) -> str | None:
    if "__value" in raw:
        return "__value"
    is_wrapper = "Value" in raw and (_kind(raw) in _WRAPPERS or not _ONLY_IN_WRAPPERS.isdisjoint(raw))
    return "Value" if is_wrapper else None


def _reference(raw: object) -> tuple[str, str, str | None] | None:
    """Id, table and name of a reference; None for anything else."""
    if not isinstance(raw, dict) or _kind(raw) != _REFERENCE:
        return None
    id_, table, name = id_of(raw.get("Id")), raw.get("LogicalName"), raw.get("Name")
    if id_ is None or not isinstance(table, str) or not is_name(table):
        return None
    if id_ == NO_ID and raw.get("KeyAttributes"):
        # It names its row by an alternate key, which has no plain form.
        return None
    return id_, table, name if isinstance(name, str) else None


def _kind(raw: dict[str, object]) -> str:
    tag = raw.get("__type")
    if isinstance(tag, str):
        return tag.partition(":")[0]
    if "Attributes" in raw:
        return _ENTITY
    if "Entities" in raw:
        return _COLLECTION
    if "LogicalName" in raw and "Id" in raw:
        return _REFERENCE
    return "Money" if raw.keys() == {"Value"} else ""


def _text(text: str) -> str:
    if not text.startswith("/Date("):
        return text
    try:
        moment = parse_wcf_date(text)
    except NotADate:
        return text
    milliseconds = moment.microsecond // 1000
    whole = utc_z(moment.replace(microsecond=0))
    return f"{whole.removesuffix('Z')}.{milliseconds:03d}Z" if milliseconds else whole


def _options(value: object) -> object:
    """The numbers of a multi-select, which the Web API writes with commas; only texts of such columns are formatted."""
    if isinstance(value, str) and _OPTIONS.fullmatch(value):
        return [int(number) for number in value.split(",")]
    return value
