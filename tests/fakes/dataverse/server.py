"""Dataverse's Web API: rows by set and id, read, listed, made, changed and deleted (docs/sources/dynamics.md 2)."""

import json
import re
import threading
from collections.abc import Mapping
from itertools import product
from uuid import uuid4

from tests.fakes.dataverse.calls import (
    Created,
    EndpointUnavailable,
    Operation,
    Updated,
    run_step,
    steps_on_create,
    steps_on_update,
)
from tests.fakes.dataverse.faults import Faults
from tests.fakes.dataverse.query import Refused, check_options, matching, preferred, shown
from tests.fakes.dataverse.tables import ENTITY_SETS, LOOKUP_TABLE, TABLES, Row, metadata
from tests.fakes.dataverse.writing import changed_columns, check_endpoint, check_image, check_step, new_columns
from tests.fakes.server import FakeServer, Received, Reply, json_reply

API_PATH = "/api/data/v9.2/"
ORGANIZATION = "3609bbbd-a041-5c9e-acb0-045d2dff171d"

_PATH = re.compile(rf"{API_PATH}(\w+)(?:\(([0-9a-f-]{{36}})\)(?:/(\w+))?)?")
_DEFINITION = re.compile(rf"{API_PATH}EntityDefinitions\(LogicalName='(\w+)'\)")
_ODATA = {"odata-version": "4.0", "odata-maxversion": "4.0", "accept": "application/json"}
_ENDPOINTS, _STEPS, _JOBS = "serviceendpoints", "sdkmessageprocessingsteps", "asyncoperations"
_IMAGES = "sdkmessageprocessingstepimages"


