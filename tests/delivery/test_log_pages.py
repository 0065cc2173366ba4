"""Listings of the delivery log that go on where the page before ended (shared/delivery/log.py)."""

from itertools import chain, islice

from shared.delivery.filter import DeliveryFilter
from shared.delivery.record import DeliveryState, new_record
from shared.hub.hub import Hub
from shared.storage.paging import BEGINNING, Place
from tests.support.events import make_event


def pages(hub: Hub, wanted: DeliveryFilter, size: int) -> list[list[tuple[int, str]]]:
    found: list[list[tuple[int, str]]] = []
    place = BEGINNING
    while page := list(islice(hub.receivers.deliveries.records(wanted, place=place, page_size=size), size)):
        found.append([(record.webhook_id, record.event_id) for _, record in page])
        place = Place(page[-1][0])
    return found


def test_page_after_page_shows_every_delivery_once(hub: Hub) -> None:
    written = {(webhook, event.id): event for webhook in (1, 2, 3) for event in (make_event(), make_event())}
    for (webhook, _), event in written.items():
        hub.receivers.deliveries.write(new_record(webhook, event))
    listed = pages(hub, DeliveryFilter(), 4)
    assert [len(page) for page in listed] == [4, 2]
    assert sorted(chain(*listed)) == sorted(written)


def test_the_next_page_keeps_to_webhook_and_state(hub: Hub) -> None:
    events = [make_event() for _ in range(3)]
    for event in events:
        hub.receivers.deliveries.write(new_record(1, event))
        hub.receivers.deliveries.write(new_record(2, event))
    wanted = DeliveryFilter(webhook_id=1, states=(DeliveryState.PENDING,))
    listed = pages(hub, wanted, 2)
    assert [len(page) for page in listed] == [2, 1]
    assert sorted(chain(*listed)) == sorted((1, event.id) for event in events)
