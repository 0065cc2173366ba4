"""Lays out a compiled template for a scan: every resource of every module in one list, with the values it is given.

A scan that reads the template as Bicep compiles it sees nothing: in its newer form resources are an object, not a list,
and each module is a template in the template.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

type Resource = dict[str, Any]

_DEPLOYMENT = "Microsoft.Resources/deployments"
_NAMED = re.compile(r"\[(parameters|variables)\('(\w+)'\)\]")
_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def flatten(template: Mapping[str, Any]) -> dict[str, Any]:
    """A template of resources alone, those of its modules included; what exists already is left out.

    A value that is just the name of a parameter or variable is replaced by what it stands for: the value that the
    module is given, else the default. Other expressions stay as they are.
    """
    resources = list(resources_of(template, {}))
    return {"$schema": _SCHEMA, "contentVersion": "1.0.0.0", "resources": resources}


def resources_of(template: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Resource]:
    """The resources of a template and of its modules, when it is given these values of its parameters."""
    parameters = {
        name: given.get(name, parameter.get("defaultValue", f"[parameters('{name}')]"))
        for name, parameter in template.get("parameters", {}).items()
    }
    known = {"parameters": parameters, "variables": template.get("variables", {})}
    for resource in _listed(template.get("resources", [])):
        if not resource.get("existing", False):
            yield from _with_inner(_replaced(resource, known))


def _listed(resources: list[Resource] | dict[str, Resource]) -> list[Resource]:
    return list(resources.values()) if isinstance(resources, dict) else resources


def _with_inner(resource: Resource) -> Iterator[Resource]:
    properties = resource.get("properties", {})
    if resource["type"] == _DEPLOYMENT and "template" in properties:
        yield from resources_of(properties["template"], _values(properties.get("parameters", {})))
        return
    children = _listed(resource.pop("resources", []))
    yield resource
    for child in children:
        names = {key: f"{resource[key]}/{child[key]}" for key in ("type", "name")}
        yield from _with_inner({**child, **names})


def _values(given: Mapping[str, Any]) -> dict[str, Any]:
    # What depends on a condition is an expression as a whole.
    return {name: one["value"] if isinstance(one, dict) and "value" in one else one for name, one in given.items()}


def _replaced(value: Any, known: Mapping[str, Mapping[str, Any]]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        # The names in a module are the module's own.
        return {key: one if key == "template" else _replaced(one, known) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, known) for one in value]
    named = _NAMED.fullmatch(value) if isinstance(value, str) else None
    if named is None or named[2] not in known[named[1]]:
        return value
    stands_for = known[named[1]][named[2]]
    # A variable may be made of others; a parameter's value was replaced where it was given.
    return _replaced(stands_for, known) if named[1] == "variables" else stands_for
