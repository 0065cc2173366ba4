"""A receiver that allows so many requests a minute gets no more; what is over waits, and does not fail."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from shared.delivery.record import DeliveryState
from shared.hub.hub import Hub
from shared.webhooks.registration import Registration
from shared.webhooks.rows import USAGE_TABLE
from shared.webhooks.usage import UsageCounter
from tests.fakes.receiver import Receiver, answers
from tests.support.delivering import attempt, delivering_hub, new_event, register, save, waiting
from tests.support.patience import eventually
from tests.support.transport import JournalTransport

NOW = datetime(2026, 3, 14, 9, 26, tzinfo=UTC)


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


def limited(hub: Hub, receiver: Receiver, per_minute: int | str) -> Registration:
    """A webhook whose receiver allows this rate; its journal holds deliveries only."""
    fields = ("WebHook-Allowed-Origin: *", f"WebHook-Allowed-Rate: {per_minute}")
    receiver.behave(answers(200, b"", *fields))
    registration = register(hub, receiver.url, Type="cloudevents")
    receiver.journal.clear()
    return registration


def counter(hub: Hub) -> UsageCounter:
    return UsageCounter(hub.storage.table(USAGE_TABLE))


def test_what_is_over_the_rate_waits_in_the_queue_and_is_no_failure(
    hub: Hub, connection_string: str, receiver: Receiver
) -> None:
    registration = limited(hub, receiver, 60)
    _, second, third = (attempt(hub, registration) for _ in range(3))
    assert len(receiver.journal) == 1
    assert hub.receivers.deliveries.get(registration.id, second) is None
    assert hub.receivers.webhooks.usage(registration.id).total_calls == 1
    assert eventually(lambda: len(waiting(connection_string)) == 2)
    assert {message.event_id for message in waiting(connection_string)} == {second.id, third.id}
    assert {(message.attempt, message.has_turn) for message in waiting(connection_string)} == {(0, True)}
    attempt(hub, registration, second, has_turn=True)
    delivered = hub.receivers.deliveries.get(registration.id, second)
    assert (len(receiver.journal), delivered and delivered.state) == (2, DeliveryState.DELIVERED)


def test_a_turn_costs_two_transactions_and_a_message_that_comes_again_in_its_turn_none(
    hub: Hub, receiver: Receiver, transport: JournalTransport
) -> None:
    free, wide, narrow = (limited(hub, receiver, rate) for rate in ("*", 1_000_000, 1))

    def transactions(registration: Registration, *, has_turn: bool = False) -> int:
        transport.forget()
        attempt(hub, registration, has_turn=has_turn)
        return len(transport.calls)

    # The first ones make tables and queues, and take the turn of this minute.
    for registration in (free, wide, narrow, narrow):
        attempt(hub, registration)
    assert (transactions(free), transactions(wide)) == (5, 7)
    assert (transactions(narrow), transactions(narrow, has_turn=True)) == (4, 5)


def test_a_retry_waits_for_a_turn_of_its_own(hub: Hub, connection_string: str, receiver: Receiver) -> None:
    registration = limited(hub, receiver, 60)
    receiver.behave(answers(503))
    event = attempt(hub, registration, has_turn=True)
    assert eventually(lambda: len(waiting(connection_string)) == 1)
    (again,) = waiting(connection_string)
    assert (again.event_id, again.attempt, again.has_turn) == (event.id, 1, False)


def test_a_stopped_webhook_takes_no_turn(hub: Hub, receiver: Receiver) -> None:
    registration = save(hub, limited(hub, receiver, 1).id, State="Stopped")
    for _ in range(2):
        held = hub.receivers.deliveries.get(registration.id, attempt(hub, registration))
        assert held is not None
        assert held.state is DeliveryState.HELD


@pytest.mark.parametrize("per_minute", [1, 60, 600])
def test_turns_that_many_ask_for_at_once_lie_so_far_apart_that_no_minute_has_more(hub: Hub, per_minute: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(lambda _: counter(hub).next_turn(1, per_minute, NOW), range(16)))
    turns = sorted(turn for turn in asked if turn is not None)
    assert (len(turns), turns[0]) == (16, NOW)
    assert min(later - earlier for earlier, later in pairwise(turns)) >= timedelta(minutes=1) / per_minute


def test_a_turn_that_was_not_used_does_not_add_up(hub: Hub) -> None:
    counter(hub).next_turn(1, 60, NOW)
    later = NOW + timedelta(hours=1)
    assert counter(hub).next_turn(1, 60, later) == later
    assert counter(hub).next_turn(1, 60, later) != later


def test_who_would_wait_for_more_than_a_day_asks_again_then(
    hub: Hub, connection_string: str, receiver: Receiver, transport: JournalTransport
) -> None:
    registration = limited(hub, receiver, 1)
    hub.storage.table(USAGE_TABLE).put(
        {
            "PartitionKey": f"{registration.id:010d}",
            "RowKey": "usage",
            "NextTurn": (datetime.now(UTC) + timedelta(days=2)).isoformat(),
        }
    )
    transport.forget()
    attempt(hub, registration, new_event())
    assert (receiver.journal, waiting(connection_string)) == ([], [])
    sent = [call for call in transport.calls if call.path == "deliveries/messages"]
    assert sent[-1].query["visibilitytimeout"] == ["86400"]
