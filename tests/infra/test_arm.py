"""The template that is deployed on paper (tests/infra/arm.py) means what Azure Resource Manager takes it for."""

from typing import Any

import pytest

from tests.infra.arm import Refused, deploy
from tests.infra.arm_language import DEPLOYER_ID

PARAMETERS = {
    "size": {"type": "int", "defaultValue": 2, "minValue": 1, "maxValue": 4},
    "kind": {"type": "string", "defaultValue": "a", "allowedValues": ["a", "b"]},
    "name": {"type": "string", "defaultValue": "it's", "minLength": 2, "maxLength": 5},
    "who": {"type": "string", "defaultValue": "[deployer().objectId]"},
}


def value(expression: object, **given: object) -> Any:  # noqa: ANN401 - what the expression is
    template = {
        "parameters": PARAMETERS,
        "variables": {"list": ["x", "y"]},
        "resources": {},
        "outputs": {"it": {"value": expression}},
    }
    return deploy(template, given).outputs["it"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("plain", "plain"),
        ("[[not an expression]", "[not an expression]"),
        ("['it''s']", "it's"),
        ("[parameters('who')]", DEPLOYER_ID),
        ("[variables('list')[1]]", "y"),
        ("[format('{0}-{1}', parameters('kind'), parameters('size'))]", "a-2"),
        ("[if(equals(parameters('size'), 2), 'two', variables('none'))]", "two"),
        ("[createObject('a', createArray(1, -2)).a[1]]", -2),
        ("[filter(variables('list'), lambda('one', not(equals(lambdaVariables('one'), 'x'))))]", ["y"]),
        ("[coalesce(tryGet(createObject('a', 1), 'b'), 'none')]", "none"),
        ("[union(createObject('a', 1, 'b', 1), createObject('b', 2))]", {"a": 1, "b": 2}),
        ({"[toLower('AB')]": ["[string(3)]"]}, {"ab": ["3"]}),
    ],
)
def test_an_expression_is_evaluated(expression: object, expected: object) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    "given", [{"size": 0}, {"size": 5}, {"kind": "c"}, {"name": "x"}, {"name": "longer"}, {"x": 1}]
)
def test_a_parameter_that_the_template_does_not_allow_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(Refused, match=next(iter(given))):
        value("x", **given)


def test_a_parameter_without_a_default_must_be_given() -> None:
    with pytest.raises(Refused, match="place is required"):
        deploy({"parameters": {"place": {"type": "string"}}, "resources": {}}, {})


def test_a_loop_makes_a_resource_of_each_turn_and_a_condition_leaves_one_out() -> None:
    loop = {"copy": {"name": "queues", "count": 2}, "type": "Queue", "name": "[format('q{0}', copyIndex())]"}
    left_out = {"condition": "[empty('x')]", "type": "Queue", "name": "left out"}
    assert [queue["name"] for queue in deploy({"resources": [loop, left_out]}, {}).of_type("Queue")] == ["q0", "q1"]


def test_only_a_resource_that_was_made_can_be_asked_for_what_it_is() -> None:
    vault = {"type": "Microsoft.KeyVault/vaults", "name": "kv"}
    outputs = {"it": {"value": "[reference(resourceId('Microsoft.KeyVault/vaults', 'kv')).vaultUri]"}}
    assert deploy({"resources": [vault], "outputs": outputs}, {}).outputs == {"it": "https://vault.example/"}
    with pytest.raises(Refused, match="vaults/kv is asked"):
        deploy({"resources": [], "outputs": outputs}, {})
