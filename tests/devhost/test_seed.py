"""Who has which role in a fresh development storage."""

from pathlib import Path

from devhost.seed import MANAGER, seed
from shared.hub.hub import Hub
from shared.roles.table import ROLES_TABLE, TableRoles
from shared.roles.user import User

OTHERS = "kim@hub.example, 0d8f7c52-6a3e-4b19-9c4d-1f2e3a4b5c6d"


def holders(hub: Hub, role: str) -> set[str]:
    return {grant.user for grant in TableRoles(hub.storage.table(ROLES_TABLE)).grants(role)}


def test_the_demo_manager_has_both_roles_under_each_id_and_the_others_have_one(hub: Hub, tmp_path: Path) -> None:
    for _ in range(2):
        seed(hub.settings, {"RELATIONSHIP_MANAGERS": OTHERS}, tmp_path / "api_key")
    assert holders(hub, "Webhook Administrator") == set(MANAGER.values())
    assert holders(hub, "Relationship Manager") == {*MANAGER.values(), *OTHERS.split(", ")}


def test_the_roles_are_those_of_the_settings(hub: Hub, tmp_path: Path) -> None:
    named = hub.settings.model_copy(update={"administrator_role": "Boss", "relationship_manager_role": "Seller"})
    seed(named, {}, tmp_path / "api_key")
    assert holders(hub, "boss") == holders(hub, "seller") == set(MANAGER.values())
    assert holders(hub, "Webhook Administrator") == set()


def test_more_managers_may_be_users_of_arcgis(hub: Hub, tmp_path: Path) -> None:
    seed(hub.settings, {"RELATIONSHIP_MANAGERS": "ann@hub.example, arcgis:Megan_M"}, tmp_path / "api_key")
    roles = TableRoles(hub.storage.table(ROLES_TABLE))
    users = [User.of_account("ann@hub.example"), User.arcgis("Megan_M"), User.arcgis("ann@hub.example")]
    assert [roles.has_role(user, "Relationship Manager") for user in users] == [True, True, False]
