"""Query options that Dataverse accepts, and no others: a misspelt name or a wrong type is a 400."""

import re
from collections.abc import Callable, Iterable, Mapping

from tests.fakes.dataverse.tables import LOOKUP_TABLE, TABLES, Row, Table

_CONDITION = re.compile(r"(\w+) (eq|ne|ge|le) ('(?:[^']|'')*'|[\w:.+-]+)(?: and |$)")
_EXPANSION = re.compile(r"(\w+)\(\$select=([\w,]+)\)(?:,|$)")
_KINDS = {
    "text": re.compile(r"'.*'", re.DOTALL),
    "guid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE),
    "int": re.compile(r"-?\d+"),
    "bool": re.compile(r"true|false"),
    "time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z"),
}
_OPTIONS = {"$select", "$filter", "$orderby", "$top", "$expand", "$skiptoken"}

type Test = Callable[[Row], bool]


class Refused(Exception):
    """An answer with an error: status, code and message."""

    def __init__(self, status: int, message: str, code: str = "0x80060888") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


def check_options(table: Table, query: Mapping[str, str]) -> None:
    """Raises Refused for an option, a column or a navigation that is not known."""
    for name in query:
        if name not in _OPTIONS:
            raise Refused(400, f"The query parameter {name} is not supported")
    for column in query.get("$select", "").split(",") if "$select" in query else []:
        _kind(table, column)
    for name, _ in _expansions(query.get("$expand", "")):
        if name not in table.binds and name not in table.collections:
            raise Refused(400, f"Could not find a property named '{name}'")


def matching(table: Table, rows: Iterable[Row], query: Mapping[str, str]) -> list[Row]:
    """The rows that $filter lets through, in the order of $orderby, at most $top."""
    tests = _tests(table, query.get("$filter", ""))
    found = [row for row in rows if all(test(row) for test in tests)]
    if "$orderby" in query:
        column, _, direction = query["$orderby"].partition(" ")
        _kind(table, column)
        found.sort(key=lambda row: str(row.get(column)), reverse=direction == "desc")
    return found[: int(query.get("$top", len(found)))]


def shown(table: Table, row: Row, query: Mapping[str, str], prefer: str, rows: Mapping[str, Mapping[str, Row]]) -> Row:
    """A row as in an answer: the columns that $select names, with annotations if they are preferred, and $expand."""
    columns = query["$select"].split(",") if "$select" in query else list(table.columns)
    answer: Row = {"@odata.etag": 'W/"1"'}
    for column in columns:
        answer[column] = row.get(column)
        if LOOKUP_TABLE.removeprefix("@") in prefer and column + LOOKUP_TABLE in row:
            answer[column + LOOKUP_TABLE] = row[column + LOOKUP_TABLE]
    for name, selected in _expansions(query.get("$expand", "")):
        if name in table.collections:
            target, pointer = table.collections[name]
            found = [one for one in rows.get(target, {}).values() if one.get(pointer) == row.get(table.key)]
            answer[name] = [shown(TABLES[target], one, {"$select": selected}, "", rows) for one in found]
            continue
        column, target = table.binds[name]
        other = rows.get(target, {}).get(str(row.get(column)))
        answer[name] = None if other is None else shown(TABLES[target], other, {"$select": selected}, "", rows)
    return answer


def preferred(row: Row, prefer: str) -> Row:
    """All columns of a row, with those annotations that are preferred."""
    return {name: value for name, value in row.items() if "@" not in name or name.partition("@")[2] in prefer}


def _tests(table: Table, text: str) -> list[Test]:
    tests: list[Test] = []
    position = 0
    while position < len(text):
        found = _CONDITION.match(text, position)
        if found is None:
            raise Refused(400, f"Syntax error at position {position} in '{text}'")
        tests.append(_test(table, *found.groups()))
        position = found.end()
    return tests


def _test(table: Table, column: str, operator: str, literal: str) -> Test:
    kind = _kind(table, column)
    if not _KINDS[kind].fullmatch(literal):
        raise Refused(400, "A binary operator with incompatible types was detected")
    wanted = literal[1:-1].replace("''", "'").lower() if kind == "text" else literal.lower()
    if operator == "ge":
        return lambda row: row.get(column) is not None and str(row[column]) >= literal
    if operator == "le":
        return lambda row: row.get(column) is not None and str(row[column]) <= literal
    # Dataverse compares texts ignoring case.
    return lambda row: (str(row.get(column)).lower() == wanted) == (operator == "eq")


def _kind(table: Table, column: str) -> str:
    kind = table.columns.get(column)
    if kind is None:
        raise Refused(400, f"Could not find a property named '{column}'")
    return kind


def _expansions(text: str) -> list[tuple[str, str]]:
    found = _EXPANSION.findall(text)
    if sum(len(name) + len(columns) + len("($select=),") for name, columns in found) != (len(text) + 1 if text else 0):
        raise Refused(400, f"Syntax error in $expand '{text}'")
    return found
