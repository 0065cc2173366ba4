"""Every resource of infra/main.json, as Azure would be asked for it where nothing is chosen."""

import json
import re
from typing import Any

import pytest

from shared.delivery.redrive import POISON_QUEUES, QUEUES
from tests.infra.arm_language import TENANT_ID
from tests.infra.hub import HUB, TEMPLATE, TOKEN, WATCHING, deploy_hub
from tests.support.paths import ROOT

SOURCE = (ROOT / "infra" / "main.bicep").read_text(encoding="utf-8")
IDENTITY = f"Microsoft.ManagedIdentity/userAssignedIdentities/id-{TOKEN}"
STORAGE = f"Microsoft.Storage/storageAccounts/st{TOKEN}"
VAULT = f"Microsoft.KeyVault/vaults/kv-{TOKEN}"
WORKSPACE = f"Microsoft.OperationalInsights/workspaces/log-{TOKEN}"
INSIGHTS = f"Microsoft.Insights/components/appi-{TOKEN}"
PLAN = f"Microsoft.Web/serverfarms/plan-{TOKEN}"
SITE = f"Microsoft.Web/sites/func-{TOKEN}"
OPEN_TO_TOKENS = {
    "publicNetworkAccess": "Enabled",
    "networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow"},
}
NO_PASSWORD = {"properties": {"allow": False}}
RESOURCES: dict[str, dict[str, Any]] = {
    "Microsoft.Resources/resourceGroups/rg-test": {},
    IDENTITY: {},
    STORAGE: {
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "properties": {
            "allowBlobPublicAccess": False,
            "allowCrossTenantReplication": False,
            "allowSharedKeyAccess": False,
            "defaultToOAuthAuthentication": True,
            "minimumTlsVersion": "TLS1_2",
            "supportsHttpsTrafficOnly": True,
            **OPEN_TO_TOKENS,
        },
    },
    f"Microsoft.Storage/storageAccounts/blobServices/st{TOKEN}/default": {},
    f"Microsoft.Storage/storageAccounts/blobServices/containers/st{TOKEN}/default/app-package-{TOKEN}": {
        "properties": {"publicAccess": "None"}
    },
    f"Microsoft.Storage/storageAccounts/queueServices/st{TOKEN}/default": {},
    **{
        f"Microsoft.Storage/storageAccounts/queueServices/queues/st{TOKEN}/default/{queue}": {}
        for queue in (*QUEUES, *POISON_QUEUES)
    },
    WORKSPACE: {
        "properties": {
            "sku": {"name": "PerGB2018"},
            "retentionInDays": 30,
            "workspaceCapping": {"dailyQuotaGb": 1},
            "features": {"disableLocalAuth": True},
        }
    },
    INSIGHTS: {
        "kind": "web",
        "properties": {
            "Application_Type": "web",
            "WorkspaceResourceId": WORKSPACE,
            "IngestionMode": "LogAnalytics",
            "DisableLocalAuth": True,
        },
    },
    VAULT: {
        "properties": {
            "tenantId": TENANT_ID,
            "sku": {"family": "A", "name": "standard"},
            "createMode": "default",
            "enableRbacAuthorization": True,
            "enableSoftDelete": True,
            "softDeleteRetentionInDays": 90,
            "enablePurgeProtection": None,
            **OPEN_TO_TOKENS,
        }
    },
    "Microsoft.Insights/diagnosticSettings/audit": {
        "scope": VAULT,
        "properties": {"workspaceId": WORKSPACE, "logs": [{"categoryGroup": "audit", "enabled": True}]},
    },
    PLAN: {
        "kind": "functionapp",
        # Python 3.13 does not run on the older plan Linux Consumption.
        "sku": {"name": "FC1", "tier": "FlexConsumption"},
        "properties": {"reserved": True, "zoneRedundant": False},
    },
    SITE: {
        "kind": "functionapp,linux",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}},
        "properties": {
            "serverFarmId": PLAN,
            "httpsOnly": True,
            "publicNetworkAccess": "Enabled",
            # Without it, or within siteConfig, no setting is taken from the vault.
            "keyVaultReferenceIdentity": IDENTITY,
            "siteConfig": {
                "ftpsState": "Disabled",
                "http20Enabled": True,
                "minTlsVersion": "1.2",
                "scmMinTlsVersion": "1.2",
            },
            "functionAppConfig": {
                "deployment": {
                    "storage": {
                        "type": "blobContainer",
                        "value": f"https://account.blob.example/app-package-{TOKEN}",
                        # The package is uploaded with the identity, not with a key.
                        "authentication": {
                            "type": "UserAssignedIdentity",
                            "userAssignedIdentityResourceId": IDENTITY,
                        },
                    }
                },
                "runtime": {"name": "python", "version": "3.13"},
                "scaleAndConcurrency": {
                    "instanceMemoryMB": 2048,
                    "maximumInstanceCount": 100,
                    "alwaysReady": [],
                    "triggers": {"http": {"perInstanceConcurrency": 16}},
                },
            },
        },
    },
    f"Microsoft.Web/sites/basicPublishingCredentialsPolicies/func-{TOKEN}/ftp": NO_PASSWORD,
    f"Microsoft.Web/sites/basicPublishingCredentialsPolicies/func-{TOKEN}/scm": NO_PASSWORD,
}
"""All but role assignments (test_roles.py) and settings (test_settings.py). What is not named here may not be there."""
ELSEWHERE = {"Microsoft.Authorization/roleAssignments", "Microsoft.Web/sites/config"}
OF_EVERY_RESOURCE = {"type", "apiVersion", "name", "location", "tags", "dependsOn", "condition"}
WATCHING_TYPES = {
    "alerts": {"Microsoft.Insights/actionGroups", "Microsoft.Insights/scheduledQueryRules"},
    "workbook": {"Microsoft.Insights/workbooks"},
}


