"""Deliveries that wait, in the table: parked once, found oldest first, and taken out as they were read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.delivery.pace.parking import Parking
from shared.delivery.record import DELIVERIES_TABLE
from shared.delivery.waiting import WaitingDelivery, WaitingReason
from shared.events.event import EventId
from shared.hub.hub import Hub
from tests.support.delivering import delivering_hub
from tests.support.transport import JournalTransport

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


@pytest.fixture
def parking(hub: Hub) -> Parking:
    return Parking(hub.storage.table(DELIVERIES_TABLE))


def waiting(number: int, *, webhook_id: int = 1, **fields: object) -> WaitingDelivery:
    one = WaitingDelivery(
        webhook_id,
        EventId(f"e{number:03}"),
        "thing.changed",
        NOW + timedelta(seconds=number),
        WaitingReason.PLACE,
        parked_at=NOW,
        until=NOW,
    )
    return replace(one, **fields)  # type: ignore[arg-type]


def test_the_oldest_event_comes_first_whenever_it_was_parked(parking: Parking) -> None:
    for number in (2, 0, 1):
        parking.park(waiting(number))
    assert parking.oldest(1, 10) == [waiting(0), waiting(1), waiting(2)]
    assert parking.oldest(1, 2) == [waiting(0), waiting(1)]


def test_those_of_other_webhooks_and_records_are_not_among_them(hub: Hub, parking: Parking) -> None:
    parking.park(waiting(0, webhook_id=2))
    hub.storage.table(DELIVERIES_TABLE).put({"PartitionKey": "0000000001", "RowKey": "0123-a-record"})
    assert parking.oldest(1, 10) == []


def test_a_delivery_that_is_parked_twice_waits_once_and_the_later_attempt_counts(parking: Parking) -> None:
    later = waiting(0, attempt=2, reason=WaitingReason.CIRCUIT)
    for one in (waiting(0, attempt=1), later, waiting(0, attempt=1)):
        parking.park(one)
    assert parking.oldest(1, 10) == [later]


def test_a_dispatch_never_replaces_one_that_waits(parking: Parking) -> None:
    parking.park(waiting(0, attempt=3))
    parking.park_first(waiting(0))
    assert parking.oldest(1, 10) == [waiting(0, attempt=3)]


def test_parking_costs_one_write(parking: Parking, transport: JournalTransport) -> None:
    parking.park(waiting(0))
    transport.forget()
    parking.park(waiting(1))
    parking.park_first(waiting(2))
    assert transport.summary == ["POST deliveries"] * 2


def test_many_are_taken_out_by_one_transaction(parking: Parking, transport: JournalTransport) -> None:
    for number in range(5):
        parking.park(waiting(number))
    found = parking.oldest(1, 4)
    transport.forget()
    parking.remove(found)
    assert len(transport.calls) == 1
    assert parking.oldest(1, 10) == [waiting(4)]


@pytest.mark.parametrize("count", [1, 3])
def test_one_that_was_parked_again_meanwhile_stays(parking: Parking, count: int) -> None:
    for number in range(count):
        parking.park(waiting(number))
    found = parking.oldest(1, 10)
    parking.park(waiting(0, attempt=1))
    parking.remove(found)
    assert parking.oldest(1, 10) == [waiting(0, attempt=1)]


def test_what_was_taken_out_already_does_no_harm(parking: Parking) -> None:
    for number in range(2):
        parking.park(waiting(number))
    found = parking.oldest(1, 10)
    parking.remove(found[:1])
    parking.remove(found)
    parking.remove([])
    assert parking.oldest(1, 10) == []
