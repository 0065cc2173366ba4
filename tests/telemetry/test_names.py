"""Every line that the code writes has a name and fields that are documented, and no other line is documented."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from shared.audit.entry import AuditEntry, Outcome
from shared.keeping.retention_report import RetentionReport
from shared.telemetry.names import LINES
from tests.support.paths import ROOT

# Whose fields are those of a value of their own.
BY_A_VALUE = {"retention", "audit"}
LOGGING = {"debug", "info", "warning", "error", "exception", "critical", "log", "handle"}
DOC = (ROOT / "docs" / "telemetry.md").read_text(encoding="utf-8")


def calls() -> Iterator[tuple[str, ast.Call, ast.FunctionDef]]:
    """Each call of `tell`, with the function around it."""
    for path in sorted((ROOT / "shared").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {
            (one.module, name.name) for one in ast.walk(tree) if isinstance(one, ast.ImportFrom) for name in one.names
        }
        if ("shared.telemetry.lines", "tell") not in imported:
            # What else is called so is another thing.
            continue
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tell":
                    yield str(path.relative_to(ROOT)), node, function


def fields_of(node: ast.expr, function: ast.FunctionDef) -> set[str] | None:
    """The keys of a dict that is written out, here or in an assignment of the same function; None if it is not."""
    if isinstance(node, ast.Name):
        assigned = [
            one.value
            for one in ast.walk(function)
            if isinstance(one, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == node.id for target in one.targets)
        ]
        return fields_of(assigned[0], function) if len(assigned) == 1 else None
    if not isinstance(node, ast.Dict):
        return None
    found: set[str] = set()
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            more = fields_of(value, function)
            if more is None:
                return None
            found |= more
        elif isinstance(key, ast.Constant):
            found.add(str(key.value))
    return found


def written() -> dict[str, list[tuple[str, set[str] | None]]]:
    found: dict[str, list[tuple[str, set[str] | None]]] = {}
    for place, call, function in calls():
        name = call.args[1]
        if isinstance(name, ast.Constant):
            found.setdefault(str(name.value), []).append((place, fields_of(call.args[2], function)))
        else:
            assert isinstance(name, ast.Name), f"{place}: the name of a line must stand where it is told"
            assert name.id == "LINE_NAME", place
    return found


def test_every_line_has_exactly_the_fields_that_its_name_promises() -> None:
    for name, places in written().items():
        for place, fields in places:
            assert frozenset(fields or ()) == LINES[name], f"{place}: {name}"


def test_every_name_is_written_somewhere() -> None:
    assert set(written()) | BY_A_VALUE == set(LINES)


def test_a_line_of_retention_has_the_fields_of_its_report() -> None:
    assert {*RetentionReport().as_json(), "seconds"} == LINES["retention"]


def test_a_line_of_the_audit_has_the_fields_of_its_entry() -> None:
    entry = AuditEntry(datetime(2026, 3, 14, tzinfo=UTC), "kim", "role.grant", "roles", Outcome.DONE)
    assert {*entry.as_json(), "row"} == LINES["audit"]


def test_no_other_call_of_the_app_logs() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "shared").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"log", "logger", "logging"}
        and node.func.attr in LOGGING
    ]
    assert found == ["shared/telemetry/lines.py"]


@pytest.mark.parametrize("name", sorted(LINES))
def test_every_line_is_documented_with_its_fields(name: str) -> None:
    [row] = re.findall(rf"^\| `{re.escape(name)}` \|(.*)$", DOC, re.MULTILINE)
    assert LINES[name] <= set(re.findall(r"`([A-Za-z]+)`", row.split("|")[0])) or not LINES[name]


def test_no_other_line_is_documented() -> None:
    table = DOC.partition("## The lines")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z.]+)` \|", table, re.MULTILINE)) == set(LINES)
