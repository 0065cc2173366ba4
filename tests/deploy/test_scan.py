"""The scans: each refuses what it is there for. What lies in the repository is scanned by `make scan`."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import scan
from deploy.tool import ROOT, Failed

WORKFLOW = """
name: Greet
on: pull_request_target
permissions: {}
jobs:
  greet:
    runs-on: ubuntu-latest
    steps:
      - run: echo hello
"""


@pytest.fixture
def github(tmp_path: Path) -> Path:
    """A folder `.github` with one workflow."""
    folder = tmp_path / ".github"
    (folder / "workflows").mkdir(parents=True)
    (folder / "workflows" / "greet.yml").write_text(WORKFLOW.replace("_target", ""), encoding="utf-8")
    return folder


def change(github: Path, before: str, after: str) -> None:
    path = github / "workflows" / "greet.yml"
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")


def test_a_workflow_without_a_fault_passes(github: Path) -> None:
    assert scan.check_workflows(scan.workflows_of(github)) == "actionlint: 1 workflows"
    assert scan.check_attacks(github).startswith("zizmor: ")


def test_a_workflow_with_a_mistake_is_refused_and_a_variable_of_the_repository_is_none(github: Path) -> None:
    change(github, "runs-on: ubuntu-latest", "needs: nobody\n    runs-on: ubuntu-latest")
    change(github, "hello", '"${{ vars.NAME }}"')
    with pytest.raises(Failed) as caught:
        scan.check_workflows(scan.workflows_of(github))
    [_, mistake] = str(caught.value).splitlines()
    assert re.search(r'greet\.yml:\d+:\d+: job "greet" needs job "nobody" which does not exist', mistake)


def test_a_workflow_that_an_attacker_could_use_is_refused(github: Path) -> None:
    change(github, "hello", '"${{ github.event.pull_request.title }}"')
    with pytest.raises(Failed, match="template-injection"):
        scan.check_attacks(github)


def test_a_folder_without_workflows_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="has no workflows"):
        scan.workflows_of(tmp_path)


def account(name: str, *, is_encrypted: bool) -> dict[str, Any]:
    return {
        "type": "Microsoft.Storage/storageAccounts",
        "apiVersion": "2023-05-01",
        "name": name,
        "location": "westeurope",
        "sku": {"name": "Standard_GRS"},
        "properties": {
            "minimumTlsVersion": "[parameters('tls')]",
            "supportsHttpsTrafficOnly": is_encrypted,
            "networkAcls": {"bypass": "AzureServices", "defaultAction": "Deny"},
        },
    }


def test_a_fault_in_a_module_of_a_module_is_refused_and_what_is_right_is_not(tmp_path: Path) -> None:
    resources = {"good": account("good", is_encrypted=True), "bad": account("bad", is_encrypted=False)}
    for _ in range(2):
        # As Bicep compiles a module that has types of its own.
        tls = {"type": "string", "defaultValue": "TLS1_2"}
        inner = {"languageVersion": "2.0", "parameters": {"tls": tls}, "resources": resources}
        module = {"type": "Microsoft.Resources/deployments", "apiVersion": "2025-04-01", "name": "inner"}
        resources = {"module": {**module, "properties": {"mode": "Incremental", "template": inner}}}
    path = tmp_path / "main.json"
    path.write_text(json.dumps({"languageVersion": "2.0", "resources": resources}), encoding="utf-8")
    with pytest.raises(Failed) as caught:
        scan.check_template(path)
    [_, fault] = str(caught.value).splitlines()
    assert fault.startswith("  CKV_AZURE_3 ")
    assert fault.endswith(": Microsoft.Storage/storageAccounts.bad")


def told(resource_count: int, *found: str) -> dict[str, Any]:
    """What checkov tells, with what it found."""
    checks = [{"check_id": one, "check_name": "Ensure", "resource": "st"} for one in found]
    return {"results": {"failed_checks": checks}, "summary": {"passed": 3, "resource_count": resource_count}}


def test_a_template_that_was_read_as_a_whole_without_a_fault_passes() -> None:
    assert scan.judge(told(2), 2) == "checkov: 2 resources, 3 checks"


@pytest.mark.parametrize(
    ("told", "resources", "sentence"),
    [
        ({"passed": 0, "resource_count": 0}, 2, "checkov has read 0 of the template's 2 resources"),
        ({"passed": 0, "resource_count": 0}, 0, "checkov has read 0 of the template's 0 resources"),
        (told(1), 2, "checkov has read 1 of the template's 2 resources"),
        (told(2, "CKV_1"), 2, "checkov found in the template:\n  CKV_1 Ensure: st"),
    ],
)
def test_a_template_that_was_not_read_as_a_whole_is_no_success(
    told: dict[str, Any], resources: int, sentence: str
) -> None:
    with pytest.raises(Failed, match=f"^{re.escape(sentence)}$"):
        scan.judge(told, resources)


def test_a_template_that_is_missing_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="`make infra` makes it"):
        scan.check_template(tmp_path / "main.json")


SUPPRESSIONS = [".checkov.yaml", ".github/zizmor.yml"]


@pytest.mark.parametrize("name", SUPPRESSIONS)
def test_what_is_suppressed_has_its_reason_above_it(name: str) -> None:
    lines = [line.strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    suppressed = [number for number, line in enumerate(lines) if line.startswith("- ")]
    # Several may have one reason: they stand below each other.
    assert [lines[number] for number in suppressed if not lines[number - 1].startswith(("# ", "- "))] == []


def test_nothing_is_suppressed_twice_and_nothing_is_sent() -> None:
    config = yaml.safe_load((ROOT / ".checkov.yaml").read_text(encoding="utf-8"))
    assert len({*config["skip-check"]}) == len(config["skip-check"])
    assert config["skip-download"] is True
