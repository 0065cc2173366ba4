"""What registering webhooks costs: storage transactions of a create, of listings beside 10,000, and their memory."""

import json
import tracemalloc
from collections.abc import Mapping
from datetime import UTC, datetime

import azure.functions as func
from azure.data.tables import TableClient

from bench.counting import CountingTransport
from bench.loopback import loopback_hub, loopback_receiver
from bench.report import Figure, at_most, expect, shown
from shared.api.superoffice import rest
from shared.hub.hub import Hub
from shared.roles.table import ROLES_TABLE, TableRoles
from shared.storage.keys import row_key
from shared.webhooks.registration import Author, Registration
from shared.webhooks.rows import WEBHOOKS_TABLE, registration_row
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE
from shared.webhooks.webhook import WEBHOOK_TYPES, parse_webhook

_USER = "registering@bench.example"
_EVENTS = ("registering.created", "registering.changed", "registering.deleted")
_CREATES = 10
_LISTED = 10_000
# As many as fit into an answer.
_PAGE = 5_000
_FIRST_ID = 1_000_001
_BATCH = 100
_SHARED_EVENT = "listing.changed"
# The name of every tenth, and its state.
_TENTH = "a tenth"


def figures(connection_string: str) -> list[Figure]:
    """All figures of this module. Its webhooks stay in storage, so it comes after the figures that need few of them."""
    hub = loopback_hub(connection_string, transport := CountingTransport())
    TableRoles(hub.storage.table(ROLES_TABLE)).grant(_USER, hub.settings.relationship_manager_role)
    key, _ = hub.api_keys.issue(_USER)
    with loopback_receiver() as url:
        creates = _creates(hub, transport, key, url, connection_string)
    _fill(connection_string)
    return [*creates, *_listings(hub, transport, key), *_all(hub, transport, key)]


def _creates(hub: Hub, transport: CountingTransport, key: str, url: str, connection_string: str) -> list[Figure]:
    _create(hub, key, url)
    before = transport.count
    for _ in range(_CREATES):
        _create(hub, key, url)
    each = (transport.count - before) / _CREATES
    fresh = CountingTransport()
    _create(loopback_hub(connection_string, fresh), key, url)
    name = f"storage transactions of a create with {len(_EVENTS)} events"
    method = f"through WebhookAdmin, the caller's key and the counter of ids included, {_CREATES} creates"
    more = "the same, and the caller's role, the counter of ids and the counts, which a process reads once"
    return [
        at_most(name, each, 3 + 2 * len(_EVENTS), method, digits=1),
        shown("the same, the first create of a process", f"{fresh.count}", more),
    ]


def _listings(hub: Hub, transport: CountingTransport, key: str) -> list[Figure]:
    queries: dict[str, tuple[dict[str, str], int, int]] = {
        "of one event": ({"eventFilter": _SHARED_EVENT}, _PAGE, 27),
        "of one event and state": ({"eventFilter": _SHARED_EVENT, "statusFilter": "Stopped"}, _LISTED // 10, 23),
        "of one state": ({"statusFilter": "Stopped"}, _LISTED // 10, 4),
        "of one name": ({"nameFilter": f"webhook {_FIRST_ID}"}, 1, 4),
    }
    measured = []
    for name, (query, rows, goal) in queries.items():
        before = transport.count
        expect(len(json.loads(_list(hub, key, query))), rows)
        spent = transport.count - before
        title = f"storage transactions of listing {rows:,} of {_LISTED:,} webhooks, {name}"
        measured.append(
            at_most(title, spent, goal, digits=0, method=f"$top={_PAGE}, pages of 1,000; the caller's key included")
        )
    return measured


def _all(hub: Hub, transport: CountingTransport, key: str) -> list[Figure]:
    """The figures of the longest listing, without filters: it shows the other webhooks of the benchmark too."""
    calls = transport.count
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    body = _list(hub, key, {})
    peak_bytes = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    spent, rows = transport.count - calls, len(json.loads(body))
    method = f"peak of {peak_bytes / 1e6:.0f} MB for a body of {len(body) / 1e6:.0f} MB"
    return [
        at_most(
            f"storage transactions of listing {rows:,} webhooks",
            spent,
            1 + 3 * (rows // 1000 + 2),
            "pages of 1,000 ids, webhooks and usages; ids with a gap cost one more; the caller's key included",
            digits=0,
        ),
        at_most(f"memory of listing {rows:,} over their body", peak_bytes / len(body), 3, method, unit="x", digits=1),
    ]


def _create(hub: Hub, key: str, url: str) -> None:
    document = {"Name": "bench", "Events": _EVENTS, "TargetUrl": url, "Secret": "secret of the benchmark"}
    response = rest.serve_rest(hub, _request("POST", key, {}, json.dumps(document).encode()))
    expect(response.status_code, 200)


def _list(hub: Hub, key: str, query: Mapping[str, str]) -> bytes:
    page = {**query, "$top": f"{_PAGE}"}
    return bytes(rest.serve_rest(hub, _request("GET", key, page, b"")).get_body())


def _request(method: str, key: str, query: Mapping[str, str], body: bytes) -> func.HttpRequest:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    url = "http://localhost/api/v1/Webhook"
    return func.HttpRequest(method, url, headers=headers, params=dict(query), route_params={"path": ""}, body=body)


def _fill(connection_string: str) -> None:
    """Webhooks and their index, in batches of 100 over the bare SDK; none of them was ever called."""
    webhooks = TableClient.from_connection_string(connection_string, WEBHOOKS_TABLE)
    index = TableClient.from_connection_string(connection_string, SUBSCRIPTIONS_TABLE)
    for first in range(_FIRST_ID, _FIRST_ID + _LISTED, _BATCH):
        ids = range(first, first + _BATCH)
        webhooks.submit_transaction([("upsert", registration_row(_registration(id_))) for id_ in ids])
        keys = ({"PartitionKey": _SHARED_EVENT, "RowKey": row_key(id_)} for id_ in ids)
        index.submit_transaction([("upsert", {**one, "Revision": 1}) for one in keys])


def _registration(id_: int) -> Registration:
    is_tenth = id_ % 10 == 0
    document = {
        "Name": _TENTH if is_tenth else f"webhook {id_}",
        "Events": [_SHARED_EVENT, f"own{id_}.changed"],
        "TargetUrl": "https://receiver.example/hook",
        "State": "Stopped" if is_tenth else "Active",
        "Headers": {"X-Tenant": f"{id_}"},
    }
    author, now = Author(_USER), datetime.now(UTC)
    return Registration(id_, parse_webhook(document, types=WEBHOOK_TYPES), None, now, now, author, author)
