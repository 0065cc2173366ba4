"""What happens to deliveries over hours, with several instances: in a time that the test puts forward."""

import heapq
import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import batched
from random import Random

import pytest
from azure.data.tables import TableServiceClient

from shared.delivery.pace.state import Circuit, Pace
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE
from shared.delivery.queues import DELIVERIES_QUEUE, SLOW_QUEUE
from shared.delivery.record import DELIVERIES_TABLE, DeliveryState
from shared.delivery.waiting import WAITING_PREFIX, WaitingDelivery, WaitingReason, waiting_row
from shared.events.announcement import EVENTS_QUEUE
from shared.events.event import Event
from shared.hub.hub import Hub
from shared.storage.query import Query
from shared.webhooks.registration import Registration
from shared.webhooks.rows import USAGE_TABLE, usage_keys
from tests.fakes.receiver import Behaviour, Receiver, Visit, answers, answers_in_turn
from tests.support.delivering import EVENT, delivering_hub, new_event, register, save
from tests.support.events import PAYLOAD, RECEIVED_AT, make_event
from tests.support.timeline import TimedTransport, Timeline, work
from tests.support.transport import Fault

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def timeline() -> Timeline:
    return Timeline()


def happens(hub: Hub, count: int = 1, *, later: float = 0) -> list[Event]:
    """So many events come in; all are received at the same moment, or so many seconds after it."""
    events = [make_event(type=EVENT, received_at=RECEIVED_AT + timedelta(seconds=later)) for _ in range(count)]
    for event in events:
        hub.events.append(event, PAYLOAD)
    return events


def state(hub: Hub, webhook: Registration, event: Event) -> DeliveryState | None:
    record = hub.receivers.deliveries.get(webhook.id, event)
    return record.state if record else None


def still_waiting(hub: Hub) -> list[str]:
    rows = hub.storage.table(DELIVERIES_TABLE).query(Query())
    return [str(row["RowKey"]) for row in rows if str(row["RowKey"]).startswith(WAITING_PREFIX)]


def got(receiver: Receiver) -> list[str]:
    """The ids of the events that came, each as often as it did."""
    calls = [one for one in receiver.journal if "x-hook-test" not in one.headers]
    return [one.headers["x-superoffice-eventid"] for one in calls]


def refuses(receiver: Receiver, event: Callable[[], Event]) -> Behaviour:
    """A 500 for one event, and 200 for all others."""

    def behave(visit: Visit) -> None:
        is_bad = receiver.journal[-1].headers.get("x-superoffice-eventid") == event().id
        answers(500 if is_bad else 200)(visit)

    return behave


@pytest.mark.parametrize(
    ("settings", "hours"),
    [({}, 20.0), ({"DELIVERY_GIVE_UP_SECONDS": "600", "DELIVERY_CIRCUIT_AFTER": "1"}, 20.0)],
)
def test_an_event_that_always_gets_a_500_ends_failed_and_holds_up_no_other(
    connection_string: str, receiver: Receiver, timeline: Timeline, settings: dict[str, str], hours: float
) -> None:
    with timeline.transport() as transport:
        hub = delivering_hub(connection_string, transport, **settings)
        webhook = register(hub, receiver.url)
        (bad,) = happens(hub)
        receiver.behave(refuses(receiver, lambda: bad))
        good: list[Event] = []
        for number in range(8):
            good += happens(hub, 3, later=number + 1)
            timeline.run(hub, until=60.0 * (number + 1))
            assert "DELIVERY_CIRCUIT_AFTER" in settings or {state(hub, webhook, event) for event in good} == {
                DeliveryState.DELIVERED
            }
        timeline.run(hub)
        assert timeline.seconds < hours * 3600
        assert {state(hub, webhook, event) for event in good} == {DeliveryState.DELIVERED}
        assert state(hub, webhook, bad) is DeliveryState.FAILED
        assert (still_waiting(hub), timeline.poison) == ([], [])
        stored = hub.receivers.webhooks.get(webhook.id)
        assert stored is not None
        assert stored.is_active


def test_several_events_that_always_get_a_500_do_not_keep_the_others_from_being_tried(
    connection_string: str, receiver: Receiver, timeline: Timeline
) -> None:
    with timeline.transport() as transport:
        hub = delivering_hub(connection_string, transport, DELIVERY_DISABLE_AFTER="100000")
        webhook = register(hub, receiver.url)
        bad = {event.id for event in happens(hub, 6)}
        receiver.behave(
            lambda visit: answers(500 if receiver.journal[-1].headers.get("x-superoffice-eventid") in bad else 200)(
                visit
            )
        )
        # They come first, and open the circuit.
        timeline.run(hub, until=2)
        good = happens(hub, 20, later=2)
        timeline.run(hub, until=600)
        assert {state(hub, webhook, event) for event in good} == {DeliveryState.DELIVERED}
        timeline.run(hub)
        assert (still_waiting(hub), timeline.poison) == ([], [])
        assert len([one for one in got(receiver) if one in bad]) < 6 * 40


