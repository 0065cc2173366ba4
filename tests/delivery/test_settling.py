"""What waits and is not attempted any more: it is held or failed, once, and never taken from an attempt."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.delivery.pace.parking import Parking
from shared.delivery.record import DELIVERIES_TABLE, DeliveryRecord, DeliveryState, new_record
from shared.delivery.settling import Settling
from shared.delivery.waiting import WaitingDelivery, WaitingReason
from shared.errors import StorageDown
from shared.events.event import Event
from shared.hub.hub import Hub
from tests.support.delivering import new_event
from tests.support.transport import Fault, JournalTransport

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
HELD = DeliveryState.HELD


@pytest.fixture
def parking(hub: Hub) -> Parking:
    return Parking(hub.storage.table(DELIVERIES_TABLE))


@pytest.fixture
def settling(hub: Hub) -> Settling:
    return Settling(hub.storage.table(DELIVERIES_TABLE))


def parked(parking: Parking, count: int = 1, **fields: object) -> list[Event]:
    events = [new_event() for _ in range(count)]
    for event in events:
        given: dict[str, object] = {"reason": WaitingReason.PAUSED, "parked_at": NOW, "until": NOW, **fields}
        parking.park(WaitingDelivery(7, event.id, event.type, event.received_at, **given))  # type: ignore[arg-type]
    return events


def record(hub: Hub, event: Event) -> DeliveryRecord:
    found = hub.receivers.deliveries.get(7, event)
    assert found is not None
    return found


@pytest.mark.parametrize("state", [HELD, DeliveryState.FAILED])
def test_those_that_were_never_attempted_cost_a_transaction_for_fifty(
    hub: Hub, parking: Parking, settling: Settling, transport: JournalTransport, state: DeliveryState
) -> None:
    events = parked(parking, 96)
    waiting = parking.oldest(7, 96)
    transport.forget()
    settling.settle(waiting, state)
    assert transport.summary == ["POST $batch"] * 2
    assert parking.oldest(7, 96) == []
    assert {(record(hub, event).state, record(hub, event).attempts) for event in events[:5]} == {(state, 0)}


def test_one_that_was_attempted_keeps_what_its_record_says(hub: Hub, parking: Parking, settling: Settling) -> None:
    (event,) = parked(parking, attempt=2, is_logged=True)
    before = replace(new_record(7, event), attempts=2, state=DeliveryState.WAITING, next_attempt_at=NOW)
    hub.receivers.deliveries.write(before)
    settling.settle(parking.oldest(7, 96), HELD)
    after = record(hub, event)
    assert (after.state, after.attempts, after.next_attempt_at) == (HELD, 2, None)
    assert parking.oldest(7, 96) == []


@pytest.mark.parametrize("is_logged", [False, True])
def test_one_that_was_delivered_meanwhile_stays_so(
    hub: Hub, parking: Parking, settling: Settling, *, is_logged: bool
) -> None:
    # Its message was sent, and whoever sent it died before the row was taken out.
    delivered, other = parked(parking, 2, is_logged=is_logged)
    hub.receivers.deliveries.write(replace(new_record(7, delivered), attempts=1, state=DeliveryState.DELIVERED))
    settling.settle(parking.oldest(7, 96), HELD)
    assert (record(hub, delivered).state, record(hub, other).state) == (DeliveryState.DELIVERED, HELD)
    assert parking.oldest(7, 96) == []


def test_one_that_was_parked_again_meanwhile_stays_parked(hub: Hub, parking: Parking, settling: Settling) -> None:
    first, second = parked(parking, 2)
    waiting = parking.oldest(7, 96)
    again = next(one for one in waiting if one.event_id == first.id)
    parking.park(replace(again, attempt=1))
    settling.settle(waiting, HELD)
    assert [one.attempt for one in parking.oldest(7, 96)] == [1]
    assert record(hub, second).state is HELD
    settling.settle(parking.oldest(7, 96), HELD)
    assert (record(hub, first).state, parking.oldest(7, 96)) == (HELD, [])


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("is_logged", [False, True])
def test_whatever_call_fails_it_can_be_done_again(
    hub: Hub, parking: Parking, settling: Settling, transport: JournalTransport, fault: Fault, *, is_logged: bool
) -> None:
    parked(parking)
    settling.settle(parking.oldest(7, 96), HELD)
    for number in range(1, 7):
        events = parked(parking, 2, is_logged=is_logged)
        waiting = parking.oldest(7, 96)
        transport.forget()
        transport.fail(number, fault)
        try:
            settling.settle(waiting, HELD)
        except StorageDown:
            settling.settle(parking.oldest(7, 96), HELD)
        transport.forget()
        assert {record(hub, event).state for event in events} == {HELD}
        assert parking.oldest(7, 96) == []


def test_nothing_is_nothing(settling: Settling, transport: JournalTransport) -> None:
    settling.settle([], HELD)
    assert transport.calls == []
