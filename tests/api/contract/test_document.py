"""The document is valid, has every route and every operation of the app, and its examples are what it describes."""

import json
from collections.abc import Iterator
from typing import Any

from openapi_spec_validator import validate

from devhost.metadata import discover
from devhost.routes import find_route
from shared import errors
from shared.api.arcgis import arcgis_error
from shared.api.contract.document import openapi_document
from shared.api.contract.refusals import NAMES, errors_with
from shared.api.superoffice.error_answers import superoffice_error
from shared.arcgis.portal import PortalDown
from shared.audit.surfaces import SURFACES
from shared.errors import HubError
from shared.http import problem, problem_content
from shared.version import __version__
from tests.support.cases import holds_for
from tests.support.contract import BY_ID, DOCUMENT, OPERATIONS, Documented, body_faults, find
from tests.support.paths import ROOT

SETTINGS: dict[str, str] = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
FUNCTIONS = [one for one in discover(ROOT, SETTINGS)[0] if one.is_http]
ROUTES = [one.route("") for one in FUNCTIONS]
# Which surface stands at which path: the same as in docs/security.md.
SURFACE_OPERATIONS = [
    (surface.base.removeprefix("/api").partition("?")[0], operation)
    for surface in SURFACES
    for operation in surface.operations
]
ERRORS = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, HubError)]


def pointers(node: Any, here: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - a document of JSON
    """Every object in the document with the pointer to it."""
    children: Any = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    if isinstance(node, dict):
        yield here, node
    for name, child in children:
        part = str(name).replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
        yield from pointers(child, f"{here}/{part}")


EXAMPLES = [(at, node["example"]) for at, node in pointers(DOCUMENT) if "example" in node and "schema" in node]


def test_the_document_is_valid() -> None:
    validate(openapi_document())


def test_the_version_is_that_of_the_app() -> None:
    assert (DOCUMENT["info"]["version"], DOCUMENT["servers"][0]["url"]) == (__version__, "/api")


@holds_for("operation", OPERATIONS)
def test_each_operation_is_at_a_route_of_a_function(operation: Documented) -> None:
    assert find_route(ROUTES, operation.method.upper(), operation.path.replace("{", "x").replace("}", "x")) is not None


@holds_for("function", FUNCTIONS)
def test_each_method_of_each_function_is_documented(function: Any) -> None:  # noqa: ANN401 - the host's own class
    found = {
        one.method.upper()
        for one in OPERATIONS
        if (at := find_route(ROUTES, one.method.upper(), one.path.replace("{", "x").replace("}", "x")))
        and at[0].function == function.name
    }
    assert found == {method.upper() for method in function.methods}


@holds_for(("base", "operation"), SURFACE_OPERATIONS)
def test_each_operation_that_the_audit_knows_is_documented(base: str, operation: Any) -> None:  # noqa: ANN401
    path = f"{base}/{operation.path}".rstrip("/")
    found = find(operation.method, path)
    assert found is not None
    assert found.path.count("{") == path.count("{")


@holds_for("operation", OPERATIONS)
def test_who_may_call_is_what_the_function_says(operation: Documented) -> None:
    at = find_route(ROUTES, operation.method.upper(), operation.path.replace("{", "x").replace("}", "x"))
    assert at is not None
    [function] = [one for one in FUNCTIONS if one.name == at[0].function]
    assert operation.has_function_key == (function.auth_level == "function")


def test_names_of_operations_are_told_apart() -> None:
    assert len(BY_ID) == len(OPERATIONS)


@holds_for("operation", OPERATIONS)
def test_an_operation_is_described(operation: Documented) -> None:
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    assert set(operation.content["tags"]) <= tags
    assert operation.content["summary"]
    assert operation.content["description"].endswith(".")
    assert all(status in operation.statuses for status in ([401] if operation.has_function_key else []))


@holds_for("error", [one for one in ERRORS if one is not HubError])
def test_every_error_is_told_where_its_status_is(error: type[HubError]) -> None:
    told = [one["description"] for one in DOCUMENT["components"]["responses"].values()]
    assert any(f"- `{error.__name__}`: " in one for one in told)


@holds_for(("pointer", "example"), EXAMPLES)
def test_each_example_is_what_its_schema_describes(pointer: str, example: object) -> None:
    assert body_faults(f"{pointer}/schema", example) == []


def test_there_are_examples_of_nearly_everything() -> None:
    without = [
        one.id
        for one in OPERATIONS
        for status in one.statuses
        if status < 300
        and (found := one.response(status))
        and "application/json" in found[1].get("content", {})
        and "example" not in found[1]["content"]["application/json"]
    ]
    # Of itself the document has none.
    assert without == ["getOpenApi"]


def test_what_receivers_get_is_described() -> None:
    assert set(DOCUMENT["webhooks"]) == {
        "superOfficeCallback",
        "standardWebhook",
        "cloudEventStructured",
        "cloudEventBinary",
        "cloudEventHandshake",
    }


def test_no_component_is_there_in_vain() -> None:
    text = json.dumps(DOCUMENT)
    for kind, names in DOCUMENT["components"].items():
        if kind != "securitySchemes":
            assert [name for name in names if f'"#/components/{kind}/{name}"' not in text] == []


def test_only_what_reads_nothing_of_a_request_can_refuse_none() -> None:
    without = {one.id for one in OPERATIONS if not any(400 <= status < 500 for status in one.statuses)}
    # As redocly.yaml says.
    assert without == {"getOpenApi", "getConsole"}


@holds_for("name", list(DOCUMENT["components"]["responses"]))
def test_the_example_of_an_error_is_what_the_app_makes_of_it(name: str) -> None:
    [(type_, media)] = DOCUMENT["components"]["responses"][name]["content"].items()
    example = media["example"]
    if name.startswith("ArcGis"):
        of_status = errors_with(example["error"]["code"])
        made = [arcgis_error(error(example["error"]["message"])) for error in of_status]
        # Of the errors with 503 the portal's is the example, which is no error of shared/errors.py.
        made.append(arcgis_error(PortalDown(example["error"]["message"])))
        assert example in made
    elif name.startswith("SuperOffice"):
        status = next(one for one, known in NAMES.items() if name == f"SuperOffice{known}")
        assert example == superoffice_error(errors_with(status)[0](example["ErrorMessage"]))
    else:
        error = errors_with(example["status"])[0](example["detail"])
        assert {key: value for key, value in example.items() if key != "errors"} == problem_content(error)
        assert type_ == problem(error).mimetype
