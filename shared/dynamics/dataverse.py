"""Dataverse's Web API, as far as the hub reads it: facts/dynamics.md 2.1 and 3.3."""

from collections.abc import Mapping
from typing import Protocol

import requests

from shared.errors import DataverseDown
from shared.roles.system_user import SystemUser
from shared.web_api import WebApi

API_PATH = "/api/data/v9.2/"
_HEADERS = {
    "OData-MaxVersion": "4.0",
    "OData-Version": "4.0",
    "If-None-Match": "null",
    # The types of the connected records stand in annotations of the look-up columns.
    "Prefer": 'odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname"',
}


class ConnectionReader(Protocol):
    """Reads rows of table `connection`."""

    def read_connection(self, connection_id: str) -> Mapping[str, object] | None:
        """The row, None while it cannot be seen (not committed yet, or deleted); raises DataverseDown."""
        ...


class DataverseClient:
    """Asks one environment."""

    def __init__(self, api: WebApi) -> None:
        self._api = api

    def read_connection(self, connection_id: str) -> Mapping[str, object] | None:
        """The row, None while it cannot be seen; raises DataverseDown for everything else that is no row."""
        columns = "_record1id_value,_record2id_value,_record2roleid_value,_createdby_value"
        return self._row(f"connections({connection_id})?$select={columns}")

    def read_user(self, system_user_id: str) -> SystemUser | None:
        """The user, None where Dataverse knows none; raises DataverseDown for everything else that is no user."""
        columns = "azureactivedirectoryobjectid,domainname,isdisabled"
        row = self._row(f"systemusers({system_user_id})?$select={columns}")
        if row is None:
            return None
        disabled = row.get("isdisabled")
        if not isinstance(disabled, bool):
            raise DataverseDown("Dataverse answered with something that is no user")
        return SystemUser(_text(row.get("azureactivedirectoryobjectid")), _text(row.get("domainname")), disabled)

    def _row(self, path: str) -> Mapping[str, object] | None:
        answer = self._api.get(API_PATH + path, _HEADERS)
        if answer.status == requests.codes.not_found:
            return None
        if answer.status != requests.codes.ok or not answer.content:
            raise DataverseDown(f"Dataverse answered {answer.status}, which is no row")
        return answer.content


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