@pytest.mark.parametrize("seed", range(2))
def test_two_instances_whose_clocks_differ_lose_nothing_though_they_die_and_wake_ups_are_lost_and_doubled(
    connection_string: str, receiver: Receiver, timeline: Timeline, seed: int
) -> None:
    chance = Random(seed)  # noqa: S311 - what goes wrong
    settings = {"DELIVERY_RETRY_DELAYS": "1,2,4,8,16,32,64,64", "DELIVERY_CIRCUIT_AFTER": "2"}
    with ExitStack() as stack:
        ways: list[TimedTransport] = []
        for minutes in (-0.5, 0.5):
            way = timeline.transport(clock=lambda minutes=minutes: datetime.now(UTC) + timedelta(minutes=minutes))  # type: ignore[misc]
            stack.enter_context(way)
            ways.append(way)
        hubs = [delivering_hub(connection_string, way, **settings) for way in ways]
        quiet = timeline.transport()
        stack.enter_context(quiet)
        desk = delivering_hub(connection_string, quiet, **settings)
        webhook = register(desk, receiver.url)
        receiver.journal.clear()
        kinds = [answers(500), answers(503), answers(429, b"", "Retry-After: 7"), answers(429), answers()]
        receiver.behave(lambda visit: chance.choice(kinds)(visit))
        events: list[Event] = []
        for _ in range(12):
            events += happens(desk, 2)
            # Wake-ups get lost, come twice, and in any order.
            for one in timeline.take(WAKEUPS_QUEUE):
                for _ in range(chance.choice([0, 1, 1, 1, 2])):
                    timeline.add(WAKEUPS_QUEUE, one.body, max(one.due - timeline.seconds, 0) + chance.uniform(0, 3))
            for way in ways:
                way.forget()
                way.fail(chance.randrange(1, 60), chance.choice(list(Fault)))
            timeline.run(*hubs, until=timeline.seconds + chance.choice([1, 5, 40]))
        for way in ways:
            way.forget()
        receiver.behave(answers())
        # What is lost is made again by what comes later.
        for _ in range(3):
            timeline.run(*hubs, until=timeline.seconds + 100)
            events += happens(desk)
        timeline.run(*hubs)
        assert (still_waiting(desk), timeline.poison) == ([], [])
        assert {state(desk, webhook, event) for event in events} == {DeliveryState.DELIVERED}
        assert set(got(receiver)) == {event.id for event in events}
        pace = desk.receivers.waker.store.read(webhook.id).pace
        assert (pace.circuit, pace.wake_due) == (Circuit.CLOSED, None)


def test_what_one_instance_parks_by_an_older_reading_is_found_though_all_was_well_meanwhile(
    connection_string: str, receiver: Receiver, timeline: Timeline
) -> None:
    with timeline.transport() as way, timeline.transport() as other:
        hub, late = (delivering_hub(connection_string, one) for one in (way, other))
        webhook = register(hub, receiver.url)
        receiver.behave(answers_in_turn(answers(429, b"", "Retry-After: 5"), answers()))
        events = happens(hub)
        timeline.run(hub, until=1)
        # The other instance reads that there is a pause, and the list, and is slow.
        late.receivers.worker.gate.store.read(webhook.id)
        entry = late.receivers.worker.gate.blocked.read()[webhook.id]
        timeline.run(hub, until=20)
        assert state(hub, webhook, events[0]) is DeliveryState.DELIVERED
        by_row, by_list = new_event(), new_event()
        for event in (by_row, by_list):
            hub.events.append(event, PAYLOAD)
        timeline.take(EVENTS_QUEUE)
        assert late.receivers.worker.gate.park_first(webhook.id, by_list, entry)
        now = hub.storage.now()
        waiting = WaitingDelivery(webhook.id, by_row.id, EVENT, by_row.received_at, WaitingReason.PAUSED, now, now)
        late.receivers.worker.gate.park(waiting)
        timeline.run(hub)
        assert {state(hub, webhook, event) for event in (by_row, by_list)} == {DeliveryState.DELIVERED}
        assert still_waiting(hub) == []


def parked(connection_string: str, hub: Hub, webhook: Registration, count: int) -> list[Event]:
    """So many deliveries that wait, and the wake-up that will come for them."""
    events = [new_event() for _ in range(count)]
    now = hub.storage.now()
    gate = hub.receivers.worker.gate
    first, until = events[0], now + timedelta(minutes=10)
    opened = Pace(circuit=Circuit.OPEN, circuit_until=until, turned_at=now, openings=4)
    gate.store.change(webhook.id, lambda row, _: replace(row, pace=opened))
    gate.park(WaitingDelivery(webhook.id, first.id, EVENT, first.received_at, WaitingReason.CIRCUIT, now, until))
    with TableServiceClient.from_connection_string(connection_string) as service:
        table = service.get_table_client(DELIVERIES_TABLE)
        for some in batched(events[1:], 100, strict=False):
            rows = [
                waiting_row(
                    WaitingDelivery(webhook.id, one.id, EVENT, one.received_at, WaitingReason.CIRCUIT, now, until)
                )
                for one in some
            ]
            table.submit_transaction([("create", row) for row in rows])
    return events


