"""A compiled template, laid out for a scan."""

from typing import Any

import pytest

from deploy.template import flatten

ACCOUNT = {"type": "Microsoft.Storage/storageAccounts", "name": "st", "properties": {"public": "[parameters('open')]"}}


def module(resources: Any, given: Any, **parts: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    template = {"parameters": {"open": {"type": "bool", "defaultValue": False}}, **parts, "resources": resources}
    properties = {"parameters": given, "template": template}
    return {"type": "Microsoft.Resources/deployments", "name": "m", "properties": properties}


def is_public(resources: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    return [resource["properties"]["public"] for resource in flatten({"resources": resources})["resources"]]


@pytest.mark.parametrize("form", [lambda one: [one], lambda one: {"symbol": one}], ids=["list", "object"])
def test_resources_of_modules_are_found_in_either_form_and_at_any_depth(form: Any) -> None:  # noqa: ANN401
    inner = module(form(ACCOUNT), {"open": {"value": "[parameters('open')]"}})
    assert is_public(form(module(form(inner), {"open": {"value": True}}))) == [True]


def test_a_parameter_that_is_not_given_has_its_default() -> None:
    assert is_public([module([ACCOUNT], {})]) == [False]


def test_a_parameter_without_a_value_stays_an_expression() -> None:
    assert is_public([module([ACCOUNT], {}, parameters={"open": {"type": "bool"}})]) == ["[parameters('open')]"]


def test_values_that_depend_on_a_condition_stay_an_expression() -> None:
    given = "[if(parameters('x'), createObject('value', true()), createObject())]"
    assert is_public([module([ACCOUNT], {"open": given})]) == [given]


def test_a_variable_is_replaced_through_those_that_it_is_made_of() -> None:
    account = {**ACCOUNT, "properties": {"public": "[variables('outer')]"}}
    variables = {"outer": ["[variables('inner')]"], "inner": "[parameters('open')]"}
    assert is_public([module([account], {"open": {"value": True}}, variables=variables)]) == [[True]]


def test_what_exists_already_is_left_out() -> None:
    assert is_public({"there": {**ACCOUNT, "existing": True}}) == []


def test_a_child_is_a_resource_of_its_own() -> None:
    child = {"type": "blobServices", "name": "default", "resources": [{"type": "containers", "name": "c"}]}
    flat = flatten({"resources": [{**ACCOUNT, "resources": [child]}]})["resources"]
    assert [(resource["type"].partition("/")[2], resource["name"]) for resource in flat] == [
        ("storageAccounts", "st"),
        ("storageAccounts/blobServices", "st/default"),
        ("storageAccounts/blobServices/containers", "st/default/c"),
    ]
