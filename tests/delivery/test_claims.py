"""Who is about to attempt a delivery: one message at a time, and nobody for longer than they live."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.delivery.claims import Claims, Foreign
from shared.delivery.message import DeliveryMessage
from shared.delivery.record import DELIVERIES_TABLE, DeliveryRecord, DeliveryState, new_record
from shared.errors import StorageDown
from shared.events.event import Event
from shared.hub.hub import Hub
from tests.support.delivering import new_event
from tests.support.transport import Fault, JournalTransport

NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
LASTS = timedelta(seconds=45)


def claims(hub: Hub, now: Callable[[], datetime] = lambda: NOW) -> Claims:
    return Claims(hub.storage.table(DELIVERIES_TABLE), LASTS, now)


def asks(event: Event, attempt: int = 0, cycle: int = 0) -> DeliveryMessage:
    return DeliveryMessage(event_id=event.id, webhook_id=7, attempt=attempt, cycle=cycle, repeat=True)


def claim(hub: Hub, event: Event, by: str, *, after: float = 0, attempt: int = 0) -> DeliveryRecord | Foreign | None:
    made = claims(hub, lambda: NOW + timedelta(seconds=after))
    return made.claim(asks(event, attempt), 7, event, by)


def test_the_first_who_comes_claims_with_one_write(hub: Hub, transport: JournalTransport) -> None:
    claim(hub, new_event(), "a")
    transport.forget()
    event = new_event()
    claimed = claim(hub, event, "a")
    assert isinstance(claimed, DeliveryRecord)
    assert (claimed.claimed_by, claimed.claimed_at, claimed.attempts) == ("a", NOW, 0)
    assert transport.summary == ["POST deliveries"]
    # What is written after the attempt needs no reading either.
    assert claimed.etag == getattr(hub.receivers.deliveries.get(7, event), "etag", None)


def test_another_message_waits_until_the_claim_is_old_and_takes_it_over_then(hub: Hub) -> None:
    event = new_event()
    claim(hub, event, "a")
    assert claim(hub, event, "b", after=10) == Foreign(LASTS - timedelta(seconds=10))
    assert claim(hub, event, "b", after=44.9) == Foreign(timedelta(seconds=0.1))
    taken = claim(hub, event, "b", after=45)
    assert isinstance(taken, DeliveryRecord)
    assert taken.claimed_by == "b"
    assert claim(hub, event, "a", after=46) == Foreign(LASTS - timedelta(seconds=1))


def test_the_same_message_takes_its_own_claim_over(hub: Hub) -> None:
    event = new_event()
    for after in (0, 1, 2):
        claimed = claim(hub, event, "a", after=after)
        assert isinstance(claimed, DeliveryRecord)
        assert claimed.claimed_at == NOW + timedelta(seconds=after)


def test_an_attempt_that_was_made_is_not_claimed(hub: Hub) -> None:
    event = new_event()
    hub.receivers.deliveries.write(replace(new_record(7, event), attempts=2))
    assert claim(hub, event, "a", attempt=0) is None
    assert claim(hub, event, "a", attempt=1) is None
    assert isinstance(claim(hub, event, "a", attempt=2), DeliveryRecord)
    delivered = new_event()
    hub.receivers.deliveries.write(replace(new_record(7, delivered), state=DeliveryState.DELIVERED))
    assert claim(hub, delivered, "a") is None


def test_a_claim_keeps_what_is_written_down(hub: Hub) -> None:
    event = new_event()
    hub.receivers.deliveries.write(replace(new_record(7, event), attempts=2, state=DeliveryState.WAITING))
    claim(hub, event, "a", attempt=2)
    record = hub.receivers.deliveries.get(7, event)
    assert record is not None
    assert (record.attempts, record.state, record.claimed_by) == (2, DeliveryState.WAITING, "a")


def test_of_many_at_once_one_claims(hub: Hub) -> None:
    event = new_event()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: claim(hub, event, f"m{number}"), range(8)))
    assert sum(isinstance(one, DeliveryRecord) for one in made) == 1
    assert sum(isinstance(one, Foreign) for one in made) == 7


@pytest.mark.parametrize("fault", Fault)
def test_a_claim_that_failed_is_made_again_by_the_same_message(
    hub: Hub, transport: JournalTransport, fault: Fault
) -> None:
    claim(hub, new_event(), "a")
    event = new_event()
    transport.forget()
    transport.fail(1, fault)
    with pytest.raises(StorageDown):
        claim(hub, event, "a")
    assert isinstance(claim(hub, event, "a"), DeliveryRecord)


def test_a_claim_from_the_future_of_a_clock_that_was_wrong_is_waited_for_no_longer_than_it_says(hub: Hub) -> None:
    event = new_event()
    claim(hub, event, "a", after=60)
    told = claim(hub, event, "b")
    assert told == Foreign(LASTS + timedelta(seconds=60))
    assert isinstance(claim(hub, event, "b", after=105), DeliveryRecord)
