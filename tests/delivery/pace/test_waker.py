"""A wake-up: what it sends, what it leaves, and that whatever dies in between strands nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count as counter

import pytest

from shared.delivery.message import DeliveryMessage
from shared.delivery.pace.circuit import Blocked
from shared.delivery.pace.gate import Admitted
from shared.delivery.pace.state import Circuit, Pace
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE, WakeUp
from shared.delivery.pace.waking import LOOK_AGAIN, LOOK_SOON
from shared.delivery.record import DeliveryState
from shared.delivery.waiting import WaitingDelivery, WaitingReason
from shared.errors import StorageDown
from shared.events.announcement import UnrecognizedMessage
from shared.events.event import Event
from shared.hub.hub import Hub
from shared.telemetry.tracing import at_invocation
from shared.webhooks.registration import Registration
from tests.fakes.receiver import Receiver
from tests.support.delivering import delivering_hub, new_event, register, save, waiting
from tests.support.invoking import TRACEPARENT, invocation_context
from tests.support.queues import visible_texts
from tests.support.transport import Fault, JournalTransport


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


@pytest.fixture
def webhook(hub: Hub, receiver: Receiver) -> Registration:
    registration = register(hub, receiver.url)
    receiver.reset()
    return registration


def set_pace(hub: Hub, webhook: Registration, **fields: object) -> Pace:
    """Write this pace, as if attempts had led to it."""
    pace = Pace(**{"is_answering": True, "is_quick": True, **fields})  # type: ignore[arg-type]
    hub.receivers.waker.store.change(webhook.id, lambda row, now: replace(row, pace=pace))
    return hub.receivers.waker.store.latest(webhook.id).pace


def park(hub: Hub, webhook: Registration, count: int = 1, **fields: object) -> list[Event]:
    """Deliveries that wait, oldest first."""
    events = sorted((new_event() for _ in range(count)), key=lambda one: (one.received_at, one.id))
    now = hub.storage.now()
    for event in events:
        given = {"reason": WaitingReason.CIRCUIT, "parked_at": now, "until": now, **fields}
        hub.receivers.waker.parking.park(
            WaitingDelivery(webhook.id, event.id, event.type, event.received_at, **given)  # type: ignore[arg-type]
        )
    return events


def left(hub: Hub, webhook: Registration) -> list[str]:
    return [one.event_id for one in hub.receivers.waker.parking.oldest(webhook.id, 1000)]


def wake(hub: Hub, webhook: Registration, number: int | None) -> None:
    hub.receivers.waker.work(WakeUp(webhook_id=webhook.id, number=number).as_text().encode())


def ago(hub: Hub, **span: float) -> datetime:
    return hub.storage.now() - timedelta(**span)


def sent_wake_ups(transport: JournalTransport) -> list[int]:
    """The delays of the wake-ups that were sent."""
    return [int(one.query["visibilitytimeout"][0]) for one in transport.calls if one.path == "wakeups/messages"]


def test_a_message_that_is_not_ours_is_refused(hub: Hub) -> None:
    for body in (b"", b"{}", b'{"version":1,"webhook_id":0}', b'{"version":2,"webhook_id":1}'):
        with pytest.raises(UnrecognizedMessage):
            hub.receivers.waker.work(body)


def test_a_wake_up_that_is_out_of_date_ends(hub: Hub, webhook: Registration, transport: JournalTransport) -> None:
    pace = set_pace(hub, webhook, wake_number=5)
    park(hub, webhook)
    transport.forget()
    wake(hub, webhook, pace.wake_number - 1)
    assert transport.summary == ["GET webhooks", "GET usage"]


def test_one_delivery_tries_whether_the_receiver_is_well_again(
    hub: Hub, webhook: Registration, connection_string: str, transport: JournalTransport
) -> None:
    pace = set_pace(
        hub, webhook, circuit=Circuit.OPEN, circuit_until=ago(hub, seconds=1), turned_at=ago(hub, minutes=1)
    )
    first, second = park(hub, webhook, 2, traceparent=TRACEPARENT)
    transport.forget()
    with at_invocation(invocation_context()):
        wake(hub, webhook, pace.wake_number)
    (probe,) = waiting(connection_string)
    assert (probe.event_id, probe.repeat, probe.event) == (first.id, True, None)
    assert probe.traceparent == TRACEPARENT
    assert left(hub, webhook) == [second.id]
    after = hub.receivers.waker.store.latest(webhook.id).pace
    assert (after.circuit, probe.probe) == (Circuit.HALF_OPEN, after.wake_number)
    # Its successor looks after it once the attempt must have ended.
    assert sent_wake_ups(transport) == [45]


def test_whoever_parks_by_a_reading_from_before_the_probe_lets_it_be_made(
    hub: Hub, webhook: Registration, connection_string: str
) -> None:
    opened = {"circuit": Circuit.OPEN, "circuit_until": ago(hub, seconds=1), "turned_at": ago(hub, minutes=1)}
    pace = set_pace(hub, webhook, **opened)
    park(hub, webhook)
    wake(hub, webhook, pace.wake_number)
    (probe,) = waiting(connection_string)
    late = new_event()
    hub.receivers.gate.park(
        WaitingDelivery(
            webhook.id,
            late.id,
            late.type,
            late.received_at,
            WaitingReason.CIRCUIT,
            hub.storage.now(),
            hub.storage.now(),
        )
    )
    admitted = hub.receivers.gate.admit(webhook, probe.probe, has_turn=False)
    assert isinstance(admitted, Admitted)
    assert admitted.is_probe


def test_the_one_that_failed_as_the_last_probe_is_not_tried_again_while_another_waits(
    hub: Hub, webhook: Registration, connection_string: str
) -> None:
    bad, good = park(hub, webhook, 2)
    opened = {"circuit": Circuit.OPEN, "circuit_until": ago(hub, seconds=1), "failed_probe": bad.id}
    wake(hub, webhook, set_pace(hub, webhook, **opened).wake_number)
    assert [one.event_id for one in waiting(connection_string)] == [good.id]


def test_what_waits_for_a_receiver_that_is_well_goes_back_at_a_growing_pace(
    hub: Hub, webhook: Registration, connection_string: str
) -> None:
    events = park(hub, webhook, 20)
    set_pace(hub, webhook)
    released = 0
    for count in (1, 2, 4, 8):
        wake(hub, webhook, max(hub.receivers.waker.store.latest(webhook.id).pace.wake_number, 1))
        released += count
        assert left(hub, webhook) == [one.id for one in events[released:]], count
    assert len(waiting(connection_string)) == released


def test_what_is_not_put_back_before_the_successor_comes_is_left_to_it(
    hub: Hub, webhook: Registration, connection_string: str
) -> None:
    events = park(hub, webhook, 60)
    set_pace(hub, webhook, ramp=60)
    seconds = counter(step=0.4)
    slow = replace(hub.receivers.waker, seconds=lambda: float(next(seconds)))
    slow.work(WakeUp(webhook_id=webhook.id, number=1).as_text().encode())
    # Each look at the clock finds 0.4 s gone: two slices, and no third.
    assert left(hub, webhook) == [one.id for one in events[32:]]
    assert {one.event_id for one in waiting(connection_string)} == {one.id for one in events[:32]}


def test_a_webhook_for_which_nothing_waits_is_looked_at_twice_more_and_then_left_alone(
    hub: Hub, webhook: Registration, transport: JournalTransport
) -> None:
    number = set_pace(hub, webhook, wake_number=3, wake_due=ago(hub, seconds=1), is_listed=True).wake_number
    for later, expected in enumerate(([LOOK_SOON.seconds], [LOOK_AGAIN.seconds], [])):
        transport.forget()
        wake(hub, webhook, number + later)
        assert sent_wake_ups(transport) == expected
        assert hub.receivers.waker.store.latest(webhook.id).pace.is_idle
    assert hub.receivers.waker.store.latest(webhook.id).pace.wake_due is None


def test_what_somebody_parked_by_an_older_reading_is_found_by_the_second_look(
    hub: Hub, webhook: Registration, connection_string: str
) -> None:
    number = set_pace(hub, webhook, wake_number=3).wake_number
    wake(hub, webhook, number)
    (event,) = park(hub, webhook)
    wake(hub, webhook, number + 1)
    assert [one.event_id for one in waiting(connection_string)] == [event.id]


def test_a_paused_webhook_is_left_alone_until_the_pause_is_over(
    hub: Hub, webhook: Registration, connection_string: str, transport: JournalTransport
) -> None:
    pace = set_pace(hub, webhook, paused_until=ago(hub, seconds=-60))
    park(hub, webhook)
    transport.forget()
    wake(hub, webhook, pace.wake_number)
    assert waiting(connection_string) == []
    (delay,) = sent_wake_ups(transport)
    assert 55 <= delay <= 61


def test_turns_of_a_receiver_that_allows_so_many_a_minute_are_reserved_for_the_next_seconds(
    hub: Hub, webhook: Registration, transport: JournalTransport
) -> None:
    stored = hub.receivers.webhooks.get(webhook.id)
    assert stored is not None
    hub.receivers.webhooks.update(stored, replace(stored, per_minute=30))
    park(hub, webhook, 9)
    pace = set_pace(hub, webhook)
    transport.forget()
    wake(hub, webhook, max(pace.wake_number, 1))
    delays = [int(one.query["visibilitytimeout"][0]) for one in transport.calls if one.path == "deliveries/messages"]
    # A little over two seconds between them; the first may have met a queue that was not there yet.
    assert sorted(set(delays)) == [0, 3, 5, 7, 9]


def test_what_waited_for_too_long_fails_and_can_be_replayed(hub: Hub, webhook: Registration) -> None:
    (old,) = park(hub, webhook, parked_at=ago(hub, days=3, seconds=1))
    (young,) = park(hub, webhook, parked_at=ago(hub, days=3, seconds=-60))
    pace = set_pace(hub, webhook, paused_until=ago(hub, seconds=-60))
    wake(hub, webhook, pace.wake_number)
    assert left(hub, webhook) == [young.id]
    record = hub.receivers.deliveries.get(webhook.id, old)
    assert record is not None
    assert record.state is DeliveryState.FAILED


def test_what_is_parked_once_more_has_waited_since_it_was_parked_first(hub: Hub, webhook: Registration) -> None:
    (event,) = park(hub, webhook, parked_at=ago(hub, days=3, seconds=1))
    # Another message for it, of a dispatch that came again, knows nothing of that.
    again = WaitingDelivery(
        webhook.id, event.id, event.type, event.received_at, WaitingReason.PLACE, ago(hub, hours=1), hub.storage.now()
    )
    hub.receivers.gate.park(again)
    wake(hub, webhook, set_pace(hub, webhook, wake_number=9).wake_number)
    record = hub.receivers.deliveries.get(webhook.id, event)
    assert record is not None
    assert record.state is DeliveryState.FAILED


@pytest.mark.parametrize("number", [None, 1])
def test_what_waits_for_a_webhook_that_was_stopped_is_held_page_by_page(
    hub: Hub, webhook: Registration, connection_string: str, number: int | None
) -> None:
    events = park(hub, webhook, 98)
    park(hub, webhook, 1, is_logged=True)
    save(hub, webhook.id, State="Stopped")
    for _ in range(3):
        wake(hub, webhook, number)
    assert left(hub, webhook) == []
    for event in events:
        record = hub.receivers.deliveries.get(webhook.id, event)
        assert record is not None
        assert record.state is DeliveryState.HELD
    # Each page that found something sent the wake-up for the next one.
    assert len(visible_texts(connection_string, WAKEUPS_QUEUE)) >= 2


def test_what_is_parked_for_a_webhook_that_was_stopped_and_started_again_has_a_wake_up(
    hub: Hub, webhook: Registration, connection_string: str
) -> None:
    number = set_pace(hub, webhook, wake_number=3, wake_due=ago(hub, seconds=1)).wake_number
    save(hub, webhook.id, State="Stopped")
    wake(hub, webhook, number)
    save(hub, webhook.id, State="Active")
    hub.storage.queue(WAKEUPS_QUEUE).drain(lambda _: True)
    event, now = new_event(), hub.storage.now()
    hub.receivers.gate.park(
        WaitingDelivery(webhook.id, event.id, event.type, event.received_at, WaitingReason.PLACE, now, now)
    )
    latest = hub.receivers.waker.store.latest(webhook.id).pace.wake_number
    texts = visible_texts(connection_string, WAKEUPS_QUEUE)
    assert WakeUp(webhook_id=webhook.id, number=latest).as_text() in texts
    wake(hub, webhook, latest)
    assert [one.event_id for one in waiting(connection_string)] == [event.id]


def test_the_wake_up_of_a_webhook_that_was_stopped_is_not_taken_to_be_under_way_any_more(
    hub: Hub, webhook: Registration, transport: JournalTransport
) -> None:
    now = hub.storage.now()
    pace = set_pace(hub, webhook, is_answering=False, wake_number=3, wake_due=now, is_listed=True)
    save(hub, webhook.id, State="Stopped")
    wake(hub, webhook, pace.wake_number)
    save(hub, webhook.id, State="Active")
    transport.forget()
    (event,) = park(hub, webhook)
    hub.receivers.gate.park(hub.receivers.waker.parking.oldest(webhook.id, 1)[0])
    # Dispatch sends messages again, and whoever parks one of them sends a wake-up.
    assert webhook.id not in hub.receivers.gate.blocked.read()
    assert len(sent_wake_ups(transport)) == 1
    assert left(hub, webhook) == [event.id]


@pytest.mark.parametrize("number", [None, 5])
def test_a_webhook_that_was_stopped_leaves_the_list_so_that_dispatch_parks_nothing_more(
    hub: Hub, webhook: Registration, transport: JournalTransport, number: int | None
) -> None:
    in_a_while = ago(hub, minutes=-30)
    blocked = {"circuit": Circuit.OPEN, "circuit_until": in_a_while, "wake_number": 5, "wake_due": in_a_while}
    pace = set_pace(hub, webhook, **blocked)
    assert webhook.id in hub.receivers.worker.gate.blocked.read()
    save(hub, webhook.id, State="Stopped")
    transport.forget()
    wake(hub, webhook, number and pace.wake_number)
    assert webhook.id not in hub.receivers.worker.gate.blocked.read()
    # With a number it looks again, for what was parked by an older reading of the list, and then no more.
    assert len(sent_wake_ups(transport)) == (number is not None)
    if number:
        park(hub, webhook)
        for _ in range(5):
            wake(hub, webhook, hub.receivers.waker.store.latest(webhook.id).pace.wake_number)
        assert left(hub, webhook) == []
        assert hub.receivers.waker.store.latest(webhook.id).pace.wake_due is None


def test_an_entry_that_somebody_put_on_the_list_after_it_was_taken_off_goes_with_the_next_look(
    hub: Hub, webhook: Registration
) -> None:
    number = set_pace(hub, webhook, wake_number=3).wake_number
    wake(hub, webhook, number)
    # Another instance opened the circuit, wrote the row, and was slow with the list: it is closed long since.
    gate = hub.receivers.worker.gate
    for later in (1, 2):
        gate.blocked.put(webhook.id, Blocked(WaitingReason.CIRCUIT, ago(hub, minutes=-30)))
        wake(hub, webhook, number + later)
        assert webhook.id not in gate.blocked.read()


def test_what_comes_for_a_webhook_that_was_stopped_in_a_pause_is_not_parked(
    hub: Hub, webhook: Registration, transport: JournalTransport
) -> None:
    set_pace(hub, webhook, paused_until=ago(hub, seconds=-600))
    park(hub, webhook)
    assert webhook.id in hub.receivers.gate.blocked.read()
    save(hub, webhook.id, State="Stopped")
    for _ in range(2):
        wake(hub, webhook, None)
    assert webhook.id not in hub.receivers.gate.blocked.read()
    # Once it is active again, what is parked until the end of the pause has the wake-up that is under way.
    save(hub, webhook.id, State="Active")
    pace = hub.receivers.waker.store.latest(webhook.id).pace
    assert (pace.wake_due, pace.is_idle) == (pace.paused_until, False)
    transport.forget()
    wake(hub, webhook, None)
    assert transport.summary == ["GET webhooks"]


def test_holding_stops_where_the_webhook_is_active_again(hub: Hub, webhook: Registration) -> None:
    events = park(hub, webhook, 3)
    wake(hub, webhook, None)
    assert left(hub, webhook) == [one.id for one in events]


def test_what_was_kept_of_a_webhook_that_is_gone_is_removed(hub: Hub, webhook: Registration) -> None:
    park(hub, webhook, 120)
    set_pace(hub, webhook, circuit=Circuit.OPEN, circuit_until=ago(hub, seconds=-60))
    stored = hub.receivers.webhooks.get(webhook.id)
    assert stored is not None
    hub.receivers.webhooks.delete(stored)
    for _ in range(3):
        wake(hub, webhook, None)
    assert left(hub, webhook) == []
    assert hub.receivers.waker.store.read(webhook.id).usage.total_calls == 0


def test_what_is_not_subscribed_to_any_more_is_not_sent(
    hub: Hub, webhook: Registration, connection_string: str
) -> None:
    park(hub, webhook, 2)
    (attempted,) = park(hub, webhook, is_logged=True, attempt=1)
    save(hub, webhook.id, Events=["other.changed"])
    wake(hub, webhook, max(set_pace(hub, webhook).wake_number, 1))
    assert left(hub, webhook) == [attempted.id]
    assert waiting(connection_string) == []


def calls_of_a_wake_up(hub: Hub, webhook: Registration, number: int) -> Iterator[tuple[int, Fault]]:
    for call in range(1, 12):
        for fault in Fault:
            yield call, fault


@pytest.mark.parametrize("circuit", [Circuit.OPEN, Circuit.CLOSED])
def test_whatever_call_fails_nothing_is_lost_and_the_same_message_or_its_successor_goes_on(
    connection_string: str, receiver: Receiver, circuit: Circuit
) -> None:
    transport = JournalTransport()
    hub = delivering_hub(connection_string, transport)
    webhook = register(hub, receiver.url)
    past = ago(hub, seconds=1)
    for call, fault in calls_of_a_wake_up(hub, webhook, 1):
        hub.storage.queue("deliveries").drain(lambda _: True)
        hub.storage.queue(WAKEUPS_QUEUE).drain(lambda _: True)
        hub.receivers.waker.parking.remove(hub.receivers.waker.parking.oldest(webhook.id, 96))
        events = {one.id for one in park(hub, webhook, 3)}
        number = set_pace(hub, webhook, circuit=circuit, circuit_until=past, wake_number=9, ramp=1).wake_number
        hub.storage.queue(WAKEUPS_QUEUE).drain(lambda _: True)
        transport.forget()
        transport.fail(call, fault)
        try:
            wake(hub, webhook, number)
        except StorageDown:
            failed = True
        else:
            failed = False
        has_successor = any(one.path == "wakeups/messages" for one in transport.calls)
        transport.forget()
        queued = {one.event_id for one in waiting(connection_string)}
        # Each is in the queue or still waits, and somebody will look again: this message, or the one after it.
        assert events <= queued | set(left(hub, webhook)), (call, fault)
        assert failed or has_successor, (call, fault)


def test_a_delivery_message_of_a_wake_up_is_understood(hub: Hub, webhook: Registration, connection_string: str) -> None:
    (event,) = park(hub, webhook, attempt=2, cycle=1, is_logged=True)
    wake(hub, webhook, max(set_pace(hub, webhook).wake_number, 1))
    (message,) = waiting(connection_string)
    assert (message.event_id, message.attempt, message.cycle, message.repeat) == (event.id, 2, 1, True)
    assert isinstance(message, DeliveryMessage)
    assert message.parked_at is not None
    assert Blocked(WaitingReason.PLACE, message.parked_at).until == message.parked_at
