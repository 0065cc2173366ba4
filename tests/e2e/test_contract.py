"""Every answer that the document of the API names is one that the running app gives, and has the form that it says.

The fixture of conftest.py holds each answer of every test here against the document; this file provokes all of them.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import requests

from devhost.keys import KeyStore
from devhost.launch import keys_folder, start_host, wait_until_ready
from devhost.ports import free_port
from shared.api.contract.superoffice_schemas import NEW_WEBHOOK
from shared.callers.api_keys import API_KEYS_TABLE, ApiKeys
from shared.roles.table import ROLES_TABLE, TableRoles
from tests.dynamics.registration.samples import KEY, new_step, new_webhook
from tests.e2e.running import ORIGINS, ROOT, SAMPLE, RunningApp, running_app
from tests.fakes.arcgis_portal import ORG
from tests.fakes.feature_service import signature
from tests.fakes.receiver import Receiver
from tests.fakes.server import json_reply
from tests.support.arcgis import HOOK_KEY, MANAGER, ArcGisOrganization, connection_document
from tests.support.arcgis import SECRET as ARCGIS_SECRET
from tests.support.cases import holds_for
from tests.support.contract import BY_ID, OPERATIONS, Documented
from tests.support.patience import eventually
from tests.support.tenant import Tenant, running_tenant

type Json = dict[str, Any]

PUBLIC_URL = "http://hub.example"
MAX_SIGNALS = 30
LONG_AGO, LATER = "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 2100 00:00:00 GMT"
NOWHERE = "https://93.184.216.34/"
"""A target that nobody looks up, of a webhook that is stopped."""


@dataclass(frozen=True)
class Call:
    """A request for an operation."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class World:
    """An app with everything around it, and what is stored in it."""

    app: RunningApp
    tenant: Tenant
    arcgis: ArcGisOrganization
    receiver: Receiver
    nobody: str
    many: str
    event: str
    forgotten: str
    webhook: int
    hook_connection: str

    def ask(
        self, operation: Documented, call: Call, *, key: str | None = None, code: str | None = None, url: str = ""
    ) -> requests.Response:
        """Send a request; `key` instead of the manager's API key, `code` instead of the host key: empty for none."""
        call.prepare()
        path = operation.path.format(**{name: quote(text, safe="") for name, text in call.path.items()})
        key, code = self.app.seed.api_key if key is None else key, self.app.code if code is None else code
        headers = {"Authorization": f"Bearer {key}"} if key and "X-Esri-Authorization" not in call.headers else {}
        sent = call.body
        if sent is not None and not isinstance(sent, bytes) and not hasattr(sent, "__next__"):
            sent, headers["Content-Type"] = json.dumps(sent).encode(), "application/json"
        query = {**call.query, **({"code": code} if code else {})}
        address = f"{url or self.app.url}/api{path}"
        given = {**headers, **call.headers}
        return requests.request(operation.method, address, params=query, data=sent, headers=given, timeout=60)

    def webhook_of(self, **members: object) -> str:
        """The id of a new webhook, stopped unless the members say otherwise."""
        document = {"Name": "My handler", "Events": ["a.b"], "TargetUrl": NOWHERE, "State": "Stopped", **members}
        return str(self.app.send("POST", "v1/Webhook", document).json()["WebhookId"])

    def connection(self) -> str:
        """The id of a new connection in ArcGIS."""
        made = self.ask(BY_ID["createConnection"], self.new_connection())
        return str(made.json()["connectionId"])

    def new_connection(self) -> Call:
        """The request that makes one, of a user of ArcGIS."""
        self.arcgis.reset()
        item, token = self.arcgis.add_item(), self.arcgis.portal.sign_in(MANAGER)
        return Call(workflow(), body=connection_document(item), headers={"X-Esri-Authorization": f"Bearer {token}"})

    def registered(self) -> Json:
        """A webhook in Dataverse with a step."""
        self.tenant.reset()
        made: Json = self.app.send("POST", "v1/dynamics/webhooks", new_webhook(steps=[new_step()])).json()
        return made


def workflow(**more: str) -> dict[str, str]:
    """The path of a workflow item's connections."""
    return {"orgId": ORG, "itemId": "contract", **more}


