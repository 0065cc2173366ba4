"""Dataverse's Web API, as far as the hub reads it: facts/dynamics.md 2.1."""

from collections.abc import Callable, Mapping
from typing import Protocol

import requests

from shared.deadline import remaining_seconds
from shared.errors import DataverseDown

_API = "/api/data/v9.2/"
_CONNECT_SECONDS = 3.0
_READ_SECONDS = 10.0
_HEADERS = {
    "Accept": "application/json",
    "OData-MaxVersion": "4.0",
    "OData-Version": "4.0",
    "If-None-Match": "null",
    # The types of the connected records stand in annotations of the look-up columns.
    "Prefer": 'odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname"',
}


class ConnectionReader(Protocol):
    """Reads rows of the table `connection`."""

    def read_connection(self, connection_id: str) -> Mapping[str, object] | None:
        """The row, None while it cannot be seen (not committed yet, or deleted); raises DataverseDown."""
        ...


class DataverseClient:
    """Asks one environment. `token` gives the access token for it, fresh or cached, and may raise DataverseDown."""

    def __init__(self, url: str, token: Callable[[], str], session: requests.Session) -> None:
        self._url = url
        self._token = token
        self._session = session

    def read_connection(self, connection_id: str) -> Mapping[str, object] | None:
        """The row, None while it cannot be seen; raises DataverseDown for everything else that is no row."""
        columns = "_record1id_value,_record2id_value,_record2roleid_value,_createdby_value"
        response = self._get(f"connections({connection_id})?$select={columns}")
        if response.status_code == requests.codes.not_found:
            return None
        if response.status_code != requests.codes.ok:
            raise DataverseDown(f"Dataverse answered {response.status_code}")
        try:
            row = response.json()
        except requests.JSONDecodeError:
            row = None
        if not isinstance(row, dict):
            raise DataverseDown("Dataverse answered with something that is no row")
        return row

    def _get(self, path: str) -> requests.Response:
        if not self._url:
            raise DataverseDown("DATAVERSE_URL is not set, so no row can be read")
        left = remaining_seconds(at_most=_CONNECT_SECONDS + _READ_SECONDS)
        if left <= 0:
            raise DataverseDown("no time is left to ask Dataverse")
        limits = (min(_CONNECT_SECONDS, left), min(_READ_SECONDS, left))
        headers = {**_HEADERS, "Authorization": f"Bearer {self._token()}"}
        try:
            return self._session.get(self._url + _API + path, headers=headers, timeout=limits, allow_redirects=False)
        except requests.RequestException as exc:
            # Only the class: the text of a requests error can hold the whole address.
            raise DataverseDown(f"Dataverse cannot be reached ({type(exc).__name__})") from None
