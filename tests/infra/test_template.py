"""What may be chosen in infra/main.json, and what it must never do, whatever is chosen."""

import json
import re
from typing import Any

import pytest

from tests.infra.arm import Refused
from tests.infra.arm_language import SUBSCRIPTION, TENANT_ID
from tests.infra.hub import HUB, TEMPLATE, TOKEN, deploy_hub
from tests.support.paths import ROOT

TEXT = json.dumps(TEMPLATE)
TAKEN_BY_THE_FIRST = {"Microsoft.Web/sites", "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"}
OUTPUTS = {
    "AZURE_LOCATION": "westeurope",
    "AZURE_TENANT_ID": TENANT_ID,
    "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION.rpartition("/")[2],
    "AZURE_RESOURCE_GROUP": "rg-test",
    "AZURE_KEY_VAULT_NAME": f"kv-{TOKEN}",
    "AZURE_KEY_VAULT_ID": f"Microsoft.KeyVault/vaults/kv-{TOKEN}",
    "SERVICE_HUB_NAME": f"func-{TOKEN}",
    "SERVICE_HUB_URI": "https://hub.example",
    "SERVICE_HUB_ID": f"Microsoft.Web/sites/func-{TOKEN}",
    "STORAGE_TABLE_URI": "https://account.table.example/",
    "STORAGE_QUEUE_URI": "https://account.queue.example/",
    "HUB_IDENTITY_NAME": f"id-{TOKEN}",
    "HUB_IDENTITY_CLIENT_ID": "CLIENT-ID",
    "HUB_IDENTITY_PRINCIPAL_ID": "PRINCIPAL-ID",
}
"""Names and addresses, which azd hands to hooks. Each lands in a file at the desk and in the history of deployments."""


def of_type(type_: str, **parameters: object) -> dict[str, Any]:
    [resource] = deploy_hub(**parameters).of_type(type_)
    return resource


def module(name: str) -> dict[str, Any]:
    found: dict[str, Any] = TEMPLATE["resources"][name]
    return found


def test_no_key_is_read_and_no_function_key_is_made() -> None:
    # Neither works before code is deployed, or where keys are off.
    assert re.findall(r"\blist\w*\(", TEXT) == []
    assert re.findall(r"\"type\": \"[\w./]*(?:[kK]eys|secrets)\"", TEXT) == []


def test_outputs_are_names_and_addresses() -> None:
    assert HUB.outputs == OUTPUTS
    assert {output["type"] for output in TEMPLATE["outputs"].values()} == {"string"}
    # A hook's azure-identity would look for this identity on the desk.
    assert "AZURE_CLIENT_ID" not in OUTPUTS


def test_outputs_of_modules_hold_nothing_that_opens_anything() -> None:
    modules = [one["properties"]["template"] for one in TEMPLATE["resources"].values() if "properties" in one]
    texts = json.dumps([one["outputs"] for one in modules if "outputs" in one])
    assert "reference" in texts
    assert re.findall(r"ConnectionString|InstrumentationKey|listKeys|secure", texts) == []


def test_settings_that_may_hold_secrets_stay_out_of_the_history_of_deployments() -> None:
    assert TEMPLATE["parameters"]["extraSettings"]["type"] == "secureObject"
    assert module("site")["properties"]["template"]["parameters"]["extraSettings"]["type"] == "secureObject"


def test_names_fit_whatever_the_environment_is_called() -> None:
    outputs = deploy_hub(environmentName="A-very.long_(name)-" * 3).outputs
    assert re.fullmatch(r"func-[a-z0-9]{13}", outputs["SERVICE_HUB_NAME"])
    assert len(outputs["AZURE_KEY_VAULT_NAME"]) <= 24
    assert len(of_type("Microsoft.Storage/storageAccounts")["name"]) <= 24


@pytest.mark.parametrize("other", [{"environmentName": "other"}, {"location": "uksouth"}, {"nameSalt": "again"}])
def test_a_second_environment_has_other_names(other: dict[str, object]) -> None:
    taken = {(type_, name) for _, type_, name in HUB.resources if type_ in TAKEN_BY_THE_FIRST}
    assert len(taken) == 3
    assert taken.isdisjoint((type_, name) for _, type_, name in deploy_hub(**other).resources)


def test_one_resource_group_has_one_hub_however_its_environment_is_spelled() -> None:
    # To Azure rg-Test is rg-test, and the button does not know azd's spelling.
    assert deploy_hub(environmentName="TeSt").outputs["SERVICE_HUB_NAME"] == HUB.outputs["SERVICE_HUB_NAME"]


def test_a_resource_group_follows_from_the_environment_or_is_named() -> None:
    assert deploy_hub(environmentName="other").outputs["AZURE_RESOURCE_GROUP"] == "rg-other"
    assert deploy_hub(resourceGroupName="crm").outputs["AZURE_RESOURCE_GROUP"] == "crm"


@pytest.mark.parametrize(
    "wrong",
    [
        {"location": "westeuropa"},
        {"environmentName": ""},
        {"environmentName": "x" * 65},
        {"nameSalt": "x" * 25},
        {"instanceMemoryMB": 1024},
        {"maxInstances": 0},
        {"maxInstances": 1001},
        {"httpConcurrency": 0},
        {"httpConcurrency": 193},
        {"alwaysReadyHttp": -1},
        {"alwaysReadyHttp": 101},
        {"alwaysReadyEventDispatch": -1},
        {"alwaysReadyEventDispatch": 101},
        {"storageSku": "Premium_LRS"},
        {"logRetentionDays": 29},
        {"logRetentionDays": 731},
        {"dailyQuotaGb": -2},
        {"roleDirectory": "entra"},
        {"principalType": "Person"},
        {"retentionDays": -1},
        {"retentionPayloadDays": -1},
    ],
)
def test_a_wrong_parameter_is_refused_before_anything_is_made(wrong: dict[str, object]) -> None:
    with pytest.raises(Refused, match=next(iter(wrong))):
        deploy_hub(**wrong)


