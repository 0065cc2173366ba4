"""What dispatch and delivery cost: storage transactions, deliveries a second, and whether other webhooks matter."""

import math
import statistics
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from azure.data.tables import TableClient

from bench.counting import CountingTransport
from bench.loopback import loopback_hub, loopback_receiver
from bench.report import Figure
from shared.callers.caller import Caller
from shared.delivery.message import DeliveryMessage
from shared.events.announcement import Announcement
from shared.events.event import Event, EventId
from shared.hub import Hub
from shared.roles.directory import User
from shared.superoffice.entity import parse_webhook
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE, row_key
from shared.webhooks.types import WEBHOOK_TYPES

_MATCHING = 5
_DISPATCHES = 60
_DELIVERIES = 400
_THREADS = 8


def figures(connection_string: str) -> list[Figure]:
    """All figures of this module, on one hub and one receiver."""
    transport = CountingTransport()
    hub = loopback_hub(connection_string, transport)
    with loopback_receiver() as url:
        for _ in range(_MATCHING):
            _register(hub, url)
        measured = [_dispatch_transactions(hub, transport), _delivery_transactions(hub, transport), _throughput(hub)]
        return [*measured, *_growth(hub, connection_string)]


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


def _growth(hub: Hub, connection_string: str) -> list[Figure]:
    """Dispatch beside more and more rows of other webhooks in the index, which is all of them that it reads."""
    figures, first = [], 0.0
    for others in (10, 1_000, 100_000):
        _fill_index(connection_string, others)
        median = _median_dispatch(hub)
        first = first or median
        name = f"dispatch beside {others:,} other registrations"
        method = f"{median * 1000:.1f} ms, median of {_DISPATCHES}, over that beside 10"
        figures.append(Figure(name, f"{median / first:.2f}x", "1.1x" if others > 10 else "", method))
    return figures


def _median_dispatch(hub: Hub) -> float:
    times = []
    for event in [_accepted(hub) for _ in range(_DISPATCHES)]:
        started = time.perf_counter()
        _dispatch(hub, event)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _fill_index(connection_string: str, rows: int) -> None:
    """Up to so many rows, over the bare SDK: other events with up to 100 webhooks each, a batch an event."""
    table = TableClient.from_connection_string(connection_string, SUBSCRIPTIONS_TABLE)
    for number in range(math.ceil(rows / 100)):
        keys = {"PartitionKey": f"other{number}.created", "Revision": 1}
        webhooks = range(min(100, rows - 100 * number))
        table.submit_transaction([("upsert", {**keys, "RowKey": row_key(1000 + row)}) for row in webhooks])


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
