"""Deploys a compiled template on paper: what Azure Resource Manager would be asked for, with these parameters.

It evaluates the template's expressions (arm_language.py) and hands back each resource with its values. Nothing is sent
anywhere. Values that only Azure knows are plain stand-ins: a resource id is its type and name, a GUID is what it is
made of, and KNOWN_AFTERWARDS has what resources tell once they exist.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.infra.arm_language import FUNCTIONS, Evaluated, read_expression

type Template = Mapping[str, Any]

CLOUD = {"name": "AzureCloud", "authentication": {"loginEndpoint": "https://login.microsoftonline.com/"}}
KNOWN_AFTERWARDS: dict[str, dict[str, Any]] = {
    "Microsoft.ManagedIdentity/userAssignedIdentities": {"clientId": "CLIENT-ID", "principalId": "PRINCIPAL-ID"},
    "Microsoft.Storage/storageAccounts": {
        "primaryEndpoints": {kind: f"https://account.{kind}.example/" for kind in ("blob", "queue", "table")}
    },
    "Microsoft.KeyVault/vaults": {"vaultUri": "https://vault.example/"},
    "Microsoft.Insights/components": {"ConnectionString": "CONNECTION-STRING"},
    "Microsoft.Web/sites": {"defaultHostName": "hub.example"},
}
_MODULE = "Microsoft.Resources/deployments"


class Refused(Exception):
    """A parameter is missing, unknown or not allowed, or a resource is not there; the message names it."""


@dataclass
class Deployment:
    """What a template asks for: resources by module, type and name, and the outputs."""

    resources: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    def of_type(self, type_: str) -> list[dict[str, Any]]:
        """The resources of this type, in every module."""
        return [resource for (_, found, _), resource in self.resources.items() if found == type_]


def deploy(template: Template, given: Mapping[str, object], cloud: Mapping[str, Any] = CLOUD) -> Deployment:
    """Every resource and output of this template with these parameters; raises Refused."""
    deployment = Deployment()
    deployment.outputs = _Scope(template, given, cloud, "main", deployment).run()
    return deployment


class _Scope:
    """One template, or one module in it, with the values of its parameters."""

    def __init__(
        self,
        template: Template,
        given: Mapping[str, object],
        cloud: Mapping[str, Any],
        name: str,
        deployment: Deployment,
    ) -> None:
        self._template, self._cloud, self._name, self._deployment = template, cloud, name, deployment
        self._modules: dict[str, Mapping[str, Any]] = {}
        self._locals: dict[str, Any] = {}
        if unknown := given.keys() - template.get("parameters", {}).keys():
            raise Refused(f"{name} has no parameter {', '.join(sorted(unknown))}")
        self._parameters = {
            parameter: self._checked(parameter, rules, given)
            for parameter, rules in template.get("parameters", {}).items()
        }

    def run(self) -> dict[str, Any]:
        for key, resource in _named(self._template["resources"]):
            if resource.get("existing") or not self.value(resource.get("condition", True)):
                continue
            if resource["type"] == _MODULE:
                self._modules[key] = self._deploy_module(key, resource["properties"])
            else:
                for copy in self._copies(resource):
                    self._deployment.resources[self._name, copy["type"], copy["name"]] = copy
        return {name: self.value(output["value"]) for name, output in self._template.get("outputs", {}).items()}

    def value(self, given: Any) -> Any:  # noqa: ANN401 - JSON
        """What this JSON is, once its expressions are evaluated."""
        if isinstance(given, Mapping):
            return {self.value(name): self.value(member) for name, member in given.items()}
        if isinstance(given, list):
            return [self.value(member) for member in given]
        if isinstance(given, str) and given.startswith("[") and given.endswith("]") and not given.startswith("[["):
            return read_expression(given[1:-1], self.call)()
        return given.removeprefix("[") if isinstance(given, str) and given.startswith("[[") else given

    def call(self, name: str, arguments: Sequence[Evaluated]) -> Any:  # noqa: ANN401 - as above
        if name == "if":
            condition, then, otherwise = arguments
            return then() if condition() else otherwise()
        if name == "lambda":
            *names, body = arguments
            return self._lambda([name() for name in names], body)
        values = [argument() for argument in arguments]
        own: dict[str, Evaluated] = {
            "parameters": lambda: self._parameters[values[0]],
            "variables": lambda: self.value(self._template["variables"][values[0]]),
            "lambdaVariables": lambda: self._locals[values[0]],
            "copyIndex": lambda: self._locals["copyIndex"],
            "environment": lambda: self._cloud,
            "reference": lambda: self._reference(values[0]),
        }
        return own[name]() if name in own else FUNCTIONS[name](*values)

    def _checked(self, name: str, rules: Mapping[str, Any], given: Mapping[str, object]) -> Any:  # noqa: ANN401 - as above
        if name not in given and "defaultValue" not in rules:
            raise Refused(f"{name} is required")
        value: Any = given[name] if name in given else self.value(rules["defaultValue"])
        size = len(value) if isinstance(value, str) else value
        for rule, limit in rules.items():
            if (
                (rule == "allowedValues" and value not in limit)
                or (rule in {"minValue", "minLength"} and size < limit)
                or (rule in {"maxValue", "maxLength"} and size > limit)
            ):
                raise Refused(f"{name} is {value!r}, against {rule}: {limit}")
        return value

    def _deploy_module(self, name: str, properties: Mapping[str, Any]) -> Mapping[str, Any]:
        given = {key: self.value(parameter)["value"] for key, parameter in properties["parameters"].items()}
        outputs = _Scope(properties["template"], given, self._cloud, name, self._deployment).run()
        return {"outputs": {key: {"value": value} for key, value in outputs.items()}}

    def _copies(self, resource: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        count = self.value(resource["copy"]["count"]) if "copy" in resource else 1
        for index in range(count):
            self._locals["copyIndex"] = index
            yield self.value({name: member for name, member in resource.items() if name != "copy"})

    def _reference(self, target: str) -> Any:  # noqa: ANN401 - as above
        if target in self._modules:
            return self._modules[target]
        type_, _, name = target.rpartition("/")
        if not any((made_type, made_name) == (type_, name) for _, made_type, made_name in self._deployment.resources):
            raise Refused(f"{target} is asked for what it is, and was not made before")
        return KNOWN_AFTERWARDS[type_]

    def _lambda(self, names: Sequence[str], body: Evaluated) -> Callable[..., Any]:
        def apply(*values: Any) -> Any:  # noqa: ANN401 - as above
            self._locals.update(zip(names, values, strict=True))
            return body()

        return apply


def _named(resources: Mapping[str, Any] | list[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A template without the compiler's names for resources has a list of them."""
    yield from resources.items() if isinstance(resources, Mapping) else ((str(n), r) for n, r in enumerate(resources))
