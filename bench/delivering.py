"""What dispatch and delivery cost: storage transactions, deliveries a second, and whether other webhooks matter."""

import statistics
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from azure.data.tables import TableClient

from bench.counting import CountingTransport
from bench.report import Figure
from shared.callers.caller import Caller
from shared.delivery.message import DeliveryMessage
from shared.events.announcement import Announcement
from shared.events.event import Event, EventId
from shared.hub import Hub
from shared.roles.directory import User
from shared.settings import Settings
from shared.superoffice.entity import parse_webhook
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE, row_key
from shared.webhooks.types import WEBHOOK_TYPES

_MATCHING = 5
_DISPATCHES = 40
_DELIVERIES = 400
_THREADS = 8


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def figures(connection_string: str) -> list[Figure]:
    """All figures of this module, on one hub and one receiver."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    transport = CountingTransport()
    hub = _hub(connection_string, transport)
    for _ in range(_MATCHING):
        _register(hub, f"http://127.0.0.1:{server.server_port}/")
    measured = [_dispatch_transactions(hub, transport), _delivery_transactions(hub, transport), _throughput(hub)]
    measured.append(_growth(hub, connection_string))
    server.shutdown()
    return measured


def _dispatch_transactions(hub: Hub, transport: CountingTransport) -> Figure:
    _dispatch(hub, _accepted(hub))
    events = [_accepted(hub) for _ in range(10)]
    before = transport.count
    for event in events:
        _dispatch(hub, event)
    each = (transport.count - before) / len(events)
    goal = f"3 + {_MATCHING}"
    return Figure(f"storage transactions of a dispatch to {_MATCHING} webhooks", f"{each:g}", goal, "10 events")


def _delivery_transactions(hub: Hub, transport: CountingTransport) -> Figure:
    _deliver(hub, _event())
    before = transport.count
    for _ in range(10):
        _deliver(hub, _event())
    return Figure("storage transactions of a delivery", f"{(transport.count - before) / 10:g}", "5", "10 deliveries")


def _throughput(hub: Hub) -> Figure:
    started = time.perf_counter()
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(lambda _: _deliver(hub, _event(), number=1), range(_DELIVERIES)))
    rate = _DELIVERIES / (time.perf_counter() - started)
    method = f"{_DELIVERIES} to a loopback receiver, {_THREADS} threads, one process with Azurite beside it"
    return Figure("deliveries a second", f"{rate:.0f}", "", method)


def _growth(hub: Hub, connection_string: str) -> Figure:
    """Dispatch again with 100,000 rows of other webhooks in the index, which is all of them that it reads."""
    few = _median_dispatch(hub)
    _fill_index(connection_string, 100_000)
    ratio = _median_dispatch(hub) / few
    return Figure("dispatch with 100,000 other registrations", f"{ratio:.2f}x", "1.1x", f"medians of {_DISPATCHES}")


def _median_dispatch(hub: Hub) -> float:
    times = []
    for event in [_accepted(hub) for _ in range(_DISPATCHES)]:
        started = time.perf_counter()
        _dispatch(hub, event)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _fill_index(connection_string: str, rows: int) -> None:
    """In batches of 100 a partition, over the bare SDK: 1,000 other events with 100 webhooks each."""
    table = TableClient.from_connection_string(connection_string, SUBSCRIPTIONS_TABLE)
    for number in range(rows // 100):
        keys = {"PartitionKey": f"other{number}.created", "Revision": 1}
        table.submit_transaction([("upsert", {**keys, "RowKey": row_key(1000 + row)}) for row in range(100)])


def _hub(connection_string: str, transport: CountingTransport) -> Hub:
    settings = Settings.read(
        {
            "AzureWebJobsStorage": connection_string,
            "SECRETS_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
            "DELIVERY_REQUIRE_HTTPS": "false",
            "DELIVERY_ALLOWED_NETWORKS": "127.0.0.0/8",
        }
    )
    return Hub.assemble(settings, transport=transport)


def _register(hub: Hub, url: str) -> None:
    document = {"Name": "bench", "Events": ["bench.event"], "TargetUrl": url, "Secret": "secret of the benchmark"}
    hub.receivers.saving.create(parse_webhook(document, types=WEBHOOK_TYPES), Caller(User.of_account("bench")))


def _event() -> Event:
    id_ = EventId(str(uuid.uuid4()))
    return Event(id_, "bench.event", "bench", "bench", id_, "bench", datetime.now(UTC))


def _accepted(hub: Hub) -> Event:
    event = _event()
    hub.events.accept(event, b"{}")
    return event


def _dispatch(hub: Hub, event: Event) -> None:
    hub.receivers.dispatcher.dispatch(Announcement(event_id=event.id).as_text().encode(), attempt=1)


def _deliver(hub: Hub, event: Event, *, number: int = 1) -> None:
    message = DeliveryMessage(event_id=event.id, webhook_id=number, event=event)
    hub.receivers.worker.work(message.as_text().encode(), is_slow_lane=False)