def test_a_parameter_may_be_as_small_or_large_as_its_limit() -> None:
    smallest = {
        "maxInstances": 1,
        "retentionDays": 0,
        "retentionPayloadDays": 0,
        "httpConcurrency": 1,
        "logRetentionDays": 30,
        "dailyQuotaGb": -1,
    }
    largest = {"maxInstances": 1000, "httpConcurrency": 192, "alwaysReadyHttp": 100, "logRetentionDays": 730}
    assert deploy_hub(**smallest, environmentName="x").outputs.keys() == OUTPUTS.keys()
    assert deploy_hub(**largest, environmentName="x" * 64, nameSalt="x" * 24).outputs.keys() == OUTPUTS.keys()


def scale(**parameters: object) -> dict[str, Any]:
    found: dict[str, Any] = of_type("Microsoft.Web/sites", **parameters)["properties"]["functionAppConfig"][
        "scaleAndConcurrency"
    ]
    return found


def test_the_size_can_be_chosen() -> None:
    chosen = scale(instanceMemoryMB=4096, maxInstances=40, httpConcurrency=8)
    assert (chosen["instanceMemoryMB"], chosen["maximumInstanceCount"]) == (4096, 40)
    assert chosen["triggers"]["http"]["perInstanceConcurrency"] == 8


def test_instances_that_wait_are_for_requests_and_for_a_function_that_exists() -> None:
    waiting = scale(alwaysReadyHttp=2, alwaysReadyEventDispatch=1)["alwaysReady"]
    assert waiting == [
        {"name": "http", "instanceCount": 2},
        {"name": "function:EventDispatch", "instanceCount": 1},
    ]
    assert (ROOT / "EventDispatch" / "function.json").exists()
    assert [one["name"] for one in scale(alwaysReadyEventDispatch=1)["alwaysReady"]] == ["function:EventDispatch"]


@pytest.mark.parametrize(
    ("chosen", "sku"),
    [
        ({"zoneRedundant": True}, "Standard_ZRS"),
        ({"storageSku": "Standard_GRS"}, "Standard_GRS"),
        ({"zoneRedundant": True, "storageSku": "Standard_GZRS"}, "Standard_GZRS"),
    ],
)
def test_storage_keeps_the_copies_that_are_chosen(chosen: dict[str, object], sku: str) -> None:
    assert of_type("Microsoft.Storage/storageAccounts", **chosen)["sku"]["name"] == sku
    is_redundant = of_type("Microsoft.Web/serverfarms", **chosen)["properties"]["zoneRedundant"]
    assert is_redundant is chosen.get("zoneRedundant", False)


def test_the_vault_can_be_protected_and_a_deleted_one_taken_back() -> None:
    # The name of a deleted vault stays taken.
    assert of_type("Microsoft.KeyVault/vaults", purgeProtection=True)["properties"]["enablePurgeProtection"] is True
    assert of_type("Microsoft.KeyVault/vaults", recoverVault=True)["properties"]["createMode"] == "recover"


def test_logs_have_a_limit_and_an_end_that_can_be_chosen() -> None:
    workspace = of_type("Microsoft.OperationalInsights/workspaces", dailyQuotaGb=5, logRetentionDays=90)["properties"]
    assert workspace["workspaceCapping"] == {"dailyQuotaGb": 5}
    assert workspace["retentionInDays"] == 90


def test_alerts_and_workbook_read_the_workspace() -> None:
    for name, expected in (
        ("alerts", {"location", "tags", "token", "workspaceId", "alertEmail"}),
        ("workbook", {"location", "tags", "workspaceId"}),
    ):
        given = module(name)["properties"]["parameters"]
        assert given.keys() == expected
        assert given["workspaceId"]["value"] == "[reference('monitoring').outputs.workspaceId.value]"
    assert module("alerts")["properties"]["parameters"]["alertEmail"]["value"] == "[parameters('alertEmail')]"


def test_the_console_has_a_sign_in_only_where_its_registration_is_given() -> None:
    assert not [one for one in HUB.of_type("Microsoft.Web/sites/config") if one["name"].endswith("authsettingsV2")]
    configs = deploy_hub(consoleClientId="CONSOLE", entraClientId="API").of_type("Microsoft.Web/sites/config")
    [sign_in] = [one["properties"] for one in configs if one["name"].endswith("authsettingsV2")]
    assert sign_in == {
        "platform": {"enabled": True},
        # Dataverse and ArcGIS have no token.
        "globalValidation": {"requireAuthentication": False, "unauthenticatedClientAction": "AllowAnonymous"},
        "httpSettings": {"requireHttps": True},
        "identityProviders": {
            "azureActiveDirectory": {
                "enabled": True,
                "registration": {
                    "clientId": "CONSOLE",
                    "clientSecretSettingName": "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID",
                    "openIdIssuer": f"https://login.microsoftonline.com/{TENANT_ID}/v2.0",
                },
                "validation": {"allowedAudiences": ["CONSOLE", "API", "api://API"]},
            }
        },
        "login": {"tokenStore": {"enabled": False}},
    }


def test_a_deployment_removes_nothing_that_it_does_not_name() -> None:
    modules = [one["properties"] for one in TEMPLATE["resources"].values() if "template" in one.get("properties", {})]
    assert len(modules) == 8
    assert {one["mode"] for one in modules} == {"Incremental"}
