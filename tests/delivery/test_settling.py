"""Ending the wait of deliveries: their records say so, and the rows that wait are gone, in one transaction."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.delivery.attempt import Attempt
from shared.delivery.log import DeliveryLog
from shared.delivery.pace.parking import Parking
from shared.delivery.record import DELIVERIES_TABLE, DeliveryState, new_record
from shared.delivery.settling import Settling
from shared.delivery.waiting import WaitingDelivery, WaitingReason
from shared.events.event import Event
from shared.hub.hub import Hub
from tests.support.delivering import delivering_hub, new_event
from tests.support.transport import JournalTransport

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


def made(status: int) -> Attempt:
    return Attempt(NOW, timedelta(milliseconds=5), status, "" if status == 200 else "http", "a text")


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


@pytest.fixture
def log(hub: Hub) -> DeliveryLog:
    return DeliveryLog(hub.storage.table(DELIVERIES_TABLE))


@pytest.fixture
def parking(hub: Hub) -> Parking:
    return Parking(hub.storage.table(DELIVERIES_TABLE))


@pytest.fixture
def settling(hub: Hub) -> Settling:
    return Settling(hub.storage.table(DELIVERIES_TABLE))


def parked(parking: Parking, event: Event, **fields: object) -> WaitingDelivery:
    at = event.received_at
    one = WaitingDelivery(1, event.id, event.type, at, WaitingReason.CIRCUIT, parked_at=at, until=at)
    parking.park(replace(one, **fields))  # type: ignore[arg-type]
    return next(found for found in parking.oldest(1, 1000) if found.event_id == event.id)


@pytest.mark.parametrize("state", [DeliveryState.HELD, DeliveryState.FAILED])
def test_one_that_was_never_attempted_gets_a_record(
    log: DeliveryLog, parking: Parking, settling: Settling, state: DeliveryState
) -> None:
    event = new_event()
    settling.settle([parked(parking, event)], state)
    record = log.get(1, event)
    assert record is not None
    assert (record.state, record.attempts, record.log) == (state, 0, ())
    assert parking.oldest(1, 10) == []


def test_fifty_of_them_are_one_transaction(parking: Parking, settling: Settling, transport: JournalTransport) -> None:
    for _ in range(51):
        parked(parking, new_event())
    waiting = parking.oldest(1, 100)
    transport.forget()
    settling.settle(waiting, DeliveryState.HELD)
    assert len(transport.calls) == 2
    assert parking.oldest(1, 10) == []


def test_one_that_was_attempted_keeps_its_attempts(log: DeliveryLog, parking: Parking, settling: Settling) -> None:
    event = new_event()
    log.write(new_record(1, event).after(made(500), DeliveryState.WAITING))
    settling.settle([parked(parking, event, attempt=1, is_logged=True)], DeliveryState.HELD)
    record = log.get(1, event)
    assert record is not None
    assert (record.state, record.attempts, [one.status for one in record.log]) == (DeliveryState.HELD, 1, [500])
    assert parking.oldest(1, 10) == []


def test_one_that_was_delivered_meanwhile_stays_delivered(
    log: DeliveryLog, parking: Parking, settling: Settling
) -> None:
    event, other = new_event(), new_event()
    waiting = [parked(parking, event), parked(parking, other)]
    log.write(new_record(1, event).after(made(200), DeliveryState.DELIVERED))
    settling.settle(waiting, DeliveryState.HELD)
    states = [record.state for one in (event, other) if (record := log.get(1, one))]
    assert states == [DeliveryState.DELIVERED, DeliveryState.HELD]
    assert parking.oldest(1, 10) == []


def test_one_that_was_parked_again_for_a_later_attempt_goes_on_waiting(parking: Parking, settling: Settling) -> None:
    event = new_event()
    before = parked(parking, event)
    parked(parking, event, attempt=1, is_logged=True)
    settling.settle([before], DeliveryState.HELD)
    assert [one.attempt for one in parking.oldest(1, 10)] == [1]


def test_doing_it_twice_changes_nothing(log: DeliveryLog, parking: Parking, settling: Settling) -> None:
    event = new_event()
    waiting = parked(parking, event)
    for _ in range(2):
        settling.settle([waiting], DeliveryState.HELD)
    record = log.get(1, event)
    assert record is not None
    assert record.state is DeliveryState.HELD
