"""The client of Dataverse's Web API, version 9.2: rows are read, listed, created, changed and deleted.

docs/sources/dynamics.md 2.1 to 2.3. Paths are below `API_PATH`. Every method raises DataverseRefused if Dataverse says
no, and what its WebApi raises if Dataverse is out of reach, is busy, or gives an unusable answer.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from uuid import UUID

import requests

from shared.dynamics.refusal import DataverseRefused, refusal_of
from shared.errors import Throttled, Unavailable
from shared.web_api import Answer, WebApi

API_PATH = "/api/data/v9.2/"
FRESH = {"Consistency": "Strong"}
"""Headers that bypass Dataverse's caches of up to 30 s, for what somebody may have created just now."""

_ODATA = {"OData-MaxVersion": "4.0", "OData-Version": "4.0", "If-None-Match": "null"}
# Which table a lookup points to stands in an annotation of its column only, and so do texts for users.
_READ = {
    **_ODATA,
    "Prefer": "odata.include-annotations="
    '"Microsoft.Dynamics.CRM.lookuplogicalname,OData.Community.Display.V1.FormattedValue"',
}
_SOLUTION = "MSCRM.SolutionUniqueName"

type Row = Mapping[str, object]


class Organization:
    """One environment of Dataverse."""

    def __init__(self, api: WebApi) -> None:
        self._api = api

    @cached_property
    def id(self) -> str:
        """The organization's id, a GUID in lower case; asked for once."""
        row = self.read("WhoAmI")
        try:
            return str(UUID(str(row.get("OrganizationId"))))
        except ValueError:
            raise self._api.bad_response("does not say which organization it is") from None

    def read(self, path: str) -> Row:
        """One row, or the answer of a function."""
        answer = self._api.get(API_PATH + path, _READ)
        self._check(answer)
        if answer.status != requests.codes.ok or not answer.content:
            raise self._api.bad_response(f"answered {answer.status} instead of a row")
        return answer.content

    def find(self, path: str) -> Row | None:
        """One row, None if Dataverse answers 404."""
        try:
            return self.read(path)
        except DataverseRefused as refusal:
            if refusal.status == requests.codes.not_found:
                return None
            raise

    def list(self, path: str, headers: Mapping[str, str] | None = None) -> Iterator[Row]:
        """The rows of a collection, all pages of it."""
        return self._api.pages(API_PATH + path, {**_READ, **(headers or {})}, check=self._check)

    def create(self, set_: str, row: Row, solution: str | None = None) -> None:
        """Create a row, which must have its id; if another row has this id, DataverseRefused says 412.

        With the unique name of a solution that is not managed, the row becomes a part of it.

        If the answer is lost, the row is sent once more: its id keeps it from being created twice. A 412 to the second
        request (`is_second`) may be about the very row that the first one created, so the caller must look.
        """
        headers = {} if solution is None else {_SOLUTION: solution}
        try:
            self._write("POST", set_, row, headers)
        except Throttled:
            # No answer was lost, and a busy Dataverse is left alone.
            raise
        except Unavailable:
            self._create_again(set_, row, headers)

    def _create_again(self, set_: str, row: Row, headers: Mapping[str, str]) -> None:
        try:
            self._write("POST", set_, row, headers)
        except DataverseRefused as refusal:
            refusal.is_second = True
            raise

    def update(self, path: str, changes: Row) -> None:
        """Change columns of a row; one that is gone is refused with 404, and not created again."""
        self._write("PATCH", path, changes, {"If-Match": "*"})

    def delete(self, path: str) -> None:
        """Delete a row, if it is still there."""
        try:
            self._write("DELETE", path, None)
        except DataverseRefused as refusal:
            if refusal.status != requests.codes.not_found:
                raise

    def _write(self, method: str, path: str, row: Row | None, headers: Mapping[str, str] | None = None) -> None:
        answer = self._api.send(method, API_PATH + path, {**_ODATA, **(headers or {})}, row)
        self._check(answer)
        if answer.status not in {requests.codes.ok, requests.codes.created, requests.codes.no_content}:
            raise self._api.bad_response(f"answered {answer.status} to a {method}")

    def _check(self, answer: Answer) -> None:
        if answer.status < requests.codes.bad_request:
            return
        refusal = refusal_of(answer)
        if answer.status == requests.codes.not_found and not refusal.is_dataverses:
            # It may be a proxy's page: believed, it would make a row count as deleted.
            raise self._api.bad_response("answered 404 without an error of its own")
        raise refusal
