"""Deliveries that wait: parked once, the later attempt counts, and none is taken out that was parked again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from shared.delivery.pace.parking import Parking
from shared.delivery.record import DELIVERIES_TABLE
from shared.delivery.waiting import WaitingDelivery, WaitingReason
from shared.errors import StorageDown
from shared.events.event import EventId
from shared.hub.hub import Hub
from tests.support.transport import Fault, JournalTransport

NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
HOUR = timedelta(hours=1)


def one(number: int = 1, **changes: object) -> WaitingDelivery:
    """The delivery of the event with this number, which came so many seconds after the first one."""
    return replace(
        WaitingDelivery(
            7,
            EventId(f"00000000-0000-4000-8000-{number:012d}"),
            "thing.changed",
            NOW + timedelta(seconds=number),
            WaitingReason.CIRCUIT,
            parked_at=NOW,
            until=NOW + HOUR,
        ),
        **changes,  # type: ignore[arg-type]
    )


@pytest.fixture
def parking(hub: Hub) -> Parking:
    return Parking(hub.storage.table(DELIVERIES_TABLE))


def test_nothing_waits_where_there_is_no_table(parking: Parking) -> None:
    assert parking.oldest(7, 96) == []


def test_what_waits_is_found_oldest_event_first_with_one_reading(parking: Parking, transport: JournalTransport) -> None:
    for number in (3, 1, 2):
        parking.park(one(number))
    parking.park(one(0, webhook_id=8))
    transport.forget()
    assert parking.oldest(7, 2) == [one(1), one(2)]
    assert parking.oldest(7, 96) == [one(1), one(2), one(3)]
    assert transport.summary == ["GET deliveries"] * 2


def test_parking_costs_one_write(parking: Parking, transport: JournalTransport) -> None:
    parking.park_first(one(1))
    transport.forget()
    parking.park_first(one(2))
    parking.park(one(3))
    assert transport.summary == ["POST deliveries"] * 2


def test_dispatch_never_replaces_what_waits(parking: Parking) -> None:
    attempted = one(attempt=2, is_logged=True, due_at=NOW + HOUR)
    parking.park(attempted)
    parking.park_first(one())
    assert parking.oldest(7, 96) == [attempted]


@pytest.mark.parametrize(
    ("there", "comes", "stays"),
    [
        ((0, 1), (0, 2), (0, 2)),
        ((0, 2), (0, 1), (0, 2)),
        ((1, 0), (0, 7), (1, 0)),
        ((0, 7), (1, 0), (1, 0)),
    ],
)
def test_of_one_that_waits_already_the_later_attempt_counts(
    parking: Parking, there: tuple[int, int], comes: tuple[int, int], stays: tuple[int, int]
) -> None:
    for cycle, attempt in (there, comes):
        parking.park(one(cycle=cycle, attempt=attempt))
    (left,) = parking.oldest(7, 96)
    assert (left.cycle, left.attempt) == stays


@pytest.mark.parametrize(("cycle", "parked_at"), [(0, NOW), (1, NOW + HOUR)])
def test_the_wait_of_a_cycle_is_counted_from_its_beginning(parking: Parking, cycle: int, parked_at: datetime) -> None:
    parking.park(one())
    # A message that was doubled does not know that the delivery was parked before.
    parking.park(one(parked_at=NOW + HOUR, cycle=cycle, attempt=1))
    (left,) = parking.oldest(7, 96)
    assert left.parked_at == parked_at


def test_a_hundred_are_taken_out_in_one_transaction(parking: Parking, transport: JournalTransport) -> None:
    for number in range(96):
        parking.park(one(number))
    waiting = parking.oldest(7, 96)
    transport.forget()
    parking.remove(waiting)
    assert transport.summary == ["POST $batch"]
    assert parking.oldest(7, 96) == []
    # Twice does no harm.
    parking.remove(waiting)


def test_what_was_parked_again_meanwhile_stays(parking: Parking) -> None:
    for number in range(3):
        parking.park(one(number))
    waiting = parking.oldest(7, 96)
    parking.park(one(1, attempt=1))
    parking.remove(waiting)
    assert parking.oldest(7, 96) == [one(1, attempt=1)]
    parking.remove(waiting[1:2])
    assert parking.oldest(7, 96) == [one(1, attempt=1)]


@pytest.mark.parametrize("fault", Fault)
def test_a_parking_that_failed_can_be_done_again(parking: Parking, transport: JournalTransport, fault: Fault) -> None:
    parking.park(one(1))
    for park in (parking.park, parking.park_first):
        transport.forget()
        transport.fail(1, fault)
        with pytest.raises(StorageDown):
            park(one(2))
        park(one(2))
        assert parking.oldest(7, 96) == [one(1), one(2)]
        parking.remove([found for found in parking.oldest(7, 96) if found == one(2)])


def test_events_before_the_year_1970_and_after_the_year_5000_have_their_places(parking: Parking) -> None:
    moments = [datetime(year, 1, 1, tzinfo=UTC) for year in (1, 2026, 9999)]
    for number, moment in enumerate(moments):
        parking.park(one(number, event_at=moment))
    found = parking.oldest(7, 96)
    assert all(earlier.event_at < later.event_at for earlier, later in pairwise(found))
    parking.remove(found)
    assert parking.oldest(7, 96) == []
