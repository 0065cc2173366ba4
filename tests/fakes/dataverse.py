"""Dataverse's Web API: rows by set and id, read one by one (facts/dynamics.md 2.1)."""

import re
from collections.abc import Mapping

from tests.fakes.server import FakeServer, Received, Reply, json_reply

API_PATH = "/api/data/v9.2/"

_ROW = re.compile(rf"{API_PATH}(\w+)\(([0-9a-f-]{{36}})\)")
_LOOKUP_TABLE = "@Microsoft.Dynamics.CRM.lookuplogicalname"
_ODATA = {"odata-version": "4.0", "odata-maxversion": "4.0", "accept": "application/json"}

type Row = dict[str, object]


class FakeDataverse(FakeServer):
    """`rows` holds what can be seen, by set and id: `rows["connections"][id]`. Any Bearer token is good enough."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, dict[str, Row]] = {}

    def add(self, set_: str, id_: str, row: Mapping[str, object]) -> None:
        """Let a row be seen; annotations of its look-up columns are columns of the row here."""
        self.rows.setdefault(set_, {})[id_] = dict(row)

    def add_connection(self, id_: str, record1: tuple[str, str], record2: tuple[str, str]) -> None:
        """Let a connection be seen; a record is its table's logical name and its id."""
        columns: Row = {"connectionid": id_, "_record2roleid_value": None, "_createdby_value": None}
        for column, (table, record_id) in {"record1id": record1, "record2id": record2}.items():
            columns[f"_{column}_value"] = record_id
            columns[f"_{column}_value{_LOOKUP_TABLE}"] = table
        self.add("connections", id_, columns)

    def add_user(self, id_: str, entra_id: str | None, name: str, *, is_disabled: bool = False) -> None:
        """Let a user be seen."""
        ids = {"systemuserid": id_, "azureactivedirectoryobjectid": entra_id}
        self.add("systemusers", id_, {**ids, "domainname": name, "isdisabled": is_disabled})

    def reset(self) -> None:
        """As it was in the beginning, without a row."""
        super().reset()
        self.rows.clear()

    def reply(self, request: Received) -> Reply:
        """A row with the columns that were selected, or Dataverse's kind of refusal."""
        if request.bearer is None:
            return Reply(401, headers={"WWW-Authenticate": "Bearer authorization_uri=https://login.example/common"})
        if any(request.headers.get(name) != value for name, value in _ODATA.items()):
            return _error(400, "the OData headers are missing")
        found = _ROW.fullmatch(request.path)
        if request.method != "GET" or found is None:
            return _error(404, "Resource not found for the segment")
        row = self.rows.get(found.group(1), {}).get(found.group(2))
        if row is None:
            return _error(404, f"Entity With Id = {found.group(2)} Does Not Exist", code="0x80040217")
        return json_reply(_selected(row, request), OData_Version="4.0", Preference_Applied="odata.include-annotations")


def _selected(row: Row, request: Received) -> Row:
    columns = request.query["$select"].split(",") if "$select" in request.query else list(row)
    wants_tables = _LOOKUP_TABLE.removeprefix("@") in request.headers.get("prefer", "")
    selected: Row = {"@odata.context": "...", "@odata.etag": 'W/"1"'}
    for column in columns:
        selected[column] = row.get(column)
        if wants_tables and column + _LOOKUP_TABLE in row:
            selected[column + _LOOKUP_TABLE] = row[column + _LOOKUP_TABLE]
    return selected


def _error(status: int, message: str, code: str = "0x0") -> Reply:
    return json_reply({"error": {"code": code, "message": message}}, status)
