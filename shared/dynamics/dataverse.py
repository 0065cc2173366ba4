"""What the hub reads of Dataverse for each event: connections and users (docs/sources/dynamics.md 2.1 and 3.3)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from shared.dynamics.organization import Organization, Row
from shared.dynamics.refusal import DataverseRefused
from shared.errors import DataverseDown
from shared.roles.graph import SystemUser
from shared.web_api import WebApi


class ConnectionReader(Protocol):
    """Reads rows of table `connection`."""

    def read_connection(self, connection_id: str) -> Mapping[str, object] | None:
        """The row, None while it cannot be seen (not committed yet, or deleted); raises DataverseDown or Throttled."""
        ...


class DataverseClient:
    """Asks one environment. `api` raises DataverseDown for unusable answers, too."""

    def __init__(self, api: WebApi) -> None:
        self._organization = Organization(api)

    def read_connection(self, connection_id: str) -> Mapping[str, object] | None:
        """The row, None while it cannot be seen; raises DataverseDown for any other answer, Throttled if it is busy."""
        with _outages():
            return find_connection(self._organization, connection_id)

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


def find_connection(organization: Organization, connection_id: str) -> Row | None:
    """A connection's row with its records, their tables, its role and its creator; None while it cannot be seen."""
    columns = "_record1id_value,_record2id_value,_record2roleid_value,_createdby_value"
    return organization.find(f"connections({connection_id})?$select={columns}")


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except DataverseRefused as refusal:
        # An event waits until the app may read again, whatever the reason.
        raise DataverseDown(str(refusal)) from None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
