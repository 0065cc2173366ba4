"""A delivery that begins anew: the same EventId, the whole schedule, whatever became of it before."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from shared.delivery.record import DeliveryRecord, DeliveryState
from shared.events.event import Event
from shared.hub.hub import Hub
from shared.webhooks.registration import Registration
from tests.fakes.receiver import Receiver, answers, answers_in_turn
from tests.support.delivering import attempt, delivering_hub, new_event, register, save, waiting
from tests.support.events import PAYLOAD, store_event
from tests.support.host import QuietHost
from tests.support.transport import JournalTransport


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport, DELIVERY_RETRY_DELAYS="0,0", DELIVERY_CIRCUIT_AFTER="100")


@pytest.fixture
def webhook(hub: Hub, receiver: Receiver) -> Registration:
    registration = register(hub, receiver.url)
    receiver.reset()
    return registration


@pytest.fixture
def host(connection_string: str) -> QuietHost:
    return QuietHost(connection_string)


def stored(hub: Hub, webhook: Registration, event: Event) -> DeliveryRecord:
    record = hub.receivers.deliveries.get(webhook.id, event)
    assert record is not None
    return record


def replay(hub: Hub, webhook: Registration, event: Event) -> None:
    hub.receivers.replay(stored(hub, webhook, event))


@pytest.mark.parametrize("status", [200, 500, 410])
def test_what_was_delivered_failed_or_held_is_delivered_again_with_its_id(
    hub: Hub, webhook: Registration, receiver: Receiver, host: QuietHost, status: int
) -> None:
    receiver.behave(answers(status))
    event = attempt(hub, webhook, store_event(hub, new_event()))
    host.run(hub)
    before = stored(hub, webhook, event)
    receiver.reset()
    save(hub, webhook.id, State="Active")
    receiver.reset()
    replay(hub, webhook, event)
    begun = stored(hub, webhook, event)
    assert (begun.state, begun.cycle, begun.attempts) == (DeliveryState.PENDING, 1, 0)
    assert begun.next_attempt_at is not None
    host.run(hub)
    after = stored(hub, webhook, event)
    assert (after.state, after.cycle, after.attempts) == (DeliveryState.DELIVERED, 1, 1)
    assert after.log[:-1] == before.log
    (visit,) = receiver.journal
    assert visit.headers["x-superoffice-eventid"] == event.id
    # A replay is no retry: it begins anew.
    assert "x-superoffice-retry" not in visit.headers


def test_a_replay_has_the_whole_schedule_before_it(
    hub: Hub, webhook: Registration, receiver: Receiver, host: QuietHost
) -> None:
    receiver.behave(answers(500))
    event = attempt(hub, webhook, store_event(hub, new_event()))
    host.run(hub)
    replay(hub, webhook, event)
    host.run(hub)
    record = stored(hub, webhook, event)
    assert (record.state, record.attempts, len(record.log)) == (DeliveryState.FAILED, 3, 6)
    retries = [visit.headers.get("x-superoffice-retry") for visit in receiver.journal]
    assert retries == [None, "1", "2"] * 2


def test_the_retry_that_was_scheduled_before_a_replay_is_not_made(
    hub: Hub, webhook: Registration, receiver: Receiver, host: QuietHost
) -> None:
    receiver.behave(answers(500))
    event = attempt(hub, webhook, store_event(hub, new_event()))
    receiver.reset()
    replay(hub, webhook, event)
    # In whatever order the two messages come.
    host.run(hub)
    assert (len(receiver.journal), stored(hub, webhook, event).state) == (1, DeliveryState.DELIVERED)


def test_two_who_replay_at_once_begin_one_cycle(
    hub: Hub, webhook: Registration, receiver: Receiver, host: QuietHost
) -> None:
    event = attempt(hub, webhook, store_event(hub, new_event()))
    record = stored(hub, webhook, event)
    receiver.journal.clear()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: hub.receivers.replay(record), range(2)))
    host.run(hub)
    after = stored(hub, webhook, event)
    assert (after.state, after.cycle, len(receiver.journal)) == (DeliveryState.DELIVERED, 1, 1)


def test_a_replay_for_a_webhook_that_is_not_active_is_held_again(
    hub: Hub, webhook: Registration, receiver: Receiver, host: QuietHost
) -> None:
    event = attempt(hub, webhook, store_event(hub, new_event()))
    save(hub, webhook.id, State="Stopped")
    receiver.journal.clear()
    replay(hub, webhook, event)
    host.run(hub)
    after = stored(hub, webhook, event)
    assert (after.state, after.cycle, receiver.journal) == (DeliveryState.HELD, 1, [])


def test_a_replay_costs_two_transactions(
    hub: Hub, webhook: Registration, transport: JournalTransport, connection_string: str
) -> None:
    event = attempt(hub, webhook, store_event(hub, new_event()))
    replay(hub, webhook, event)
    transport.forget()
    replay(hub, webhook, event)
    assert transport.summary == ["GET deliveries", "POST deliveries/messages", "PUT deliveries"]
    assert [message.cycle for message in waiting(connection_string)] == [1, 2]


@pytest.mark.parametrize("length", [0, 30_000])
def test_the_hops_of_an_event_outlive_retries_and_replays_also_of_one_too_large_for_a_message(
    hub: Hub, webhook: Registration, receiver: Receiver, host: QuietHost, length: int
) -> None:
    values = {"text": "x" * length}
    event = replace(new_event(), hops=2, field_values=values, values=values)
    hub.events.append(event, PAYLOAD)
    receiver.behave(answers_in_turn(answers(500), answers()))
    host.run(hub)
    replay(hub, webhook, event)
    host.run(hub)
    hub.receivers.replay(stored(hub, webhook, event))
    host.run(hub)
    assert [visit.headers["x-hub-hops"] for visit in receiver.journal] == ["3"] * 4
