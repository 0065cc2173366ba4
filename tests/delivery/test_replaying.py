"""Replays of many deliveries: each once, in calls that are bounded and come further whatever the log holds."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from azure.storage.queue import QueueClient

from shared.deadline import deadline, remaining_seconds
from shared.delivery.filter import DeliveryFilter
from shared.delivery.queues import DELIVERIES_QUEUE
from shared.delivery.record import DELIVERIES_TABLE, DeliveryState, new_record
from shared.delivery.replaying import BulkReplay, ReplayResult
from shared.delivery.waiting import WaitingDelivery, WaitingReason, waiting_row
from shared.errors import StorageDown
from shared.events.event import Event
from shared.hub.hub import Hub
from shared.storage.paging import BEGINNING, Place
from shared.storage.scan import WorkBudget
from tests.fakes.receiver import Receiver
from tests.roles.graph_directory import TestClock
from tests.support.delivering import delivering_hub, register, waiting
from tests.support.early_ends import EarlyEndTransport
from tests.support.events import RECEIVED_AT, make_event
from tests.support.transport import Fault

ALL = DeliveryFilter()


@pytest.fixture
def transport() -> Iterator[EarlyEndTransport]:
    with EarlyEndTransport() as made:
        yield made


@pytest.fixture
def hub(connection_string: str, transport: EarlyEndTransport, receiver: Receiver) -> Hub:
    """A hub with two webhooks."""
    made = delivering_hub(connection_string, transport)
    for _ in range(2):
        register(made, receiver.url)
    return made


def bulk(hub: Hub) -> BulkReplay:
    receivers = hub.receivers
    return BulkReplay(receivers.deliveries, receivers.webhooks, receivers.replay)


def stored(hub: Hub, webhook_id: int, *states: DeliveryState) -> list[Event]:
    """Deliveries of one event after the other, the newest first."""
    events = [make_event(received_at=RECEIVED_AT - timedelta(minutes=number)) for number in range(len(states))]
    for event, state in zip(events, states, strict=True):
        hub.receivers.deliveries.write(replace(new_record(webhook_id, event), state=state))
    return events


type Call = Callable[[DeliveryFilter, Place, WorkBudget], ReplayResult]


def calls(do: Call, wanted: DeliveryFilter = ALL, transactions: int = 200) -> list[int]:
    """The counts of one call after the other, until there is nothing more."""
    counts, place = [], BEGINNING
    while True:
        done = do(wanted, place, WorkBudget(transactions=transactions))
        counts.append(done.count)
        if done.place is None:
            return counts
        assert done.place != place
        place = done.place


def test_what_failed_or_is_held_is_replayed_and_everything_else_is_not(hub: Hub, connection_string: str) -> None:
    events = stored(hub, 1, *DeliveryState)
    undone = [events[list(DeliveryState).index(state)].id for state in (DeliveryState.FAILED, DeliveryState.HELD)]
    assert calls(bulk(hub).count) == calls(bulk(hub).replay) == [2]
    assert sorted(message.event_id for message in waiting(connection_string)) == sorted(undone)
    assert calls(bulk(hub).count) == [0]


def test_states_that_are_named_are_replayed_instead(hub: Hub) -> None:
    stored(hub, 1, *DeliveryState)
    wanted = DeliveryFilter(states=(DeliveryState.DELIVERED, DeliveryState.PENDING))
    assert calls(bulk(hub).replay, wanted) == [2]
    assert calls(bulk(hub).count) == [2]


def test_what_waits_for_its_receiver_is_left_alone_even_if_it_is_named(
    hub: Hub, transport: EarlyEndTransport, connection_string: str
) -> None:
    event = make_event()
    parked = WaitingDelivery(1, event.id, event.type, event.received_at, WaitingReason.PAUSED, RECEIVED_AT, RECEIVED_AT)
    hub.storage.table(DELIVERIES_TABLE).put(waiting_row(parked))
    stored(hub, 1, DeliveryState.WAITING, DeliveryState.FAILED)
    named = DeliveryFilter(states=(DeliveryState.FAILED, DeliveryState.WAITING))
    assert calls(bulk(hub).count, named) == calls(bulk(hub).replay, named) == [1]
    transport.forget()
    assert calls(bulk(hub).replay, DeliveryFilter(states=(DeliveryState.WAITING,))) == [0]
    assert (transport.calls, len(waiting(connection_string))) == ([], 1)


def test_a_replay_costs_two_transactions_and_eight_are_made_side_by_side(
    hub: Hub, transport: EarlyEndTransport
) -> None:
    stored(hub, 1, *[DeliveryState.FAILED] * 8)
    calls(bulk(hub).replay)
    stored(hub, 1, *[DeliveryState.FAILED] * 8)
    transport.forget()
    assert calls(bulk(hub).replay) == [8]
    assert sorted(transport.summary) == sorted(
        ["GET deliveries", "GET webhooks", *["POST deliveries/messages", "PUT deliveries"] * 8]
    )


@pytest.mark.parametrize("transactions", [1, 20, 27, 28, 50])
def test_a_call_costs_what_it_may_and_the_next_one_goes_on_behind_it(
    hub: Hub, transport: EarlyEndTransport, connection_string: str, transactions: int
) -> None:
    events = stored(hub, 1, *[DeliveryState.HELD] * 20) + stored(hub, 2, *[DeliveryState.FAILED] * 3)
    with QueueClient.from_connection_string(connection_string, DELIVERIES_QUEUE) as queue:
        queue.create_queue()
    do, costs = bulk(hub), []

    def replay(wanted: DeliveryFilter, place: Place, budget: WorkBudget) -> ReplayResult:
        transport.forget()
        done = do.replay(wanted, place, budget)
        costs.append(len(transport.calls))
        return done

    assert sum(calls(replay, transactions=transactions)) == len(events)
    # A call makes a first step whatever it costs: a read, two webhooks, and eight replays.
    assert max(costs) <= max(transactions, 19)
    assert sorted(message.event_id for message in waiting(connection_string)) == sorted(event.id for event in events)


def test_a_call_ends_with_its_time_but_not_before_it_came_further(hub: Hub) -> None:
    stored(hub, 1, *[DeliveryState.FAILED] * 20)
    clock, do, place, counts = TestClock(), bulk(hub), BEGINNING, []
    while True:
        budget = WorkBudget(seconds=10, clock=clock)
        replayed: list[object] = []

        def slow(record: object, replayed: list[object] = replayed) -> None:
            replayed.append(record)
            clock.seconds += 10

        done = BulkReplay(hub.receivers.deliveries, hub.receivers.webhooks, slow).replay(ALL, place, budget)
        counts.append(done.count)
        assert done.count == len(replayed)
        if done.place is None:
            break
        place = done.place
    assert (counts, do.count(ALL, BEGINNING, WorkBudget()).count) == ([8, 8, 4], 20)


def test_a_log_full_of_others_costs_little_a_call_and_never_ends_it_for_good(
    hub: Hub, transport: EarlyEndTransport
) -> None:
    stored(hub, 1, *[DeliveryState.DELIVERED] * 10)
    stored(hub, 2, DeliveryState.FAILED)
    for do in (bulk(hub).count, bulk(hub).replay):
        # Five looks at two rows each find nothing, two a call.
        transport.early_ends = 5
        assert calls(do, transactions=2) == [0, 0, 1]


def test_a_count_reads_webhooks_within_its_budget_too(hub: Hub, transport: EarlyEndTransport) -> None:
    for webhook_id in range(1, 8):
        stored(hub, webhook_id, DeliveryState.FAILED)
    transport.forget()
    # One read of rows and three of webhooks, of which two are registered.
    assert calls(bulk(hub).count, transactions=4) == [2, 0, 0]
    assert len(transport.calls) == 3 + 7


def test_the_deadline_of_a_request_holds_in_every_thread(hub: Hub) -> None:
    stored(hub, 1, *[DeliveryState.FAILED] * 9)
    left: list[float] = []
    do = BulkReplay(
        hub.receivers.deliveries,
        hub.receivers.webhooks,
        lambda *_: left.append(remaining_seconds(at_most=1000)),
    )
    with deadline(500):
        assert calls(do.replay) == [9]
    assert (len(left), max(left) <= 500) == (9, True)


@pytest.mark.parametrize("fault", list(Fault))
def test_whichever_call_fails_the_same_call_again_replays_what_is_left(
    new_account: Callable[[], str], receiver: Receiver, fault: Fault
) -> None:
    for number in range(1, 12):
        with EarlyEndTransport() as transport:
            account = new_account()
            hub = delivering_hub(account, transport)
            register(hub, receiver.url)
            stored(hub, 1, DeliveryState.FAILED, DeliveryState.HELD)
            transport.forget()
            transport.fail(number, fault)
            with suppress(StorageDown):
                bulk(hub).replay(ALL, BEGINNING, WorkBudget())
            has_failed = number <= len(transport.calls)
            transport.forget()
            calls(bulk(hub).replay)
            assert calls(bulk(hub).count) == [0]
            assert len({message.event_id for message in waiting(account)}) == 2
        if not has_failed:
            return
    pytest.fail("the replay never came to its end")