def test_exactly_these_resources_are_made() -> None:
    made = {f"{type_}/{name}" for _, type_, name in HUB.resources if type_ not in ELSEWHERE}
    assert made == RESOURCES.keys()


@pytest.mark.parametrize("name", RESOURCES)
def test_a_resource_is_as_it_must_be(name: str) -> None:
    [resource] = [one for (_, type_, own), one in HUB.resources.items() if f"{type_}/{own}" == name]
    assert {member: value for member, value in resource.items() if member not in OF_EVERY_RESOURCE} == RESOURCES[name]


def test_everything_that_has_a_place_is_in_the_region_and_tagged_with_the_environment() -> None:
    placed = [one for one in deploy_hub(extraTags={"team": "crm"}).resources.values() if "location" in one]
    assert len(placed) == 8
    assert {one["location"] for one in placed} == {"westeurope"}
    assert all(one["tags"].items() >= {"azd-env-name": "test", "team": "crm"}.items() for one in placed)


def test_azd_finds_the_app_by_its_tag() -> None:
    assert HUB.of_type("Microsoft.Web/sites")[0]["tags"]["azd-service-name"] == "hub"


@pytest.mark.parametrize("name", WATCHING)
def test_the_modules_with_tests_of_their_own_hold_nothing_else(name: str) -> None:
    resources = TEMPLATE["resources"][name]["properties"]["template"]["resources"]
    types = {one["type"] for one in (resources.values() if isinstance(resources, dict) else resources)}
    assert types == WATCHING_TYPES[name]


def test_every_module_is_used() -> None:
    used = set(re.findall(r"^module \w+ '(.+)'", SOURCE, re.MULTILINE))
    assert used == {path.relative_to(ROOT / "infra").as_posix() for path in (ROOT / "infra").glob("modules/*.bicep")}
    assert {f"modules/{name}.bicep" for name in WATCHING} <= used


def test_the_queues_are_those_that_functions_listen_to_and_their_poison_queues() -> None:
    # The platform looks at a queue before it starts an instance, so it must be there before the first message.
    bindings = [
        binding
        for path in ROOT.glob("*/function.json")
        for binding in json.loads(path.read_text(encoding="utf-8"))["bindings"]
    ]
    listened = {binding["queueName"] for binding in bindings if "queueName" in binding}
    queues = HUB.of_type("Microsoft.Storage/storageAccounts/queueServices/queues")
    made = {queue["name"].rpartition("/")[2] for queue in queues}
    assert made == listened | {f"{queue}-poison" for queue in listened} == {*QUEUES, *POISON_QUEUES}
