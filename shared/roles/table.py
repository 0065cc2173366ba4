"""The role directory in Table Storage: who has a role stands in table `roles`, one row an id of a user.

An administrator grants it to whatever ids are known of a person: systemuser id, UPN, Entra object id. The row's
partition is the role and its key the user, so one point read answers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from azure.data.tables import TableEntity

from shared.roles.directory import Tell
from shared.roles.user import User, normal_user_id
from shared.storage.keys import key_text
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
    """The embedded role directory, for all roles."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def has_role(self, user: User, role: str) -> bool:
        """Whether this id has a row for this role; raises StorageDown."""
        return TableDirectory(self._table, role).is_member(user)

    def explain(self, user: User, role: str, tell: Tell) -> bool:
        """The same, in a sentence."""
        return TableDirectory(self._table, role).explain(user, tell)


class TableDirectory:
    """The embedded role directory, for one role: where that is asked for, granted and revoked."""

    def __init__(self, table: Table, role: str) -> None:
        self._table = table
        self._role = role.strip()
        self._partition = key_text(self._role.casefold())

    def is_member(self, user: User) -> bool:
        """Whether this id has a row; raises StorageDown."""
        return self._table.get(self._partition, key_text(user.id)) is not None

    def explain(self, user: User, tell: Tell) -> bool:
        """Whether this id has a row, in a sentence."""
        has_row = self.is_member(user)
        tell(f"table {ROLES_TABLE}: {user.id} {'has' if has_row else 'does not have'} the role {self._role}")
        return has_row

    def grant(self, user: str, *, note: str = "") -> None:
        """Give the role to an id. Granting it again changes the note only."""
        normal = normal_user_id(user)
        keys = {"PartitionKey": self._partition, "RowKey": key_text(normal)}
        self._table.put({**keys, "User": normal, "Role": self._role, "Note": note})

    def revoke(self, user: str) -> bool:
        """Take the role from an id; False where it had none."""
        key = key_text(normal_user_id(user))
        was_member = self._table.get(self._partition, key) is not None
        self._table.delete(self._partition, key)
        return was_member

    def grants(self) -> Iterator[Grant]:
        """All ids that have the role, in the order of their spelling."""
        return map(_grant, self._table.query("PartitionKey eq @role", {"role": self._partition}))


def _grant(row: TableEntity) -> Grant:
    return Grant(row["User"], row["Role"], row.get("Note", ""), row.metadata.get("timestamp"))
