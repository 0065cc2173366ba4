"""Fills a fresh development storage: a demo manager who has both roles, and an API key of theirs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devhost.private import write_private
from shared.callers.api_keys import API_KEYS_TABLE, ApiKeys, new_key
from shared.roles.table import ROLES_TABLE, TableRoles
from shared.settings import Settings
from shared.storage.account import StorageAccount

MANAGER = {
    # The initiating user of the sample connection, so that the first steps work as they are printed.
    "systemuserid": "cc03d281-c95c-e911-a979-000d3a1cc8fe",
    "upn": "manager@hub.example",
    "oid": "5f0b4c8e-2d6a-4c5e-9a53-7b1c0e4d9a21",
}
_MORE_MANAGERS = "RELATIONSHIP_MANAGERS"


@dataclass(frozen=True)
class Seed:
    """What was seeded: the demo manager's ids and API key."""

    manager: Mapping[str, str]
    api_key: str


def seed(settings: Settings, environment: Mapping[str, str], key_file: Path) -> Seed:
    """Grant both roles to the demo manager, and the manager's to RELATIONSHIP_MANAGERS; register the key of `key_file`.

    The key is made once and kept, so that it outlives a wiped storage. Doing all this again changes nothing.
    """
    storage = StorageAccount(settings.storage)
    roles = TableRoles(storage.table(ROLES_TABLE))
    for user in MANAGER.values():
        roles.grant(user, settings.relationship_manager_role, note="demo manager")
        roles.grant(user, settings.administrator_role, note="demo manager")
    for user in filter(None, map(str.strip, environment.get(_MORE_MANAGERS, "").split(","))):
        roles.grant(user, settings.relationship_manager_role, note=_MORE_MANAGERS)
    return Seed(MANAGER, _seed_key(ApiKeys(storage.table(API_KEYS_TABLE)), key_file))


def _seed_key(api_keys: ApiKeys, key_file: Path) -> str:
    if not key_file.exists():
        write_private(key_file, new_key())
    key = key_file.read_text(encoding="utf-8").strip()
    api_keys.register(key, MANAGER["upn"], note="demo manager")
    return key