class FakeDataverse(FakeServer):
    """`rows` holds what can be seen, by set and id: `rows["connections"][id]`. Any Bearer token is good enough.

    `secrets` holds the authvalue of each webhook, which no answer has. `hosts` maps origins to where they are.
    `solutions` holds the ids of what was created in each solution; there are no others than these.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, dict[str, Row]] = metadata()
        self.secrets: dict[str, str] = {}
        self.hosts: dict[str, str] = {}
        self.solutions: dict[str, list[str]] = {}
        self.page_size = 5000
        self._lock = threading.RLock()
        self.faults = Faults()

    def add(self, set_: str, id_: str, row: Mapping[str, object]) -> None:
        """Let a row be seen; annotations of its look-up columns are columns of the row here."""
        self.rows.setdefault(set_, {})[id_] = dict(row)

    def add_row(self, table: str, id_: str, columns: Mapping[str, object]) -> None:
        """Let a row of a table be seen, by its logical name, with the annotations of its columns."""
        self.add(ENTITY_SETS[table], id_, {f"{table}id": id_, **columns})

    def add_connection(
        self, id_: str, record1: tuple[str, str], record2: tuple[str, str], user: str | None = None
    ) -> None:
        """Let a connection be seen; a record is its table's logical name and its id."""
        columns: Row = {"connectionid": id_, "_record2roleid_value": None, "_createdby_value": user}
        for column, (table, record_id) in {"record1id": record1, "record2id": record2}.items():
            columns[f"_{column}_value"] = record_id
            columns[f"_{column}_value{LOOKUP_TABLE}"] = table
        if user is not None:
            columns[f"_createdby_value{LOOKUP_TABLE}"] = "systemuser"
        self.add("connections", id_, columns)

    def add_user(self, id_: str, entra_id: str | None, name: str, *, is_disabled: bool = False) -> None:
        """Let a user be seen."""
        ids = {"systemuserid": id_, "azureactivedirectoryobjectid": entra_id}
        self.add("systemusers", id_, {**ids, "domainname": name, "isdisabled": is_disabled})

    def create_connection(self, record1: tuple[str, str], record2: tuple[str, str], user: str) -> str:
        """Create a connection as a user does: two rows, one for each direction, and the webhooks are called.

        Returns the id of the first. If a synchronous step fails, raises EndpointUnavailable, and nothing is created.
        """
        pair = [Created(str(uuid4()), *ends, user, ORGANIZATION) for ends in ((record1, record2), (record2, record1))]
        for created in pair:
            self.add_connection(created.id, created.record1, created.record2, user)
        try:
            for created, step in product(pair, steps_on_create(self.rows)):
                self._run(step, created)
        except EndpointUnavailable:
            for created in pair:
                del self.rows["connections"][created.id]
            raise
        return pair[0].id

    def update_row(
        self, table: str, id_: str, columns: Mapping[str, object], before: Mapping[str, object], user: str
    ) -> None:
        """Change a row as a user does: the webhooks are called whose steps wait for one of these columns."""
        own = tuple(self.rows.get(_IMAGES, {}).values())
        updated = Updated(id_, table, columns, before, user, ORGANIZATION, own)
        for step in steps_on_update(table, columns.keys(), self.rows):
            self._run(step, updated)

    def _run(self, step: Row, done: Operation) -> None:
        endpoint = self.rows[_ENDPOINTS][str(step["_eventhandler_value"])]
        secret = self.secrets[str(endpoint["serviceendpointid"])]
        if job := run_step(step, endpoint, secret, done, self.hosts):
            self.add(_JOBS, str(job["asyncoperationid"]), job)

    def reset(self) -> None:
        """Make it as it was in the beginning, without added rows."""
        super().reset()
        self.rows.clear()
        self.rows.update(metadata())
        self.secrets.clear()
        self.hosts.clear()
        self.solutions.clear()
        self.page_size = 5000
        self.faults.clear()

    def reply(self, request: Received) -> Reply:
        """What Dataverse answers: rows, nothing, or its kind of refusal."""
        if request.bearer is None:
            return Reply(401, headers={"WWW-Authenticate": "Bearer authorization_uri=https://login.example/common"})
        set_ = request.path.removeprefix(API_PATH).partition("(")[0]
        self.faults.wait(request, set_)
        fate = self.faults.take(request, set_)
        if fate.instead is not None:
            return fate.instead
        answer = self._answer_of(request)
        if fate.is_lost:
            raise ConnectionAbortedError
        return fate.late or answer

    def _answer_of(self, request: Received) -> Reply:
        try:
            if any(request.headers.get(name) != value for name, value in _ODATA.items()):
                raise Refused(400, "the OData headers are missing", "0x0")
            with self._lock:
                return self._serve(request)
        except Refused as refused:
            error = {"error": {"code": refused.code, "message": refused.message}}
            return json_reply(error, refused.status, x_ms_service_request_id=str(uuid4()))

    def _serve(self, request: Received) -> Reply:
        found = _PATH.fullmatch(request.path)
        if (about := _about(request)) is not None:
            return about
        if found is None or found.group(1) not in {*TABLES, *ENTITY_SETS.values()}:
            raise Refused(404, "Resource not found for the segment")
        set_, id_, navigation = found.groups()
        match request.method, id_, navigation:
            case "GET", None, None:
                return self._list(request, set_, [*self.rows.get(set_, {}).values()])
            case "GET", _, "serviceendpoint_sdkmessageprocessingstep" if set_ == _ENDPOINTS:
                self._row(set_, id_)
                return self._list(request, _STEPS, self._steps_of(id_))
            case "GET", _, None if set_ in ENTITY_SETS.values() and not request.query:
                return _whole(request, self._row(set_, id_))
            case "GET", _, None:
                return self._show(request, set_, self._row(set_, id_))
            case "POST", None, None:
                return self._create(request, set_, _body(request))
            case "PATCH", str(), None:
                return self._change(request, set_, id_)
            case "DELETE", str(), None:
                return self._delete(set_, id_)
        raise Refused(404, f"Resource not found for the segment '{navigation or set_}'")

    def _row(self, set_: str, id_: str) -> Row:
        row = self.rows.get(set_, {}).get(id_)
        if row is None:
            raise Refused(404, f"Entity With Id = {id_} Does Not Exist", "0x80040217")
        return row

    def _show(self, request: Received, set_: str, row: Row) -> Reply:
        check_options(TABLES[set_], request.query)
        shown_row = shown(TABLES[set_], row, request.query, request.headers.get("prefer", ""), self.rows)
        return json_reply({"@odata.context": "...", **shown_row}, OData_Version="4.0")

    def _list(self, request: Received, set_: str, rows: list[Row]) -> Reply:
        check_options(TABLES[set_], request.query)
        found, first = matching(TABLES[set_], rows, request.query), int(request.query.get("$skiptoken", 0))
        page = found[first : first + self.page_size]
        prefer = request.headers.get("prefer", "")
        answer: Row = {"value": [shown(TABLES[set_], row, request.query, prefer, self.rows) for row in page]}
        # With $top there are no pages.
        if "$top" not in request.query and first + self.page_size < len(found):
            answer["@odata.nextLink"] = self._next_link(request, first + self.page_size)
        return json_reply(answer, OData_Version="4.0")

    def _next_link(self, request: Received, skip: int) -> str:
        query = {**request.query, "$skiptoken": str(skip)}
        return f"{self.url}{request.path}?" + "&".join(f"{name}={value}" for name, value in query.items())

    def _create(self, request: Received, set_: str, body: Mapping[str, object]) -> Reply:
        table = TABLES[set_]
        solution = request.headers.get("mscrm.solutionuniquename")
        if solution is not None and solution not in self.solutions:
            raise Refused(400, f"The solution with the unique name {solution} does not exist", "0x80048403")
        columns = new_columns(table, body, self.rows)
        id_ = str(columns.setdefault(table.key, str(uuid4())))
        if id_ in self.rows.get(set_, {}):
            raise Refused(412, "A record with matching key values already exists.", "0x80040237")
        state: Row = {"statecode": 0, "statuscode": 1} if set_ == _STEPS else {"ismanaged": False}
        self._store(set_, id_, {**columns, **state})
        if solution is not None:
            self.solutions[solution].append(id_)
        return Reply(204, headers={"OData-EntityId": f"{self.url}{API_PATH}{set_}({id_})", "OData-Version": "4.0"})

    def _change(self, request: Received, set_: str, id_: str) -> Reply:
        if request.headers.get("if-match") != "*":
            raise Refused(428, "the fake makes no row by PATCH, as Dataverse would without If-Match")
        row, changes = self._row(set_, id_), changed_columns(TABLES[set_], _body(request), self.rows)
        before = {"authvalue": self.secrets[id_]} if set_ == _ENDPOINTS and "url" not in changes else {}
        self._store(set_, id_, {**row, **before, **changes})
        return Reply(204, headers={"OData-Version": "4.0"})

    def _store(self, set_: str, id_: str, row: Row) -> None:
        if set_ == _ENDPOINTS:
            check_endpoint(row)
            self.secrets[id_] = str(row.pop("authvalue"))
            row["isauthvalueset"] = True
        elif set_ == _STEPS:
            check_step(row, self.rows)
        elif set_ == _IMAGES:
            check_image(row, self.rows)
        else:
            raise Refused(405, "nobody writes this", "0x8006088a")
        self.add(set_, id_, row)

    def _delete(self, set_: str, id_: str) -> Reply:
        if self._row(set_, id_).get("ismanaged"):
            raise Refused(400, "The component is managed and cannot be deleted", "0x8004f01f")
        self._remove(set_, id_)
        self.secrets.pop(id_, None)
        return Reply(204, headers={"OData-Version": "4.0"})

    def _remove(self, set_: str, id_: str) -> None:
        # A webhook's steps and a step's images are deleted too (Delete: Cascade), in the same transaction.
        below, column = {
            _ENDPOINTS: (_STEPS, "_eventhandler_value"),
            _STEPS: (_IMAGES, "_sdkmessageprocessingstepid_value"),
        }.get(set_, ("", ""))
        for one, row in [*self.rows.get(below, {}).items()]:
            if row[column] == id_:
                self._remove(below, one)
        del self.rows[set_][id_]

    def _steps_of(self, endpoint_id: str) -> list[Row]:
        return [step for step in self.rows.get(_STEPS, {}).values() if step["_eventhandler_value"] == endpoint_id]


def _about(request: Received) -> Reply | None:
    """What Dataverse says about itself: which organization it is, and where the rows of a table are."""
    if request.path == f"{API_PATH}WhoAmI" and request.method == "GET":
        return json_reply({"BusinessUnitId": str(uuid4()), "UserId": str(uuid4()), "OrganizationId": ORGANIZATION})
    found = _DEFINITION.fullmatch(request.path)
    if found is None:
        return None
    table = found[1]
    if table not in ENTITY_SETS:
        raise Refused(404, f"Could not find an entity with specified entity name: {table}", "0x80060888")
    return json_reply({"EntitySetName": ENTITY_SETS[table], "LogicalName": table}, OData_Version="4.0")


def _whole(request: Received, row: Row) -> Reply:
    columns = preferred(row, request.headers.get("prefer", ""))
    return json_reply({"@odata.context": "...", "@odata.etag": 'W/"1"', **columns}, OData_Version="4.0")


def _body(request: Received) -> dict[str, object]:
    if request.headers.get("content-type") != "application/json":
        raise Refused(415, "The content type is not supported")
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "The payload is no JSON object", "0x80048d19")
    return body