def costs(timeline: Timeline, transport: TimedTransport, hub: Hub) -> list[int]:
    """Work on all messages, and return how many storage calls each of them cost."""
    made = []
    while timeline.messages:
        message = heapq.heappop(timeline.messages)
        timeline.seconds = max(timeline.seconds, message.due)
        message.dequeued += 1
        transport.forget()
        work(hub, message)
        made.append(len(transport.calls))
    return made


@pytest.mark.parametrize("what", ["stop", "delete"])
def test_a_thousand_that_wait_for_a_webhook_that_is_stopped_or_removed_are_put_away_a_page_a_message(
    connection_string: str, receiver: Receiver, timeline: Timeline, what: str
) -> None:
    with timeline.transport() as transport:
        hub = delivering_hub(connection_string, transport)
        webhook = register(hub, receiver.url)
        receiver.journal.clear()
        events = parked(connection_string, hub, webhook, 1000)
        stored = hub.receivers.webhooks.get(webhook.id)
        assert stored is not None
        if what == "stop":
            save(hub, webhook.id, State="Stopped")
        else:
            hub.receivers.saving.delete(stored)
        made = costs(timeline, transport, hub)
        assert max(made) <= 8
        assert len(made) < 2 * 1000 / 96 + 20
        assert (still_waiting(hub), got(receiver)) == ([], [])
        expected = {DeliveryState.HELD} if what == "stop" else {None}
        assert {state(hub, webhook, event) for event in events[::50]} == expected


def test_hundreds_that_wait_for_a_webhook_that_points_elsewhere_are_sent_there(
    connection_string: str, receiver: Receiver, timeline: Timeline
) -> None:
    with timeline.transport() as transport, Receiver() as other:
        hub = delivering_hub(connection_string, transport)
        webhook = register(hub, receiver.url)
        receiver.journal.clear()
        waiting = parked(connection_string, hub, webhook, 400)
        for event in waiting:
            hub.events.append(event, PAYLOAD)
        timeline.take(EVENTS_QUEUE)
        began = timeline.seconds
        save(hub, webhook.id, TargetUrl=other.url)
        timeline.run(hub, until=began + 60)
        assert set(got(other)) == {event.id for event in waiting}
        assert (len(got(other)), got(receiver), still_waiting(hub)) == (400, [], [])
        timeline.run(hub)


def test_what_the_previous_version_left_in_its_queues_and_rows_is_delivered(
    connection_string: str, receiver: Receiver, timeline: Timeline
) -> None:
    """Written out, and not made by today's code: what that version wrote does not change when the code does."""
    with timeline.transport() as transport:
        hub = delivering_hub(connection_string, transport)
        webhook = register(hub, receiver.url)
        receiver.journal.clear()
        partition, key = usage_keys(webhook.id)
        old = {
            "TotalCalls": 20,
            "TotalErrors": 4,
            "ConsecutiveErrors": 3,
            "LastError": "HTTP 500\n\nsorry",
            "LastEvent": "37c7c867-d571-e911-a956-000d3a1bc3f6",
            "LastCallAt": "2026-03-14T09:00:00+00:00",
        }
        hub.storage.table(USAGE_TABLE).insert({"PartitionKey": partition, "RowKey": key, **old})
        events = happens(hub, 4)
        timeline.take(EVENTS_QUEUE)
        bare, retry, slow, announced = (event.id for event in events)

        def asks(event_id: str, **members: object) -> bytes:
            text = {"version": 1, "event_id": event_id, "webhook_id": webhook.id, "attempt": 0, "cycle": 0}
            return json.dumps({**text, "event": None, "has_turn": False, **members}).encode()

        timeline.add(DELIVERIES_QUEUE, asks(bare))
        timeline.add(DELIVERIES_QUEUE, asks(retry, attempt=2, has_turn=True))
        timeline.add(SLOW_QUEUE, asks(slow, attempt=1, cycle=1))
        timeline.add(EVENTS_QUEUE, json.dumps({"version": 1, "event_id": announced, "attempt": 0}).encode())
        receiver.behave(answers_in_turn(answers(500), answers(429), answers()))
        timeline.run(hub)
        assert {state(hub, webhook, event) for event in events} == {DeliveryState.DELIVERED}
        assert (still_waiting(hub), timeline.poison) == ([], [])
        usage = hub.receivers.webhooks.usage(webhook.id)
        assert (usage.total_calls, usage.total_errors, usage.consecutive_errors) == (26, 6, 0)
        stored = hub.receivers.webhooks.get(webhook.id)
        assert stored is not None
        assert stored.is_active
