"""Who may do what with data: every role that infra/main.json grants, for one resource each."""

from typing import Any

from tests.infra.arm_language import DEPLOYER_ID
from tests.infra.hub import TEMPLATE, TOKEN, deploy_hub

STORAGE = f"Microsoft.Storage/storageAccounts/st{TOKEN}"
VAULT = f"Microsoft.KeyVault/vaults/kv-{TOKEN}"
INSIGHTS = f"Microsoft.Insights/components/appi-{TOKEN}"
# Who (app: the app's identity; operator: who deploys), what they may do, and with what. Nothing on a resource group.
ROLES = {
    ("app", "Storage Blob Data Owner", STORAGE),
    ("app", "Storage Queue Data Contributor", STORAGE),
    ("app", "Storage Table Data Contributor", STORAGE),
    ("app", "Monitoring Metrics Publisher", INSIGHTS),
    ("app", "Key Vault Secrets User", VAULT),
    ("operator", "Storage Queue Data Contributor", STORAGE),
    ("operator", "Storage Table Data Contributor", STORAGE),
}
ROLE_NAMES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
}
"""Azure's own ids of its roles."""


def assignments(**parameters: object) -> list[dict[str, Any]]:
    return deploy_hub(**parameters).of_type("Microsoft.Authorization/roleAssignments")


def granted(**parameters: object) -> set[tuple[str, str, str]]:
    who = {"PRINCIPAL-ID": "app", DEPLOYER_ID: "operator"}
    return {
        (
            who.get(one["properties"]["principalId"], one["properties"]["principalId"]),
            ROLE_NAMES[one["properties"]["roleDefinitionId"].rpartition("/")[2]],
            one["scope"],
        )
        for one in assignments(**parameters)
    }


def test_exactly_these_roles_are_granted() -> None:
    assert granted() == ROLES


def test_the_operator_can_be_somebody_else_or_nobody() -> None:
    assert {who for who, _, _ in granted(principalId="TEAM", principalType="Group")} == {"app", "TEAM"}
    assert granted(operatorAccess=False) == granted(principalId="") == {one for one in ROLES if one[0] == "app"}


def test_azure_is_told_what_each_principal_is() -> None:
    # One that is new may not be found yet; without its type the assignment would be refused.
    types = {
        one["properties"]["principalId"]: one["properties"]["principalType"]
        for one in assignments(principalType="ServicePrincipal", principalId="ROBOT")
    }
    assert types == {"PRINCIPAL-ID": "ServicePrincipal", "ROBOT": "ServicePrincipal"}
    assert {one["properties"]["principalType"] for one in assignments()} == {"ServicePrincipal", "User"}


def test_an_assignment_has_a_name_of_its_own_that_a_second_deployment_finds_again() -> None:
    names = [one["name"] for one in assignments()]
    assert len(set(names)) == len(ROLES)
    assert names == [one["name"] for one in assignments()]
    # An identity that was made anew is another principal: the old name would be refused.
    assert all("PRINCIPAL-ID" in name or DEPLOYER_ID in name for name in names)


def test_roles_are_there_before_the_site() -> None:
    # Without a role yet, the identity could neither upload the first package nor take a setting from the vault.
    assert "roles" in TEMPLATE["resources"]["site"]["dependsOn"]
