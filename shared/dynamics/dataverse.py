"""What the hub reads of Dataverse for each event: rows and users (docs/sources/dynamics.md 2.1 and 3.3)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from shared.dynamics.organization import Organization, Row
from shared.dynamics.refusal import DataverseRefused
from shared.errors import DataverseDown
from shared.roles.graph import SystemUser
from shared.web_api import WebApi

_TABLE = re.compile(r"[a-z0-9_]{1,128}", re.ASCII)


class Rows:
    """The rows of one environment's tables. Every method raises what Organization does."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        self._sets: dict[str, str] = {}

    def find(self, table: str, id_: str) -> Row | None:
        """All columns of a row, by its table's logical name; None if it cannot be seen, or if there is no such table.

        Raises DataverseDown if Dataverse does not say where the table's rows are.
        """
        set_ = self._set(table)
        return None if set_ is None else self._organization.find(f"{set_}({id_})")

    def _set(self, table: str) -> str | None:
        """The name under which the Web API knows a table, which never changes."""
        if table not in self._sets and _TABLE.fullmatch(table):
            row = self._organization.find(f"EntityDefinitions(LogicalName='{table}')?$select=EntitySetName")
            if row is None:
                return None
            name = row.get("EntitySetName")
            if not isinstance(name, str) or not name.isidentifier():
                raise DataverseDown("Dataverse answered with something that is not a table")
            self._sets[table] = name
        return self._sets.get(table)


class DataverseClient:
    """Asks one environment. `api` raises DataverseDown for unusable answers, too."""

    def __init__(self, api: WebApi) -> None:
        self._organization = Organization(api)
        self._rows = Rows(self._organization)

    def read_row(self, table: str, id_: str) -> Row | None:
        """The row, None while it cannot be seen; raises DataverseDown for any other answer, Throttled if it is busy."""
        with _outages():
            return self._rows.find(table, id_)

    def read_user(self, system_user_id: str) -> SystemUser | None:
        """The user, None if Dataverse has no such user; raises DataverseDown for any other answer, or Throttled."""
        columns = "azureactivedirectoryobjectid,domainname,isdisabled"
        with _outages():
            row = self._organization.find(f"systemusers({system_user_id})?$select={columns}")
        if row is None:
            return None
        disabled = row.get("isdisabled")
        if not isinstance(disabled, bool):
            raise DataverseDown("Dataverse answered with something that is not a user")
        return SystemUser(_text(row.get("azureactivedirectoryobjectid")), _text(row.get("domainname")), disabled)


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except DataverseRefused as refusal:
        # An event waits until the app may read again, whatever the reason.
        raise DataverseDown(str(refusal)) from None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
