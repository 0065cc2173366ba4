"""The compiled template, infra/main.json: the module that makes a kind of resource, and what its variables hold."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from tests.support.paths import ROOT

MAIN = ROOT / "infra" / "main.json"
RULE_TYPE = "Microsoft.Insights/scheduledQueryRules"
DURATIONS = {
    "PT5M": timedelta(minutes=5),
    "PT15M": timedelta(minutes=15),
    "PT30M": timedelta(minutes=30),
    "PT1H": timedelta(hours=1),
    "P1D": timedelta(days=1),
    "P2D": timedelta(days=2),
}
_VARIABLE = re.compile(r"\[variables\('([^']+)'\)\]")

type Template = Mapping[str, Any]


@cache
def module_with(resource_type: str) -> Template:
    """The one module whose template has resources of this type."""
    [found] = [
        template
        for template in _templates(json.loads(MAIN.read_text(encoding="utf-8")))
        if any(resource["type"] == resource_type for resource in resources(template))
    ]
    return found


def resource_of(resource_type: str) -> Mapping[str, Any]:
    """The one resource of this type, whose values may still be expressions."""
    [found] = [resource for resource in resources(module_with(resource_type)) if resource["type"] == resource_type]
    return found


def resources(template: Template) -> list[Mapping[str, Any]]:
    """The resources of a template, which has them as a list, or by their symbolic names."""
    found = template["resources"]
    return list(found.values()) if isinstance(found, dict) else list(found)


def variable(template: Template, name: str) -> Any:  # noqa: ANN401 - whatever JSON it holds
    """The value of a variable, with the values of those that it names in their places."""
    return _resolved(template["variables"], template["variables"][name])


def alert_rules() -> dict[str, Mapping[str, Any]]:
    """The alert rules as their module's variable has them, by their names."""
    return {rule["name"]: rule for rule in variable(module_with(RULE_TYPE), "rules")}


def read_range(rule: Mapping[str, Any]) -> timedelta:
    """How far back an alert's query sees."""
    return DURATIONS[rule["range"] or rule["window"]]


def _resolved(variables: Mapping[str, Any], value: Any) -> Any:  # noqa: ANN401 - as above
    if isinstance(value, dict):
        return {name: _resolved(variables, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(variables, inner) for inner in value]
    named = _VARIABLE.fullmatch(value) if isinstance(value, str) else None
    return _resolved(variables, variables[named[1]]) if named else value


def _templates(template: Template) -> Iterator[Template]:
    yield template
    for resource in resources(template):
        if resource["type"] == "Microsoft.Resources/deployments":
            yield from _templates(resource["properties"]["template"])
