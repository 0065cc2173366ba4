"""One delivery of a forgotten event, and how workers know that an event is forgotten."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.clock import now
from shared.delivery.attempt import Attempt
from shared.delivery.filter import DeliveryFilter
from shared.delivery.forgotten import DeliveryForgetting, ForgottenEvents
from shared.delivery.record import DELIVERIES_TABLE, DeliveryState, Forgotten, new_record, summary
from shared.delivery.replaying import BulkReplay
from shared.events.event import Event, forgotten_event
from shared.hub.hub import Hub
from shared.storage.paging import BEGINNING
from shared.storage.scan import WorkBudget
from tests.support.events import make_event, store_event
from tests.support.transport import JournalTransport

FAILURE = Attempt(now(), timedelta(milliseconds=12), 500, "http", "HTTP 500\nprivate")


def forgetting(hub: Hub) -> DeliveryForgetting:
    return DeliveryForgetting(hub.storage.table(DELIVERIES_TABLE), now)


def test_a_delivery_that_nobody_knows_of_gets_a_row_only_if_it_was_asked_for(hub: Hub) -> None:
    event = make_event()
    forgetting(hub).forget(event, 7, was_asked=False)
    assert hub.receivers.deliveries.get(7, event) is None
    forgetting(hub).forget(event, 7, was_asked=True)
    record = hub.receivers.deliveries.get(7, event)
    assert record is not None
    assert (record.state, record.forgotten, record.log) == (DeliveryState.FAILED, Forgotten.DELIVERY, ())
    shown = record.as_json()
    assert (shown["attempts"], shown["state"]) == (0, "failed")
    last = shown["last"]
    assert isinstance(last, dict)
    assert (last["errorClass"], last["status"], last["durationMs"]) == ("forgotten", None, 0)
    (row,) = (row for _, row in hub.receivers.deliveries.summaries(DeliveryFilter(error_class="forgotten")))
    assert summary(row) == shown


def test_attempts_stay_without_what_was_answered(hub: Hub) -> None:
    event = make_event()
    hub.receivers.deliveries.write(new_record(7, event).after(FAILURE, DeliveryState.PENDING, now()))
    forgetting(hub).forget(event, 7, was_asked=True)
    record = hub.receivers.deliveries.get(7, event)
    assert record is not None
    assert record.log == (replace(FAILURE, text=""),)
    assert (record.state, record.next_attempt_at) == (DeliveryState.FAILED, None)


@pytest.mark.parametrize("state", DeliveryState)
def test_doing_it_twice_changes_nothing_more(hub: Hub, state: DeliveryState, transport: JournalTransport) -> None:
    event = make_event()
    hub.receivers.deliveries.write(replace(new_record(7, event), state=state))
    forgetting(hub).forget(event, 7, was_asked=True)
    first = hub.receivers.deliveries.get(7, event)
    transport.forget()
    forgetting(hub).forget(event, 7, was_asked=True)
    assert transport.summary == ["GET deliveries", "GET deliveries"]
    assert hub.receivers.deliveries.get(7, event) == first


@pytest.mark.parametrize(
    ("state", "expected"),
    [(DeliveryState.DELIVERED, DeliveryState.DELIVERED), (DeliveryState.PENDING, DeliveryState.FAILED)],
)
def test_a_worker_that_comes_later_writes_a_success_down_and_no_answer(
    hub: Hub, state: DeliveryState, expected: DeliveryState
) -> None:
    event = make_event()
    before = new_record(7, event)
    forgetting(hub).forget(event, 7, was_asked=True)
    hub.receivers.deliveries.write(before.after(FAILURE, state))
    record = hub.receivers.deliveries.get(7, event)
    assert record is not None
    assert record.state is expected
    assert all(not one.text for one in record.log)


def test_a_replay_of_many_leaves_forgotten_ones_out(hub: Hub) -> None:
    events: list[Event] = [make_event() for _ in range(3)]
    for event in events:
        hub.receivers.deliveries.write(replace(new_record(7, event), state=DeliveryState.FAILED))
    forgetting(hub).forget(events[0], 7, was_asked=True)
    bulk = BulkReplay(hub.receivers.deliveries, hub.receivers.webhooks, hub.receivers.replay)
    replayed: list[str] = []
    bulk = BulkReplay(hub.receivers.deliveries, _Registered(), lambda one: replayed.append(one.event_id))  # type: ignore[arg-type]
    assert bulk.count(DeliveryFilter(), BEGINNING, WorkBudget()).count == 2
    assert bulk.replay(DeliveryFilter(), BEGINNING, WorkBudget()).count == 2
    assert set(replayed) == {event.id for event in events[1:]}


class _Registered:
    def get(self, webhook_id: int) -> object:
        return webhook_id


def test_only_what_is_not_newer_than_the_newest_forgotten_event_is_looked_at(
    hub: Hub, transport: JournalTransport
) -> None:
    gate = hub.receivers.gate
    known = ForgottenEvents(gate, hub.events)
    gone, kept = store_event(hub, forgotten_event(make_event())), store_event(hub, make_event())
    newer = store_event(hub, make_event(received_at=gone.received_at + timedelta(microseconds=1)))
    gate.mark_forgotten(7, gone.received_at)
    # An older one changes nothing.
    gate.mark_forgotten(7, gone.received_at - timedelta(days=1))
    gate.store.read(7)
    transport.forget()
    assert [known.contains(7, event) for event in (gone, kept, newer)] == [True, False, False]
    assert transport.summary == ["GET events", "GET events"]


def test_without_any_forgetting_nothing_is_looked_at(hub: Hub, transport: JournalTransport) -> None:
    hub.receivers.gate.store.read(7)
    transport.forget()
    assert not ForgottenEvents(hub.receivers.gate, hub.events).contains(7, make_event())
    assert transport.calls == []
