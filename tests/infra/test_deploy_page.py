"""docs/deploy.md has each parameter of the template, with its variable and its default, and what azd is told."""

import json
import re

from tests.infra.hub import PARAMETERS
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
ROWS = {
    parameter: (variable, default)
    for variable, parameter, default in re.findall(r"^\| `(\w+)` \| `(\w+)` \| (.*?) ?\| ", PAGE, re.MULTILINE)
}
TEXT = (ROOT / "infra" / "main.json").read_text(encoding="utf-8")
VARIABLES = json.loads((ROOT / "infra" / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]


def shown(default: object) -> str:
    """A default as the table has it: nothing where the template chooses."""
    if default == "[deployer().objectId]":
        return "who deploys"
    if default in (None, "", {}):
        return ""
    return f"`{json.dumps(default).strip(chr(34))}`"


def test_each_parameter_stands_there_with_its_variable_and_its_default() -> None:
    assert {
        name: (VARIABLES[name]["value"].strip("${}"), shown(parameter.get("defaultValue")))
        for name, parameter in PARAMETERS.items()
    } == ROWS


def test_it_says_for_how_long_a_deleted_vault_can_be_taken_back() -> None:
    [days] = set(re.findall(r'"softDeleteRetentionInDays": (\d+)', TEXT))
    assert f"it lies in soft delete for {days} days" in PAGE
