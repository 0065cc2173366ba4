"""Windows of a webhook's partition: what is between two events, and what one call of storage does not give."""

from datetime import timedelta

import pytest

from shared.delivery.filter import DeliveryFilter
from shared.delivery.record import DELIVERIES_TABLE, DeliveryState, delivery_keys
from shared.delivery.windows import Windows, order_key
from shared.events.event import Event
from shared.hub.hub import Hub
from tests.support.events import RECEIVED_AT, make_event
from tests.support.listings import attempted, parked, store


def key(event: Event) -> str:
    return delivery_keys(1, event.id, event.received_at)[1]


def events(count: int) -> list[Event]:
    """Newest first."""
    return [make_event(received_at=RECEIVED_AT - timedelta(seconds=number)) for number in range(count)]


@pytest.fixture
def windows(hub: Hub) -> Windows:
    return Windows(hub.storage.table(DELIVERIES_TABLE), DeliveryFilter())


def test_both_ranges_are_merged_within_the_bounds_which_are_part_of_it(hub: Hub, windows: Windows) -> None:
    made = events(6)
    rows = [(attempted(1, one, DeliveryState.FAILED), parked(1, one))[number % 2] for number, one in enumerate(made)]
    store(hub, DELIVERIES_TABLE, rows)
    found = windows.between(1, key(made[1]), key(made[4]), at_most=10)
    assert [order_key(row) for row in found.rows] == [key(one) for one in made[1:5]]
    assert (found.transactions, found.is_whole, found.reaches) == (2, True, None)
    assert windows.between(2, key(made[0]), key(made[5]), at_most=10).rows == []


def test_where_there_is_more_than_wanted_it_says_how_far_it_reaches(hub: Hub, windows: Windows) -> None:
    made = events(6)
    store(hub, DELIVERIES_TABLE, [attempted(1, one, DeliveryState.FAILED) for one in made[:5]] + [parked(1, made[5])])
    found = windows.between(1, key(made[0]), key(made[5]), at_most=3)
    assert ([order_key(row) for row in found.rows], found.reaches) == ([key(one) for one in made[:3]], key(made[2]))


def test_a_window_with_more_that_waits_than_storage_gives_says_nothing(hub: Hub, windows: Windows) -> None:
    made = events(1001)
    store(hub, DELIVERIES_TABLE, [parked(1, one) for one in made])
    assert not windows.between(1, key(made[0]), key(made[-1]), at_most=50).is_whole
    assert windows.between(1, key(made[1]), key(made[-1]), at_most=50).is_whole


def test_of_one_event_the_record_is_shown_or_what_waits_without_one(hub: Hub, windows: Windows) -> None:
    first, second, third = events(3)
    store(hub, DELIVERIES_TABLE, [attempted(1, first, DeliveryState.WAITING), parked(1, first, is_logged=True)])
    store(hub, DELIVERIES_TABLE, [parked(1, second)])
    shown = [windows.of_event(1, key(one)) for one in (first, second, third)]
    assert [(len(one.rows), one.transactions) for one in shown] == [(1, 1), (1, 2), (0, 2)]
