"""What a save, a deletion and the disabling of a webhook mean for what waits for its receiver."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.delivery.pace.state import Circuit, Pace
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE, WakeUp, parse_wake_up
from shared.delivery.queues import DELIVERIES_QUEUE
from shared.delivery.record import DELIVERIES_TABLE, DeliveryState
from shared.hub.hub import Hub
from shared.storage.query import Query
from shared.webhooks.registration import Registration
from tests.fakes.receiver import Receiver, answers
from tests.support.delivering import attempt, delivering_hub, new_event, register, save
from tests.support.host import QuietHost
from tests.support.queues import visible_texts
from tests.support.transport import Fault, JournalTransport


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


@pytest.fixture
def webhook(hub: Hub, receiver: Receiver) -> Registration:
    """Its circuit is open, its receiver asked for a pause, and one delivery waits for it."""
    registration = register(hub, receiver.url)
    soon = hub.storage.now() + timedelta(minutes=5)
    pace = Pace(circuit=Circuit.OPEN, circuit_until=soon, paused_until=soon, failing_since=soon)
    hub.receivers.waker.store.change(registration.id, lambda row, now: replace(row, pace=pace))
    event = new_event()
    hub.events.append(event, b"{}")
    attempt(hub, registration, event)
    receiver.reset()
    return registration


def pace(hub: Hub, webhook: Registration) -> Pace:
    return hub.receivers.waker.store.read(webhook.id).pace


def wake_ups(connection_string: str) -> list[WakeUp]:
    """Those that are due now."""
    return [parse_wake_up(text.encode()) for text in visible_texts(connection_string, WAKEUPS_QUEUE)]


def test_a_save_whose_test_event_succeeded_closes_the_circuit_and_wakes_what_waits(
    hub: Hub, webhook: Registration, receiver: Receiver, connection_string: str
) -> None:
    save(hub, webhook.id, TargetUrl=f"{receiver.url}/elsewhere")
    after = pace(hub, webhook)
    assert (after.circuit, after.failing_since) == (Circuit.CLOSED, None)
    # The receiver is the one that asked for the pause.
    assert after.paused_until is not None


def test_a_pause_ends_where_the_webhook_points_to_another_receiver(
    hub: Hub, webhook: Registration, connection_string: str
) -> None:
    with Receiver() as other:
        save(hub, webhook.id, TargetUrl=other.url)
        assert pace(hub, webhook).paused_until is None
        assert [one.number is not None for one in wake_ups(connection_string)] == [True]
        QuietHost(connection_string).run(hub, WAKEUPS_QUEUE, DELIVERIES_QUEUE)
        assert len([one for one in other.journal if b'"Event":"thing.changed"' in one.body]) == 1


def test_a_save_that_tests_nothing_changes_nothing_of_the_pace(hub: Hub, webhook: Registration) -> None:
    before = pace(hub, webhook)
    save(hub, webhook.id, Description="another one")
    assert pace(hub, webhook) == before


@pytest.mark.parametrize("what", ["stop", "delete"])
def test_what_waits_for_a_webhook_that_was_stopped_or_removed_is_put_away(
    hub: Hub, webhook: Registration, connection_string: str, what: str
) -> None:
    assert len(hub.receivers.waker.parking.oldest(webhook.id, 10)) == 1
    stored = hub.receivers.webhooks.get(webhook.id)
    assert stored is not None
    if what == "stop":
        save(hub, webhook.id, State="Stopped")
    else:
        hub.receivers.saving.delete(stored)
    QuietHost(connection_string).run(hub, WAKEUPS_QUEUE)
    assert hub.receivers.waker.parking.oldest(webhook.id, 10) == []
    assert states(hub) == ({DeliveryState.HELD} if what == "stop" else set())


def states(hub: Hub) -> set[str]:
    """The states of all deliveries, those that wait included."""
    return {row["State"] for row in hub.storage.table(DELIVERIES_TABLE).query(Query())}


def test_what_waits_for_a_webhook_that_is_disabled_is_held(
    hub: Hub, receiver: Receiver, connection_string: str
) -> None:
    registration = register(hub, receiver.url)
    receiver.behave(answers(429, b"", "Retry-After: 1"))
    attempt(hub, registration)
    assert len(hub.receivers.waker.parking.oldest(registration.id, 10)) == 1
    receiver.behave(answers(410))
    hub.receivers.waker.store.change(
        registration.id, lambda row, now: replace(row, pace=replace(row.pace, paused_until=None))
    )
    attempt(hub, registration)
    QuietHost(connection_string).run(hub, WAKEUPS_QUEUE)
    assert states(hub) == {DeliveryState.HELD}


@pytest.mark.parametrize("fault", Fault)
def test_a_save_that_is_stored_is_answered_although_the_pace_cannot_be_told(
    hub: Hub, webhook: Registration, transport: JournalTransport, fault: Fault
) -> None:
    transport.forget()
    with Receiver() as other:
        save(hub, webhook.id, TargetUrl=other.url)
        calls = len(transport.calls)
        with Receiver() as another:
            transport.forget()
            transport.fail(calls, fault)
            save(hub, webhook.id, TargetUrl=another.url)
            transport.forget()
            stored = hub.receivers.webhooks.get(webhook.id)
            assert stored is not None
            assert stored.webhook.target_url == another.url
