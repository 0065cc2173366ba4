"""What follows an attempt is done in the documented order: counted, scheduled or disabled, and then written down."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.delivery.attempt import Attempt
from shared.delivery.made_attempts import MadeAttempt
from shared.delivery.message import DeliveryMessage
from shared.delivery.pace.circuit import Blocked
from shared.delivery.pace.gate import outcome_of
from shared.delivery.progress import DeliveryProgress
from shared.delivery.record import DeliveryRecord, DeliveryState, new_record
from shared.delivery.waiting import WaitingReason
from shared.events.event import Event
from shared.hub.hub import Hub
from shared.webhooks.registration import Registration
from shared.webhooks.webhook import WebhookState
from tests.fakes.receiver import Receiver
from tests.support.delivering import delivering_hub, new_event, register, save, waiting
from tests.support.transport import JournalTransport

COUNT = ["PATCH usage"]
SEND, WRITE = ["POST deliveries/messages"], ["POST deliveries"]


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport, DELIVERY_RETRY_DELAYS="0,7", DELIVERY_CIRCUIT_AFTER="100")


@pytest.fixture
def progress(hub: Hub) -> DeliveryProgress:
    return hub.receivers.worker.progress


def registered(hub: Hub, receiver: Receiver) -> Registration:
    """A webhook as it is stored, so that it can be changed."""
    stored = hub.receivers.webhooks.get(register(hub, receiver.url).id)
    assert stored is not None
    return stored


@pytest.fixture
def webhook(hub: Hub, receiver: Receiver) -> Registration:
    return registered(hub, receiver)


def made(status: int | None) -> Attempt:
    return Attempt(datetime.now(UTC), timedelta(milliseconds=5), status, "" if status == 200 else "http", "a text")


def advance(
    progress: DeliveryProgress, webhook: Registration, event: Event, attempt: Attempt, before: int = 0
) -> DeliveryRecord:
    """The record after this attempt, which had so many before it."""
    record = DeliveryRecord(webhook.id, event.id, event.type, event.received_at, attempts=before)
    message = DeliveryMessage(event_id=event.id, webhook_id=webhook.id, attempt=before, event=event, has_turn=True)
    outcome = outcome_of(attempt, event.id, progress.gate.now(), is_quick=True, is_probe=False)
    progress.advance(message, webhook, event, record, MadeAttempt(attempt, outcome))
    written = progress.deliveries.get(webhook.id, event)
    assert written is not None
    return written


@pytest.mark.parametrize(
    ("status", "before", "state", "calls"),
    [
        (200, 0, DeliveryState.DELIVERED, COUNT + WRITE),
        (500, 0, DeliveryState.PENDING, COUNT + SEND + WRITE),
        (500, 2, DeliveryState.FAILED, COUNT + WRITE),
    ],
)
def test_an_attempt_is_counted_then_the_next_is_asked_for_then_it_is_written_down(
    progress: DeliveryProgress,
    webhook: Registration,
    transport: JournalTransport,
    status: int,
    before: int,
    state: DeliveryState,
    calls: list[str],
) -> None:
    # Twice, because the first one makes tables and queues.
    for _ in range(2):
        transport.forget()
        record = advance(progress, webhook, new_event(), made(status), before)
    assert (record.state, record.attempts, [one.text for one in record.log]) == (state, before + 1, ["a text"])
    assert transport.summary[:-1] == calls


def test_the_next_message_names_the_event_one_attempt_later_and_has_no_turn(
    progress: DeliveryProgress, webhook: Registration, connection_string: str
) -> None:
    event = new_event()
    record = advance(progress, webhook, event, made(None))
    assert waiting(connection_string) == [DeliveryMessage(event_id=event.id, webhook_id=webhook.id, attempt=1)]
    assert record.next_attempt_at is not None


def test_a_webhook_is_disabled_before_its_delivery_is_held(
    hub: Hub,
    progress: DeliveryProgress,
    webhook: Registration,
    receiver: Receiver,
    transport: JournalTransport,
    connection_string: str,
) -> None:
    # Disabling another one makes the tables and queues.
    advance(progress, registered(hub, receiver), new_event(), made(410))
    transport.forget()
    record = advance(progress, webhook, new_event(), made(410))
    assert (record.state, record.next_attempt_at, waiting(connection_string)) == (DeliveryState.HELD, None, [])
    stored = hub.receivers.webhooks.get(webhook.id)
    assert stored is not None
    assert stored.webhook.state is WebhookState.TOO_MANY_ERRORS
    # Counted; somebody is made to look; stored with what is to be signalled; signalled; and what waits is put away.
    wake, signal = ["POST wakeups/messages"], ["POST events/messages", "POST events"]
    steps = ["POST usage", *wake, "PUT webhooks", *signal, *wake, "POST deliveries"]
    assert [call for call in transport.summary if call in steps] == steps


def test_a_webhook_that_was_saved_meanwhile_goes_on_by_the_schedule(
    hub: Hub, progress: DeliveryProgress, webhook: Registration, connection_string: str
) -> None:
    save(hub, webhook.id, Description="saved while the attempt was under way")
    event = new_event()
    assert advance(progress, webhook, event, made(410)).state is DeliveryState.PENDING
    assert [message.event_id for message in waiting(connection_string)] == [event.id]
    assert advance(progress, webhook, new_event(), made(410), before=2).state is DeliveryState.FAILED


def test_a_delivery_that_is_held_keeps_its_attempts(progress: DeliveryProgress, webhook: Registration) -> None:
    event = new_event()
    before = advance(progress, webhook, event, made(500))
    progress.hold(before)
    held = progress.deliveries.get(webhook.id, event)
    assert held is not None
    assert (held.state, held.next_attempt_at, held.attempts, held.log) == (DeliveryState.HELD, None, 1, before.log)


def test_a_delivery_that_was_never_attempted_can_be_held(progress: DeliveryProgress, webhook: Registration) -> None:
    event = new_event()
    progress.hold(new_record(webhook.id, event))
    held = progress.deliveries.get(webhook.id, event)
    assert held is not None
    assert (held.state, held.attempts) == (DeliveryState.HELD, 0)


def test_behind_an_open_circuit_a_failed_delivery_is_parked_then_written_down(
    connection_string: str, transport: JournalTransport, receiver: Receiver
) -> None:
    hub = delivering_hub(connection_string, transport, DELIVERY_CIRCUIT_AFTER="1")
    webhook, progress = registered(hub, receiver), hub.receivers.worker.progress
    for _ in range(2):
        transport.forget()
        event = new_event()
        record = advance(progress, webhook, event, made(500))
    # Opening sent the wake-up already; the second one, which began later, changes nothing of it.
    assert transport.summary[:-1] == ["PATCH usage", "POST deliveries", "POST deliveries"]
    assert (record.state, record.attempts, record.waiting_reason) == (DeliveryState.WAITING, 1, WaitingReason.CIRCUIT)
    parked = hub.receivers.waker.parking.oldest(webhook.id, 10)
    assert [(one.attempt, one.is_logged) for one in parked] == [(1, True)] * 2
    assert all(one.due_at and one.due_at > one.parked_at - timedelta(seconds=1) for one in parked)
    assert waiting(connection_string) == []


def test_an_answer_that_asks_for_a_pause_uses_up_nothing_and_the_delivery_waits(
    hub: Hub, progress: DeliveryProgress, webhook: Registration, connection_string: str
) -> None:
    event = new_event()
    record = advance(progress, webhook, event, replace(made(429), wait=timedelta(seconds=20)), before=1)
    assert (record.state, record.attempts, record.waiting_reason) == (DeliveryState.WAITING, 1, WaitingReason.PAUSED)
    assert (len(record.log), waiting(connection_string)) == (1, [])
    (parked,) = hub.receivers.waker.parking.oldest(webhook.id, 10)
    assert (parked.event_id, parked.attempt, parked.due_at) == (event.id, 1, None)
    usage = hub.receivers.webhooks.usage(webhook.id)
    assert (usage.total_calls, usage.total_errors, usage.consecutive_errors) == (1, 1, 0)


def test_a_delivery_that_was_never_attempted_waits_without_a_record(
    hub: Hub, progress: DeliveryProgress, webhook: Registration
) -> None:
    event, now = new_event(), hub.storage.now()
    message = DeliveryMessage(event_id=event.id, webhook_id=webhook.id, event=event)
    progress.wait(message, event, None, Blocked(WaitingReason.PAUSED, now))
    assert hub.receivers.deliveries.get(webhook.id, event) is None
    (parked,) = hub.receivers.waker.parking.oldest(webhook.id, 10)
    assert (parked.reason, parked.until, parked.is_logged) == (WaitingReason.PAUSED, now, False)


@pytest.mark.parametrize("minutes", [-1, 1])
def test_when_a_parked_delivery_is_due_is_told_by_storages_clock(
    connection_string: str, receiver: Receiver, minutes: int
) -> None:
    # Instances whose clocks differ have to understand each other.
    with JournalTransport(clock=lambda: datetime.now(UTC) + timedelta(minutes=minutes)) as transport:
        hub = delivering_hub(connection_string, transport, DELIVERY_CIRCUIT_AFTER="1", DELIVERY_RETRY_DELAYS="300,300")
        webhook, progress = registered(hub, receiver), hub.receivers.worker.progress
        attempt = replace(made(500), at=datetime.now(UTC) + timedelta(minutes=minutes))
        advance(progress, webhook, new_event(), attempt)
    (parked,) = hub.receivers.waker.parking.oldest(webhook.id, 10)
    assert parked.due_at is not None
    assert abs(parked.due_at - parked.parked_at - timedelta(seconds=315)) < timedelta(seconds=25)
