from pathlib import Path

from devhost.seed import seed
from shared.hub import Hub
from shared.roles.directory import User
from shared.roles.table import ROLES_TABLE, TableDirectory


def test_more_managers_may_be_users_of_arcgis(hub: Hub, tmp_path: Path) -> None:
    seed(hub, {"RELATIONSHIP_MANAGERS": "ann@hub.example, arcgis:Megan_M"}, tmp_path / "api_key")
    directory = TableDirectory(hub.storage.table(ROLES_TABLE), "Relationship Manager")
    users = [User.of_account("ann@hub.example"), User.arcgis("Megan_M"), User.arcgis("ann@hub.example")]
    assert [directory.is_member(user) for user in users] == [True, True, False]
