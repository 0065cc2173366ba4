"""Guards the floor plan: the import contracts name what they must, and what calls itself pure is."""

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "shared").rglob("*.py"))
    if path.name != "__init__.py"
}
PURE = {name for name, tree in MODULES.items() if "Pure." in (ast.get_docstring(tree) or "")}
TOUCHING_CALLS = {"uuid1", "uuid4", "now", "utcnow", "today", "open", "print", "input", "getaddrinfo"}
SAME_NAME = {
    "claims": "callers reads the claims of an access token, delivery claims a delivery",
    "client": "outbound calls receivers, arcgis calls a portal: each is its package's HTTP client",
    "log": "AuditLog and DeliveryLog: a log of the package's own rows",
    "operations": "the operations of an API, for each of the two that have them",
    "queues": "storage has the queue, delivery the one that it fills",
    "registration": "hub puts together what registers in Dataverse, webhooks has the stored registration",
    "rows": "how the package's data stands in rows",
    "store": "EventStore and PaceStore: where the package's own rows are kept",
    "webhook": "Dataverse's webhook, and the hub's",
    "arcgis": "the API, and what it is put together from",
}
"""Names that two modules have, and why nobody takes one for the other."""

WITHOUT_TESTS_OF_THEIR_NAME = {
    "api/contract/agent_paths.py": "test_document.py judges what is made of it",
    "api/contract/arcgis_paths.py": "test_document.py judges what is made of it",
    "api/contract/arcgis_schemas.py": "test_document.py judges what is made of it",
    "api/contract/dataverse_paths.py": "test_document.py judges what is made of it",
    "api/contract/delivery_paths.py": "test_document.py judges what is made of it",
    "api/contract/event_paths.py": "test_document.py judges what is made of it",
    "api/contract/event_schemas.py": "test_document.py judges what is made of it",
    "api/contract/examples.py": "test_document.py judges what is made of it",
    "api/contract/listings.py": "test_document.py judges what is made of it",
    "api/contract/page_paths.py": "test_document.py judges what is made of it",
    "api/contract/parts.py": "test_document.py judges what is made of it",
    "api/contract/receiver_webhooks.py": "test_document.py judges what is made of it",
    "api/contract/refusals.py": "test_document.py judges what is made of it",
    "api/contract/registration_paths.py": "test_document.py judges what is made of it",
    "api/contract/registration_schemas.py": "test_document.py judges what is made of it",
    "api/contract/security.py": "test_document.py judges what is made of it",
    "api/contract/superoffice_paths.py": "test_document.py judges what is made of it",
    "api/contract/superoffice_schemas.py": "test_document.py judges what is made of it",
    "callers/caller.py": "data alone",
    "delivery/deliverer.py": "a protocol",
    "dynamics/registration/endpoint_steps.py": "test_steps.py calls it through the registration",
    "dynamics/registration/endpoints.py": "test_webhooks.py calls it through the registration",
    "hub/registration.py": "tests/dynamics/registration calls what it puts together",
    "secret_mask.py": "a constant",
    "storage/paging.py": "data alone",
    "version.py": "a constant",
}
"""Modules that no file in tests mirrors, and why."""


def contract(name: str) -> dict[str, Any]:
    [found] = [found for found in CONTRACTS if found["name"] == name]
    return found


def calls(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            yield function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_the_contract_of_purity_is_about_every_module_that_says_so() -> None:
    assert set(contract("what decides touches nothing")["source_modules"]) == PURE


@pytest.mark.parametrize("name", sorted(PURE))
def test_what_is_pure_asks_neither_for_the_time_nor_for_chance(name: str) -> None:
    assert TOUCHING_CALLS.isdisjoint(calls(MODULES[name]))


def test_no_contract_has_an_exemption() -> None:
    for found in CONTRACTS:
        assert not [key for key in found if key.startswith("ignore_imports") or key == "allow_indirect_imports"]


def test_every_package_but_the_highest_is_kept_from_the_hub() -> None:
    packages = {name.split(".")[1] for name in MODULES if name.count(".") > 1} - {"api", "hub"}
    named = set(contract("only api, the function folders and the commands know the hub")["source_modules"])
    assert named == {f"shared.{package}" for package in packages} | {"devhost"}


def test_two_modules_have_one_name_only_where_nobody_takes_one_for_the_other() -> None:
    names = Counter(name.rpartition(".")[2] for name in MODULES)
    assert {name for name, number in names.items() if number > 1} == SAME_NAME.keys()


def test_every_module_has_tests_where_a_reader_looks_for_them() -> None:
    modules = [path.relative_to(ROOT / "shared") for path in sorted((ROOT / "shared").rglob("*.py"))]
    mirrored = {path for path in modules if (ROOT / "tests" / path.parent / f"test_{path.name}").exists()}
    missing = {path.as_posix() for path in modules if path.name != "__init__.py" and path not in mirrored}
    assert missing == WITHOUT_TESTS_OF_THEIR_NAME.keys()
