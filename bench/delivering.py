"""What dispatch and delivery cost: storage transactions, and deliveries a second."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from bench.counting import CountingTransport
from bench.loopback import loopback_hub, loopback_receiver
from bench.report import Figure
from shared.callers.caller import Caller
from shared.delivery.log import DeliveryFilter
from shared.delivery.message import DeliveryMessage
from shared.delivery.record import DeliveryState
from shared.events.announcement import new_announcement
from shared.events.event import Event, EventId
from shared.hub.hub import Hub
from shared.roles.user import User
from shared.webhooks.webhook import WEBHOOK_TYPES, parse_webhook

EVENT = "bench.event"
MATCHING = 5
_DELIVERIES = 400
_THREADS = 8


def figures(connection_string: str) -> list[Figure]:
    """All figures of this module, on one hub and one receiver."""
    transport = CountingTransport()
    hub = loopback_hub(connection_string, transport)
    with loopback_receiver() as url:
        for _ in range(MATCHING):
            register(hub, url)
        return [_dispatch_transactions(hub, transport), _delivery_transactions(hub, transport), _throughput(hub)]


def _dispatch_transactions(hub: Hub, transport: CountingTransport) -> Figure:
    dispatch(hub, accepted(hub))
    events = [accepted(hub) for _ in range(10)]
    before = transport.count
    for event in events:
        dispatch(hub, event)
    each = (transport.count - before) / len(events)
    goal = f"3 + {MATCHING}"
    return Figure(f"storage transactions of a dispatch to {MATCHING} webhooks", f"{each:g}", goal, "10 events")


def _delivery_transactions(hub: Hub, transport: CountingTransport) -> Figure:
    _deliver(hub, _event())
    before = transport.count
    for _ in range(10):
        _deliver(hub, _event())
    return Figure("storage transactions of a delivery", f"{(transport.count - before) / 10:g}", "5", "10 deliveries")


def _throughput(hub: Hub) -> Figure:
    """Spread over all webhooks, because a process makes only a few calls at once to one receiver."""
    before, started = _delivered(hub), time.perf_counter()
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(lambda count: _deliver(hub, _event(), number=1 + count % MATCHING), range(_DELIVERIES)))
    seconds = time.perf_counter() - started
    # A delivery that gets no place in time goes to the queue of slow receivers, which nothing works on here.
    delivered = _delivered(hub) - before
    rate = delivered / seconds
    method = f"{delivered} of {_DELIVERIES} to {MATCHING} webhooks, the rest to the slow lane; {_THREADS} threads"
    return Figure("deliveries a second", f"{rate:.0f}", "", method)


def _delivered(hub: Hub) -> int:
    return sum(1 for _ in hub.receivers.deliveries.summaries(DeliveryFilter(states=(DeliveryState.DELIVERED,))))


def register(hub: Hub, url: str) -> None:
    """A webhook for the events of this module."""
    document = {"Name": "bench", "Events": [EVENT], "TargetUrl": url, "Secret": "secret of the benchmark"}
    hub.receivers.saving.create(parse_webhook(document, types=WEBHOOK_TYPES), Caller(User.of_account("bench")))


def _event() -> Event:
    id_ = EventId(str(uuid.uuid4()))
    return Event(id_, EVENT, "bench", "bench", id_, "bench", datetime.now(UTC))


def accepted(hub: Hub) -> Event:
    """An event that waits for its dispatch."""
    event = _event()
    hub.events.append(event, b"{}")
    return event


def dispatch(hub: Hub, event: Event) -> None:
    """Handle its announcement."""
    hub.receivers.dispatcher.dispatch(new_announcement(event.id).as_text().encode(), attempt=1)


def _deliver(hub: Hub, event: Event, *, number: int = 1) -> None:
    message = DeliveryMessage(event_id=event.id, webhook_id=number, event=event)
    hub.receivers.worker.work(message.as_text().encode())
