"""What receiving, dispatch and delivery cost when nothing else happens: storage transactions, deliveries a second."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from bench.counting import CountingTransport
from bench.loopback import FAILS_FIRST, loopback_hub, loopback_receiver
from bench.receiving import grant, receive
from bench.report import Figure, at_most, shown
from shared.callers.caller import Caller
from shared.delivery.filter import DeliveryFilter
from shared.delivery.message import DeliveryMessage
from shared.delivery.record import DeliveryState
from shared.events.announcement import new_announcement
from shared.events.event import Event, EventId
from shared.hub.hub import Hub
from shared.roles.user import User
from shared.webhooks.webhook import WEBHOOK_TYPES, parse_webhook

EVENT = "bench.event"
MATCHING = 5
_OTHER_EVENT = "bench.other"
_ROUNDS = 10
_DELIVERIES = 400
_THREADS = 8
_LIST_SECONDS = 1.1
"""The list of blocked webhooks is read once a second; a dispatch alone reads it each time."""


def figures(connection_string: str) -> list[Figure]:
    """All figures of this module, on one hub and one receiver."""
    hub = loopback_hub(connection_string, transport := CountingTransport())
    grant(hub)
    with loopback_receiver() as url:
        for _ in range(MATCHING):
            register(hub, url)
        fails_first = register(hub, url + FAILS_FIRST, event=_OTHER_EVENT)
        return [
            _transactions(transport, "receive an event", 2, lambda: receive(hub)),
            _dispatch(hub, transport),
            _transactions(transport, "deliver", 4, lambda: deliver(hub, new_event())),
            _transactions(transport, "deliver a possible repeat", 5, lambda: deliver(hub, new_event(), repeat=True)),
            _retry(hub, transport, fails_first),
            _throughput(hub),
        ]


def _transactions(transport: CountingTransport, what: str, goal: int, step: Callable[[], object]) -> Figure:
    """Each step does its work once; the first one, which fills caches, is not counted."""
    step()
    before = transport.count
    for _ in range(_ROUNDS):
        step()
    each = (transport.count - before) / _ROUNDS
    return at_most(f"storage transactions to {what}", each, goal, f"counted in the transport, {_ROUNDS} times")


def _dispatch(hub: Hub, transport: CountingTransport) -> Figure:
    # The first one of a process makes its queue.
    dispatch(hub, accepted(hub))
    spent = []
    for _ in range(_ROUNDS // 2):
        event = accepted(hub)
        time.sleep(_LIST_SECONDS)
        before = transport.count
        dispatch(hub, event)
        spent.append(transport.count - before)
    method = f"at most, {len(spent)} times; goal: 4 + {MATCHING}"
    return at_most(f"storage transactions to dispatch to {MATCHING} webhooks", max(spent), 4 + MATCHING, method)


def _retry(hub: Hub, transport: CountingTransport, webhook_id: int) -> Figure:
    spent = 0
    for _ in range(_ROUNDS):
        event = accepted(hub, _OTHER_EVENT)
        deliver(hub, event, webhook_id=webhook_id)
        before = transport.count
        message = DeliveryMessage(event_id=event.id, webhook_id=webhook_id, attempt=1)
        hub.receivers.worker.work(message.as_text().encode())
        spent += transport.count - before
    method = "the second attempt alone, after a 500"
    return at_most("storage transactions to deliver at a retry", spent / _ROUNDS, 6, method)


def _throughput(hub: Hub) -> Figure:
    """Spread over all webhooks, by threads of one process without a host."""
    before, started = _delivered(hub), time.perf_counter()
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(lambda count: deliver(hub, new_event(), webhook_id=1 + count % MATCHING), range(_DELIVERIES)))
    seconds = time.perf_counter() - started
    # A delivery that finds no place in time is parked, and nothing works on wake-ups here.
    delivered = _delivered(hub) - before
    method = f"{delivered} of {_DELIVERIES} to {MATCHING} webhooks, the rest parked; {_THREADS} threads, no host"
    return shown("deliveries a second by the worker alone", f"{delivered / seconds:.0f}", method)


def _delivered(hub: Hub) -> int:
    return sum(1 for _ in hub.receivers.deliveries.summaries(DeliveryFilter(states=(DeliveryState.DELIVERED,))))


def register(hub: Hub, url: str, *, event: str = EVENT) -> int:
    """A webhook for the events of this module: its id."""
    document = {"Name": "bench", "Events": [event], "TargetUrl": url, "Secret": "secret of the benchmark"}
    saved = hub.receivers.saving.create(parse_webhook(document, types=WEBHOOK_TYPES), Caller(User.of_account("bench")))
    return saved.registration.id


def new_event(name: str = EVENT) -> Event:
    """An event that is not stored."""
    id_ = EventId(str(uuid.uuid4()))
    return Event(id_, name, "bench", "bench", id_, "bench", datetime.now(UTC))


def accepted(hub: Hub, name: str = EVENT) -> Event:
    """An event that waits for its dispatch."""
    event = new_event(name)
    hub.events.append(event, b"{}")
    return event


def dispatch(hub: Hub, event: Event) -> None:
    """Handle its announcement."""
    hub.receivers.dispatcher.dispatch(new_announcement(event.id).as_text().encode(), attempt=1)


def deliver(hub: Hub, event: Event, *, webhook_id: int = 1, repeat: bool = False) -> None:
    """Work on the message for the first attempt."""
    message = DeliveryMessage(event_id=event.id, webhook_id=webhook_id, event=event, repeat=repeat)
    hub.receivers.worker.work(message.as_text().encode(), message_id=event.id)
