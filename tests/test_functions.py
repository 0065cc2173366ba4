"""The function folders: what the platform checks when it loads them, and our own rules on top.

Guards the trigger modules and what function.json and host.json decide; test_function_files.py checks how these files
are written. Mirrors no module of shared/.
"""

import ast
import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

import shared
from devhost.metadata import Function, discover
from devhost.routes import find_route
from devhost.worker import Failure, Worker
from tests.support.cases import holds_for

ROOT = Path(__file__).parent.parent
FOLDERS = sorted((path.parent for path in ROOT.glob("*/function.json")), key=lambda folder: folder.name.lower())
EACH_FUNCTION = holds_for("folder", FOLDERS)
# A schedule in function.json names a setting.
SETTINGS: dict[str, str] = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]


def function_json(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "function.json").read_text(encoding="utf-8"))
    return content


def triggers(folder: Path) -> list[dict[str, Any]]:
    return [binding for binding in function_json(folder)["bindings"] if binding["type"].endswith("Trigger")]


def test_queues_are_retried_as_the_design_counts_on() -> None:
    queues = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["queues"]
    assert queues["messageEncoding"] == "base64"
    assert (queues["visibilityTimeout"], queues["maxDequeueCount"]) == ("00:00:30", 5)


@EACH_FUNCTION
def test_a_function_has_its_script(folder: Path) -> None:
    assert (folder / function_json(folder)["scriptFile"]).is_file()


@EACH_FUNCTION
def test_the_name_of_a_function_is_one_that_the_platform_takes(folder: Path) -> None:
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,127}", folder.name)
    assert folder.name.lower() != "host"


@EACH_FUNCTION
def test_parameters_of_main_are_the_bindings_and_then_the_context(folder: Path) -> None:
    module = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    main = next(node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "main")
    [name] = {binding["name"] for binding in function_json(folder)["bindings"]} - {"$return"}
    assert [argument.arg for argument in main.args.args] == [name, "context"]


@EACH_FUNCTION
def test_the_context_is_handed_on_so_that_lines_have_a_trace(folder: Path) -> None:
    module = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    main = next(node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "main")
    calls = [node for node in ast.walk(main) if isinstance(node, ast.Call) and _takes_context(node)]
    edges = {node.func.id for node in calls if isinstance(node.func, ast.Name)}
    wanted = {"answer", "administer", "answer_dataverse", "work_on", "invoked"}
    called = {node.id for node in ast.walk(main) if isinstance(node, ast.Name)} & wanted
    assert edges == called != set()


@EACH_FUNCTION
def test_a_trigger_is_thin(folder: Path) -> None:
    module = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
    assert all((node.end_lineno or 0) - node.lineno < 30 for node in functions)


@EACH_FUNCTION
def test_only_health_the_console_and_the_contract_are_open_to_everybody(folder: Path) -> None:
    [trigger] = triggers(folder)
    if trigger["type"] == "httpTrigger":
        assert trigger["authLevel"] == ("anonymous" if folder.name in {"Health", "Console", "OpenApi"} else "function")


def test_nothing_switches_the_app_to_the_other_programming_model() -> None:
    assert not (ROOT / "function_app.py").exists()


def test_shared_is_the_apps_own() -> None:
    assert Path(shared.__file__).parent == ROOT / "shared"


def test_all_requirements_are_pinned() -> None:
    lines = [*(ROOT / "requirements.in").read_text().splitlines()]
    packages = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in packages if not re.fullmatch(r"[\w.-]+(\[\w+\])?==[\w.]+", line)] == []
    assert not any(line.startswith(("azure-functions-worker", "azure-functions-runtime")) for line in packages)


def _takes_context(call: ast.Call) -> bool:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return any(isinstance(node, ast.Name) and node.id == "context" for node in given)


@pytest.fixture(scope="module")
def load_failures() -> dict[str, Failure | None]:
    """What the worker's own runtime says when it loads each function."""

    async def load_all() -> dict[str, Failure | None]:
        worker = Worker(ROOT)
        await worker.start()
        return {function.name: await worker.load(function) for function in discover(ROOT, SETTINGS)[0]}

    return asyncio.run(load_all())


@EACH_FUNCTION
def test_the_runtime_loads_the_function(folder: Path, load_failures: dict[str, Failure | None]) -> None:
    assert load_failures[folder.name] is None


def test_no_function_is_left_out() -> None:
    functions, left_out = discover(ROOT, SETTINGS)
    assert left_out == {}
    assert [function.name for function in functions] == [folder.name for folder in FOLDERS]


HTTP_FUNCTIONS = [function for function in discover(ROOT, SETTINGS)[0] if function.is_http]
BEGINNINGS = {function.route("api").template.segments[1].literal for function in HTTP_FUNCTIONS}


def sample_paths(function: Function) -> list[str]:
    """Paths of a route with its optional parameters and without, filled with what other routes are called."""
    fillers = ("x", "v1", "webhooks", "Webhook", "Agents", "webhookConnections", "events", "incoming")
    paths: list[list[str]] = [[""]]
    for place, segment in enumerate(function.route("api").template.segments):
        optional = segment.is_optional or segment.is_rest
        # An organization of ArcGIS is not called as another route begins: such a path is meant for that one.
        names = [name for name in fillers if place > 1 or name not in BEGINNINGS]
        choices = [segment.literal] if segment.literal else [*names, *(["x/y"] if segment.is_rest else [])]
        longer = [[*path, choice] for path in paths for choice in choices]
        paths = [*longer, *(paths if optional else [])]
    return ["/".join(path) for path in paths]


@pytest.mark.parametrize("function", HTTP_FUNCTIONS, ids=lambda function: function.name)
def test_no_other_route_takes_what_is_meant_for_this_one(function: Function) -> None:
    routes = [other.route("api") for other in HTTP_FUNCTIONS]
    taken = {
        (method, path, found[0].function)
        for path in sample_paths(function)
        for method in function.methods
        if (found := find_route(routes, method, path)) and found[0].function != function.name
    }
    assert taken == set()
