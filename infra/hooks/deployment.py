"""What azd tells a hook about the deployment: its own variables, and the outputs of infra/main.bicep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.hooks.failure import HookFailed
from infra.hooks.web import base_address

PUBLIC_ARM = "https://management.azure.com"


@dataclass(frozen=True)
class Deployment:
    """What was provisioned. `app_id` and `vault_id` are resource ids; `app_url` has no path."""

    environment: str
    arm_url: str
    tenant: str
    resource_group: str
    app_name: str
    app_id: str
    app_url: str
    vault_name: str
    vault_id: str


def environment_name(environment: Mapping[str, str]) -> str:
    """The name of azd's environment. Without it a hook was not started by azd, and must touch nothing."""
    name = environment.get("AZURE_ENV_NAME", "").strip()
    if not name:
        raise HookFailed(
            "AZURE_ENV_NAME is not set: let azd run the hooks (`azd up`, or one alone by `azd hooks run NAME`)"
        )
    return name


def read_deployment(environment: Mapping[str, str]) -> Deployment:
    """The deployment that azd's variables describe; raises HookFailed if one is missing."""
    return Deployment(
        environment=environment_name(environment),
        arm_url=base_address("ARM_ENDPOINT", environment.get("ARM_ENDPOINT") or PUBLIC_ARM),
        tenant=environment.get("AZURE_TENANT_ID", ""),
        resource_group=_output(environment, "AZURE_RESOURCE_GROUP"),
        app_name=_output(environment, "SERVICE_HUB_NAME"),
        app_id=_resource_id(environment, "SERVICE_HUB_ID"),
        app_url=base_address("SERVICE_HUB_URI", _output(environment, "SERVICE_HUB_URI")),
        vault_name=_output(environment, "AZURE_KEY_VAULT_NAME"),
        vault_id=_resource_id(environment, "AZURE_KEY_VAULT_ID"),
    )


def _resource_id(environment: Mapping[str, str], name: str) -> str:
    value = _output(environment, name)
    # It follows the address of the management plane: anything else in its place could name another host.
    if not value.startswith("/subscriptions/"):
        raise HookFailed(f"{name} is {value!r}, which is no resource id: run `azd provision`, which writes it")
    return value


def _output(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise HookFailed(f"{name} is not set, an output of infra/main.bicep: run `azd provision`, then try again")
    return value