@pytest.fixture(scope="module")
def world(
    new_account: Callable[[], str], arcgis_organization: ArcGisOrganization, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """The app with an event that was delivered, one that was forgotten, and a failed job."""
    folder = tmp_path_factory.mktemp("app")
    KeyStore(keys_folder(folder)).set_function_key("WebhookConnections", "arcgis", HOOK_KEY)
    with running_tenant() as tenant, Receiver() as receiver:
        settings = {
            "DATAVERSE_URL": tenant.dataverse.url,
            "PUBLIC_URL": PUBLIC_URL,
            **tenant.identity.environment,
            **arcgis_organization.settings,
            "ROLE_CACHE_SECONDS": "0",
            "MAX_SIGNALS_PER_MINUTE": str(MAX_SIGNALS),
        }
        with running_app(new_account(), folder, lease_seconds=60, **settings) as app:
            yield _filled(app, tenant, arcgis_organization, receiver)


def _filled(app: RunningApp, tenant: Tenant, arcgis: ArcGisOrganization, receiver: Receiver) -> World:
    roles, keys = TableRoles(app.hub.storage.table(ROLES_TABLE)), ApiKeys(app.hub.storage.table(API_KEYS_TABLE))
    roles.grant(f"arcgis:{MANAGER}", "Relationship Manager")
    roles.grant("many@contoso.example", "Relationship Manager")
    made = World(
        app,
        tenant,
        arcgis,
        receiver,
        nobody=keys.issue("nobody@contoso.example")[0],
        many=keys.issue("many@contoso.example")[0],
        event="",
        forgotten="",
        webhook=0,
        hook_connection="",
    )
    saved = {"Name": "My handler", "Events": ["contract.made"], "TargetUrl": receiver.url}
    webhook = app.send("POST", "v1/Webhook", saved).json()["WebhookId"]
    for key in (1, 2):
        app.send("POST", f"v1/Webhook/contract.made/{key}", {})
    assert eventually(lambda: len(_delivered(app, webhook)) == 2)
    event, forgotten = _delivered(app, webhook)
    assert app.send("DELETE", f"v1/events/{forgotten}").status_code == 204
    return replace(made, event=event, forgotten=forgotten, webhook=webhook, hook_connection=made.connection())


def _delivered(app: RunningApp, webhook: int) -> list[str]:
    found = app.get("v1/events/deliveries", webhook=str(webhook), state="delivered").json()["value"]
    return [one["eventId"] for one in found]


@pytest.fixture(scope="module")
def misconfigured(new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app with a setting that is wrong: what needs the hub is answered 503."""
    folder = tmp_path_factory.mktemp("app")
    code = KeyStore(keys_folder(folder)).ensure_host_key()
    values = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    environment = {**values, "AzureWebJobsStorage": new_account(), "MAX_WEBHOOKS": "nine"}
    environment = {**os.environ, **environment, "RETENTION_SCHEDULE": "0 0 0 1 1 *"}
    url = f"http://127.0.0.1:{(port := free_port())}"
    with (folder / "log").open("wb") as log:
        process = start_host(ROOT, port, folder, environment, log=log)
        try:
            assert wait_until_ready(url, process)
            ORIGINS.add(url)
            yield f"{url}|{code}"
        finally:
            process.terminate()
            process.wait(30)


def saved(**members: object) -> Json:
    """A webhook to save that calls nobody."""
    return {**NEW_WEBHOOK, "TargetUrl": NOWHERE, "State": "Stopped", "Secret": None, **members}


def _dataverse(world: World, **more: object) -> Call:
    """A request about a webhook in Dataverse that has a step."""
    made = world.registered()
    return Call({"id": made["id"], "stepId": made["steps"][0]["id"]}, **more)  # type: ignore[arg-type]  # the members of Call


def _failed_job(world: World, *, is_gone: bool = False) -> Call:
    """A request for the replay of a job that failed while the app was out of reach."""
    world.tenant.reset()
    dataverse = world.tenant.dataverse
    made: Json = world.app.send("POST", "v1/dynamics/webhooks/ensure", {"key": KEY}).json()
    dataverse.hosts[PUBLIC_URL] = "http://127.0.0.1:9"
    user = world.app.seed.manager["systemuserid"]
    connection = dataverse.create_connection(("opportunity", str(uuid4())), ("systemuser", str(uuid4())), user)
    path = {"id": made["id"], "stepId": made["steps"][0]["id"]}
    jobs = world.ask(BY_ID["listFailedJobs"], Call(path)).json()["value"]
    [job] = [one for one in jobs if one["recordId"] == connection]
    if is_gone:
        dataverse.rows["connections"].clear()
    return Call({**path, "jobId": job["id"]})


def _ensured(world: World, *, is_there: bool) -> Call:
    world.tenant.reset()
    call = Call(body={"key": KEY, "events": [{"event": "opportunity.updated", "columns": ["name"]}]})
    if is_there:
        world.ask(BY_ID["ensureDataverseWebhook"], call)
    return call


def _delivery(world: World, event: str = "") -> Call:
    return Call({"id": event or world.event, "webhookId": str(world.webhook)})


def _connection(world: World, **more: object) -> Call:
    made = world.new_connection()
    id_ = world.ask(BY_ID["createConnection"], made).json()["connectionId"]
    return replace(made, path=workflow(connectionId=id_), **more)  # type: ignore[arg-type]  # the members of Call


def _hook(world: World, body: bytes = b"[]", **headers: str) -> Call:
    return Call(
        workflow(connectionId=world.hook_connection), body=body, headers={"Content-Type": "application/json", **headers}
    )


def _signed(world: World) -> Call:
    body = json.dumps(BY_ID["receiveNotification"].example).encode()
    return _hook(world, body, **{"x-esriHook-Signature": signature(body, ARCGIS_SECRET)})


def _one(world: World, **more: object) -> Call:
    return Call({"id": world.webhook_of()}, **more)  # type: ignore[arg-type]  # the members of Call


def _in_query(world: World) -> Call:
    return Call(query={"webhookId": world.webhook_of()})


def _event(world: World) -> Call:
    return Call({"id": world.event})


def _updated() -> bytes:
    context: Json = json.loads((ROOT / "DynamicsWebhook" / "sample.dat").read_bytes())
    return json.dumps({**context, "CorrelationId": str(uuid4())}).encode()


def _created() -> bytes:
    return json.dumps({**json.loads(SAMPLE), "PrimaryEntityId": str(uuid4())}).encode()


_AS_JSON = {"Content-Type": "application/json"}
GOOD: dict[str, Callable[[World], Call]] = {
    "listWebhooks": lambda world: Call(),
    "createWebhook": lambda world: Call(body=saved()),
    "getDefaultWebhook": lambda world: Call(),
    "testWebhook": lambda world: Call(body={"TargetUrl": world.receiver.url}),
    "signalEvent": lambda world: Call({"eventName": "contract.signalled", "primaryKey": "1"}, body={"a": 1}),
    "getWebhook": _one,
    "replaceWebhook": lambda world: _one(world, body=saved()),
    "patchWebhook": lambda world: _one(world, body={"Description": "text"}),
    "deleteWebhook": _one,
    "getLastError": _one,
    "agentListOperations": lambda world: Call(),
    "agentDescribeOperation": lambda world: Call({"operation": "GetWebhook"}),
    "agentCreateDefaultWebhook": lambda world: Call(body=b"", headers=_AS_JSON),
    "agentSaveWebhook": lambda world: Call(body=saved()),
    "agentGetWebhook": _in_query,
    "agentDeleteWebhook": _in_query,
    "agentListWebhooks": lambda world: Call(body={"EventFilter": "a.b"}),
    "agentTestWebhook": lambda world: Call(body={"Webhook": {"TargetUrl": world.receiver.url}}),
    "agentSignalEvent": lambda world: Call(body={"EventName": "contract.signalled"}),
    "agentGetLastError": lambda world: Call(body={"WebhookId": int(world.webhook_of())}),
    "listEvents": lambda world: Call(),
    "getEvent": _event,
    "forgetEvent": lambda world: Call({"id": world.forgotten}),
    "getEventTypes": lambda world: Call(),
    "getStatistics": lambda world: Call(),
    "listAudit": lambda world: Call(),
    "purgeEvents": lambda world: Call(body={"initiator": "somebody"}),
    "redrive": lambda world: Call(),
    "listDeliveries": lambda world: Call(),
    "countDeliveries": lambda world: Call(),
    "listDeliveriesOfEvent": _event,
    "getDelivery": _delivery,
    "replayDeliveries": lambda world: Call(),
    "replayDelivery": _delivery,
    "receiveDataverseEvent": lambda world: Call(body=_updated(), headers=_AS_JSON),
    "receiveConnection": lambda world: Call(body=_created(), headers=_AS_JSON),
    "listDataverseWebhooks": _dataverse,
    "registerDataverseWebhook": lambda world: Call(
        body=new_webhook(name=uuid4().hex), prepare=lambda: world.tenant.reset()
    ),
    "ensureDataverseWebhook": lambda world: _ensured(world, is_there=False),
    "getDataverseWebhook": _dataverse,
    "updateDataverseWebhook": lambda world: _dataverse(world, body={"name": "Renamed"}),
    "deleteDataverseWebhook": _dataverse,
    "listDataverseSteps": _dataverse,
    "registerDataverseStep": lambda world: _dataverse(world, body={"message": "Update", "table": "account"}),
    "getDataverseStep": _dataverse,
    "updateDataverseStep": lambda world: _dataverse(world, body={"enabled": False}),
    "deleteDataverseStep": _dataverse,
    "listFailedJobs": _dataverse,
    "replayFailedJob": _failed_job,
    "listConnections": lambda world: replace(world.new_connection(), body=None),
    "createConnection": lambda world: world.new_connection(),
    "getConnection": lambda world: replace(_connection(world), body=None),
    "updateConnection": _connection,
    "deleteConnection": lambda world: replace(_connection(world), body=None),
    "answerChallenge": lambda world: Call(workflow(connectionId=world.hook_connection), {"crc_token": "dG9rZW4="}),
    "receiveNotification": _signed,
    "listAllConnections": lambda world: Call(),
    "getHealth": lambda world: Call(query={"deep": "1"}),
    "getOpenApi": lambda world: Call(),
    "getConsole": lambda world: Call(),
    "getConsoleFile": lambda world: Call({"file": "index.html"}),
    "getConsoleSession": lambda world: Call(),
}
"""For each operation a request that succeeds."""

BROKEN = b"{"
WRONG: dict[str, Callable[[World], Call]] = {
    "listWebhooks": lambda world: Call(query={"$top": "-1"}),
    "agentGetWebhook": lambda world: Call(),
    "agentDeleteWebhook": lambda world: Call(),
    "getHealth": lambda world: Call(query={"deep": "2"}),
    "listFailedJobs": lambda world: _dataverse(world, query={"top": "0"}),
    "listConnections": lambda world: Call({"orgId": "a b", "itemId": "c"}),
    "getConnection": lambda world: replace(_connection(world), path=workflow(connectionId="unknown"), body=None),
    "deleteConnection": lambda world: replace(_connection(world), path=workflow(connectionId="unknown"), body=None),
    "answerChallenge": lambda world: Call(workflow(connectionId=world.hook_connection), {"crc_token": "{}"}),
    "receiveNotification": lambda world: _hook(
        world, BROKEN, **{"x-esriHook-Signature": signature(BROKEN, ARCGIS_SECRET)}
    ),
}
"""Requests that are refused with 400, of operations that read no body, or whose body is judged late."""


def _refused_by_dataverse(world: World, id_: str, status: int) -> Call:
    call = GOOD[id_](world)
    method, set_ = FIRST.get(id_, ("GET", "serviceendpoints"))
    fault = json_reply({"error": {"code": "0x80040220", "message": "no"}}, status)
    return replace(call, prepare=lambda: world.tenant.dataverse.faults.fail_once(method, set_, fault))


FIRST: dict[str, tuple[str, str]] = {}
"""What an operation asks Dataverse first, if it is not for webhooks."""


EXPLICIT: dict[tuple[str, int], Callable[[World], Call]] = {
    ("getWebhook", 304): lambda world: _one(world, headers={"If-Modified-Since": LATER}),
    ("redrive", 200): lambda world: Call(query={"dryRun": "true"}),
    ("replayDeliveries", 200): lambda world: Call(query={"dryRun": "true"}),
    ("replayDelivery", 409): lambda world: _delivery(world, world.forgotten),
    ("replayFailedJob", 410): lambda world: _failed_job(world, is_gone=True),
    ("ensureDataverseWebhook", 200): lambda world: _ensured(world, is_there=True),
    ("receiveDataverseEvent", 200): lambda world: _twice(world, "receiveDataverseEvent", _updated()),
    ("receiveConnection", 200): lambda world: _twice(world, "receiveConnection", _created()),
    ("receiveDataverseEvent", 403): lambda world: Call(body=_by_stranger(), headers=_AS_JSON),
    ("receiveConnection", 403): lambda world: Call(body=_by_stranger(), headers=_AS_JSON),
    ("receiveNotification", 401): _hook,
    ("patchWebhook", 409): lambda world: _one(world, body=[{"op": "test", "path": "/Name", "value": "another"}]),
    ("getConsoleFile", 404): lambda world: Call({"file": "unknown.js"}),
    ("agentDescribeOperation", 404): lambda world: Call({"operation": "Unknown"}),
    ("agentSaveWebhook", 404): lambda world: Call(body=saved(WebhookId=999_999)),
    ("agentGetLastError", 404): lambda world: Call(body={"WebhookId": 999_999}),
    ("agentGetWebhook", 404): lambda world: Call(query={"webhookId": "999999"}),
    ("agentDeleteWebhook", 404): lambda world: Call(query={"webhookId": "999999"}),
}


def _twice(world: World, id_: str, body: bytes) -> Call:
    call = Call(body=body, headers=_AS_JSON)
    assert world.ask(BY_ID[id_], call).status_code == 201
    return call


def _by_stranger() -> bytes:
    return json.dumps({**json.loads(_created()), "InitiatingUserId": str(uuid4())}).encode()


# Which operations need a race, or files that are missing, for an answer; other tests have them.
ELSEWHERE = {
    ("createWebhook", 409): "MAX_WEBHOOKS: tests/e2e/test_limits.py",
    ("agentSaveWebhook", 409): "the same",
    ("replaceWebhook", 409): "two writers: tests/e2e/test_webhook_writers.py",
    ("deleteWebhook", 409): "two writers: tests/webhooks/test_saving.py",
    ("agentDeleteWebhook", 409): "the same",
    ("updateConnection", 409): "two writers: tests/arcgis/test_operations.py",
    ("getConsole", 503): "no libraries: tests/api/console/test_files.py",
    ("getConsoleFile", 503): "the same",
}
"""Answers that are not provoked here: why, and where they are."""

_NO_ID = "0d8f7c52-6a3e-4b19-9c4d-1f2e3a4b5c6d"
_UNKNOWN = {"id": _NO_ID, "stepId": _NO_ID, "jobId": _NO_ID, "webhookId": "999999", "connectionId": "unknown"}
_BY_NUMBER = {"getWebhook", "replaceWebhook", "patchWebhook", "deleteWebhook", "getLastError"}


def _without_token(call: Call) -> Call:
    """The same request without an ArcGIS token, so that the hub's own caller counts."""
    return replace(call, headers={name: text for name, text in call.headers.items() if name != "X-Esri-Authorization"})


def _of_nothing(world: World, operation: Documented) -> Call:
    if operation.path in {"/v1/dynamics/webhooks", "/v1/dynamics/webhooks/ensure"}:
        return _refused_by_dataverse(world, operation.id, 404)
    call = GOOD[operation.id](world)
    unknown = {**_UNKNOWN, **({"id": "999999"} if operation.id in _BY_NUMBER else {})}
    return replace(call, path={name: unknown.get(name, text) for name, text in call.path.items()})


def _too_often(world: World, operation: Documented) -> Call:
    for _ in range(MAX_SIGNALS):
        world.ask(operation, GOOD[operation.id](world), key=world.many)
    return GOOD[operation.id](world)


def _with_etag(world: World, operation: Documented) -> Call:
    etag = world.ask(operation, GOOD[operation.id](world)).headers["ETag"]
    return replace(GOOD[operation.id](world), headers={"If-None-Match": etag})


def _with_body(world: World, operation: Documented, body: object, type_: str = "application/json") -> Call:
    call = GOOD[operation.id](world)
    return replace(call, body=body, headers={**call.headers, "Content-Type": type_})


def _success(world: World, operation: Documented) -> Call:
    return GOOD[operation.id](world)


BY_STATUS: dict[int, Callable[[World, Documented], Call]] = {
    200: _success,
    201: _success,
    202: _success,
    204: _success,
    304: _with_etag,
    400: lambda world, operation: _wrong(world, operation),
    401: lambda world, operation: _without_token(GOOD[operation.id](world)),
    403: lambda world, operation: _without_token(GOOD[operation.id](world)),
    404: _of_nothing,
    409: lambda world, operation: _refused_by_dataverse(world, operation.id, 412),
    411: lambda world, operation: _with_body(world, operation, iter([b"{}"])),
    412: lambda world, operation: replace(GOOD[operation.id](world), headers={"If-Unmodified-Since": LONG_AGO}),
    413: lambda world, operation: _with_body(world, operation, b" " * (1024 * 1024 + 1)),
    415: lambda world, operation: _with_body(world, operation, b"{}", "image/png"),
    429: _too_often,
    502: lambda world, operation: _refused_by_dataverse(world, operation.id, 403),
}
"""How an answer is provoked where it is the same for all operations."""


def keys_for(world: World, operation: Documented, status: int) -> dict[str, str]:
    """The keys that `ask` sends, if they are not the manager's and the host's."""
    if status == 401 and operation.id != "receiveNotification":
        return {"key": ""} if operation.has_caller else {"code": ""}
    if operation.id in {"answerChallenge", "receiveNotification"}:
        return {"code": HOOK_KEY}
    return {403: {"key": world.nobody}, 429: {"key": world.many}}.get(status, {})


def call_for(world: World, operation: Documented, status: int) -> Call:
    """A request that is answered with this status."""
    if (operation.id, status) in EXPLICIT:
        return EXPLICIT[operation.id, status](world)
    return BY_STATUS[status](world, operation)


def _wrong(world: World, operation: Documented) -> Call:
    if operation.id in WRONG:
        return WRONG[operation.id](world)
    if operation.path.startswith("/v1/dynamics"):
        return _refused_by_dataverse(world, operation.id, 400)
    call = GOOD[operation.id](world)
    if "requestBody" in operation.content:
        return replace(call, body=BROKEN, headers={**call.headers, **_AS_JSON})
    return replace(call, query={**call.query, "nonsense": "1"})


PAIRS = [
    (operation, status)
    for operation in OPERATIONS
    for status in operation.statuses
    if (operation.id, status) not in ELSEWHERE and status != 503
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)
def test_every_answer_that_is_documented_is_given(world: World, operation: Documented) -> None:
    given = {}
    for status in [status for one, status in PAIRS if one is operation]:
        call = call_for(world, operation, status)
        given[status] = world.ask(operation, call, **keys_for(world, operation, status)).status_code
    assert given == {status: status for status in given} != {}


@holds_for("operation", [one for one in OPERATIONS if 503 in one.statuses and (one.id, 503) not in ELSEWHERE])
def test_an_app_that_is_not_set_up_is_a_503_in_the_form_of_the_api(
    world: World, misconfigured: str, operation: Documented
) -> None:
    url, code = misconfigured.split("|")
    answer = world.ask(operation, GOOD[operation.id](world), url=url, code=code)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_what_needs_no_hub_is_answered_whatever_is_wrong(world: World, misconfigured: str) -> None:
    url, _ = misconfigured.split("|")
    for id_ in ("getOpenApi", "getHealth", "getConsole"):
        assert world.ask(BY_ID[id_], Call(), url=url, key="", code="").status_code == 200


@holds_for("operation", [one for one in OPERATIONS if one.has_function_key])
def test_a_function_key_is_what_the_platform_wants_first(world: World, operation: Documented) -> None:
    path = {name: "x" for name in ("id", "orgId", "itemId", "connectionId", "stepId", "jobId", "webhookId")}
    path |= {"eventName": "a.b", "primaryKey": "1", "operation": "x"}
    for code in ("", "wrong"):
        answer = world.ask(operation, Call(path), code=code)
        assert (answer.status_code, answer.content) == (401, b"")


def test_whatever_is_provoked_elsewhere_is_documented() -> None:
    documented = {(one.id, status) for one in OPERATIONS for status in one.statuses}
    assert ELSEWHERE.keys() | EXPLICIT.keys() <= documented
    assert GOOD.keys() == BY_ID.keys()
