"""azure.yaml agrees with the schema of azd as far as it uses it, and with the files that it names."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.hooks.azd import MIN_VERSION
from tests.support.paths import ROOT

PROJECT: dict[str, Any] = yaml.safe_load((ROOT / "azure.yaml").read_text(encoding="utf-8"))
SERVICE: dict[str, Any] = PROJECT["services"]["hub"]
HOOKS: dict[str, Any] = {**PROJECT["hooks"], **SERVICE["hooks"]}

HOOK_MODULES = sorted((ROOT / "infra" / "hooks").glob("*.py"))
OF_A_COMMAND = {"provision", "deploy", "up", "package", "restore", "down", "infracreate", "infradelete", "publish"}
OF_A_SERVICE = {"deploy", "restore", "build", "package", "publish"}


def names(commands: set[str]) -> set[str]:
    return {f"{when}{command}" for command in commands for when in ("pre", "post")}


def test_it_has_only_members_that_azd_knows() -> None:
    assert PROJECT.keys() <= {
        *("name", "resourceGroup", "metadata", "infra", "services", "resources", "pipeline", "hooks"),
        *("requiredVersions", "state", "platform", "workflows", "cloud"),
    }
    assert PROJECT["hooks"].keys() <= names(OF_A_COMMAND)
    assert SERVICE["hooks"].keys() <= names(OF_A_SERVICE)
    assert PROJECT["pipeline"].keys() <= {"provider", "variables", "secrets"}


def test_the_project_has_a_name_that_azd_takes() -> None:
    assert PROJECT["name"].replace("-", "").isalnum()
    assert PROJECT["name"] == PROJECT["name"].lower()


def test_one_service_is_the_function_app_in_this_folder() -> None:
    assert PROJECT["services"].keys() == {"hub"}
    assert SERVICE.items() >= {"project": ".", "language": "python", "host": "function"}.items()


def test_an_azd_that_is_too_old_refuses_the_project_as_the_hook_does() -> None:
    assert PROJECT["requiredVersions"] == {"azd": f">= {'.'.join(map(str, MIN_VERSION))}"}


def test_there_are_the_four_hooks_and_a_deployment_without_provisioning_runs_those_of_the_package() -> None:
    assert PROJECT["hooks"].keys() == {"preprovision", "postprovision", "postdeploy"}
    # `azd deploy` makes the package too, and then runs the hooks of the service alone.
    assert SERVICE["hooks"].keys() == {"prepackage"}


@pytest.mark.parametrize("name", sorted(HOOKS))
def test_a_hook_has_a_script_for_each_system_and_nothing_beside(name: str) -> None:
    # Where both systems are named, azd refuses anything else beside them.
    assert HOOKS[name].keys() == {"posix", "windows"}
    for system, shell, suffix in (("posix", "sh", "sh"), ("windows", "pwsh", "ps1")):
        hook = HOOKS[name][system]
        assert hook.keys() <= {"shell", "run", "interactive"}
        assert (hook["shell"], hook["run"]) == (shell, f"./infra/hooks/{name}.{suffix}")
        assert (ROOT / hook["run"]).is_file()
    assert "continueOnError" not in str(HOOKS[name])


def test_what_the_last_hook_prints_stays_on_the_screen() -> None:
    assert all(HOOKS["postdeploy"][system]["interactive"] is True for system in ("posix", "windows"))


def test_the_workflow_gets_variables_once_each_and_none_that_is_a_secret() -> None:
    variables = PROJECT["pipeline"]["variables"]
    assert variables == sorted(set(variables))
    assert not [name for name in variables if name.endswith(("_KEY", "_SECRET"))]
    assert "secrets" not in PROJECT["pipeline"]


def test_the_workflow_gets_every_variable_of_the_template() -> None:
    text = (ROOT / "infra" / "main.parameters.json").read_text(encoding="utf-8")
    wanted = {name for name in re.findall(r"\$\{(\w+)\}", text) if not name.startswith("AZURE_")}
    # It is for one deployment, and any other fails with it.
    assert set(PROJECT["pipeline"]["variables"]) == wanted - {"HUB_RECOVER_VAULT"}


def test_the_template_gives_what_the_hooks_read() -> None:
    outputs = json.loads((ROOT / "infra" / "main.json").read_text(encoding="utf-8"))["outputs"]
    read = {
        *re.findall(r'"((?:AZURE|SERVICE|STORAGE|HUB)_[A-Z_]+)"', "".join(map(Path.read_text, HOOK_MODULES))),
    } - {"AZURE_ENV_NAME", "AZURE_LOCATION"}
    assert read - set(PROJECT["pipeline"]["variables"]) <= outputs.keys()
    assert len(read) > 8
