"""What receiving an event costs: the handler's time over its two storage calls made bare."""

import json
import statistics
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import azure.functions as func
from azure.data.tables import TableClient
from azure.storage.queue import QueueClient, TextBase64EncodePolicy
from azure_functions_runtime_v1.bindings.context import get_context

from bench.report import Figure, at_most, expect
from shared.dynamics.intake import IntakeOutcome
from shared.events.announcement import EVENTS_QUEUE, new_announcement
from shared.events.event import Event, EventId
from shared.events.rows import EVENTS_TABLE, event_rows
from shared.hub.hub import Hub
from shared.roles.table import ROLES_TABLE, TableRoles
from shared.settings import Settings

ROOT = Path(__file__).parent.parent
SAMPLE = json.loads((ROOT / "ConnectionWebhook" / "sample.dat").read_text(encoding="utf-8"))
ROUNDS = 400
_TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def handler_over_bare_calls(connection_string: str) -> Figure:
    """The trigger's `main` against the same queue message and the same row sent by the bare SDK, turn by turn."""
    import ConnectionWebhook

    hub = Hub.assemble(Settings.read({"AzureWebJobsStorage": connection_string}))
    grant(hub)
    bare = _bare_calls(connection_string)
    handler, storage = [], []
    for _ in range(ROUNDS):
        post = partial(_post, ConnectionWebhook.main, _request(_body()))
        handler.append(_seconds(post))
        storage.append(_seconds(bare))
    ratio = statistics.median(handler[20:]) / statistics.median(storage[20:])
    return at_most("handler over its two storage calls made bare", ratio, 1.15, f"medians of {ROUNDS}", unit="x")


def _bare_calls(connection_string: str) -> Callable[[], None]:
    encoding = TextBase64EncodePolicy()
    queue = QueueClient.from_connection_string(connection_string, EVENTS_QUEUE, message_encode_policy=encoding)
    table = TableClient.from_connection_string(connection_string, EVENTS_TABLE)

    def call() -> None:
        body = _body()
        id_ = EventId(str(uuid.uuid4()))
        event = Event(id_, "connection.created", "bench", "connection", id_, id_, datetime.now(UTC))
        queue.send_message(new_announcement(id_).as_text(), time_to_live=-1)
        table.create_entity(event_rows(event, body)[0])

    return call


def _post(main: Callable[[func.HttpRequest, func.Context], func.HttpResponse], request: func.HttpRequest) -> None:
    expect(main(request, _context()).status_code, 201)


def _context() -> func.Context:
    """What the worker tells of an invocation."""
    made: func.Context = get_context(
        SimpleNamespace(
            invocation_id=str(uuid.uuid4()),
            trace_context=SimpleNamespace(trace_parent=_TRACEPARENT, trace_state="", attributes={}),
            retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
        ),
        "ConnectionWebhook",
        str(ROOT),
    )
    return made


def grant(hub: Hub) -> None:
    """Let the user of the sample connection be a manager."""
    TableRoles(hub.storage.table(ROLES_TABLE)).grant(SAMPLE["InitiatingUserId"], hub.settings.relationship_manager_role)


def receive(hub: Hub) -> None:
    """One connection of the user who was granted the role."""
    expect(hub.intake.receive_connection(_body(), trimmed=False), IntakeOutcome.STORED)


def _body() -> bytes:
    return json.dumps({**SAMPLE, "PrimaryEntityId": str(uuid.uuid4())}).encode()


def _request(body: bytes) -> func.HttpRequest:
    headers = {"content-type": "application/json"}
    return func.HttpRequest(method="POST", url="http://localhost/", headers=headers, params={}, body=body)


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
