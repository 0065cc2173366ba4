"""The role directory in Table Storage: who has a role stands in table `roles`, one row for each id of a user.

An administrator grants it to any ids of a person: systemuser id, UPN, Entra object id. The row's partition is the role
and its key the user, so one point read answers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from azure.data.tables import TableEntity

from shared.roles.directory import Tell
from shared.roles.user import User, normal_user_id
from shared.storage.keys import key_text
from shared.storage.query import Query
from shared.storage.tables import Table

ROLES_TABLE = "roles"


@dataclass(frozen=True)
class Grant:
    """One row: this id of a user has the role."""

    user: str
    role: str
    note: str
    granted_at: datetime | None


class TableRoles:
    """The embedded role directory: roles are asked for, granted and revoked. Every method raises StorageDown.

    Roles compare ignoring case and blanks around their names.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def has_role(self, user: User, role: str) -> bool:
        """Whether this id has a row for this role, or the object id by which Entra knows the same user."""
        ids = (user.id, user.entra_id) if user.entra_id else (user.id,)
        return any(self._table.get(_partition(role), key_text(id_)) is not None for id_ in ids)

    def explain(self, user: User, role: str, tell: Tell) -> bool:
        """The same, in a sentence."""
        has_role = self.has_role(user, role)
        tell(f"table {ROLES_TABLE}: {user.id} {'has' if has_role else 'does not have'} the role {role.strip()}")
        return has_role

    def grant(self, user: str, role: str, *, note: str = "") -> None:
        """Give the role to an id. Granting it again changes the note only."""
        normal = normal_user_id(user)
        keys = {"PartitionKey": _partition(role), "RowKey": key_text(normal)}
        self._table.put({**keys, "User": normal, "Role": role.strip(), "Note": note})

    def revoke(self, user: str, role: str) -> bool:
        """Take the role from an id; False if it did not have it."""
        keys = _partition(role), key_text(normal_user_id(user))
        had_role = self._table.get(*keys) is not None
        self._table.delete(*keys)
        return had_role

    def grants(self, role: str) -> Iterator[Grant]:
        """All ids that have the role, in the order of their spelling."""
        return map(_grant, self._table.query(Query().where("PartitionKey eq", _partition(role))))


def _partition(role: str) -> str:
    return key_text(role.strip().casefold())


def _grant(row: TableEntity) -> Grant:
    return Grant(row["User"], row["Role"], row.get("Note", ""), row.metadata.get("timestamp"))
