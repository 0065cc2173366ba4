"""Claims: of two messages for one attempt, one makes it, and nobody waits for the dead."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.delivery.attempt import Attempt
from shared.delivery.claims import Claims, Foreign
from shared.delivery.log import DeliveryLog
from shared.delivery.message import DeliveryMessage
from shared.delivery.record import DELIVERIES_TABLE, DeliveryRecord, DeliveryState, delivery_keys, new_record
from shared.events.event import Event
from shared.hub.hub import Hub
from tests.support.delivering import delivering_hub, new_event
from tests.support.transport import JournalTransport

LASTS = timedelta(seconds=45)
NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


def made(status: int) -> Attempt:
    return Attempt(NOW, timedelta(milliseconds=5), status, "" if status == 200 else "http", "a text")


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def claims(hub: Hub, clock: Clock) -> Claims:
    return Claims(hub.storage.table(DELIVERIES_TABLE), LASTS, clock)


def claim(claims: Claims, event: Event, by: str, **fields: int) -> DeliveryRecord | Foreign | None:
    message = DeliveryMessage(event_id=event.id, webhook_id=1, repeat=True, **fields)
    return claims.claim(message, 1, event, by)


def test_whoever_claims_first_makes_the_attempt_and_the_other_comes_again(claims: Claims, clock: Clock) -> None:
    event = new_event()
    first = claim(claims, event, "a")
    assert isinstance(first, DeliveryRecord)
    assert (first.claimed_by, first.claimed_at) == ("a", NOW)
    clock.now += timedelta(seconds=5)
    assert claim(claims, event, "b") == Foreign(timedelta(seconds=40))


def test_ones_own_claim_is_taken_over_when_the_message_comes_again(claims: Claims) -> None:
    event = new_event()
    claim(claims, event, "a")
    assert isinstance(claim(claims, event, "a"), DeliveryRecord)


def test_a_claim_of_the_dead_is_taken_over_when_its_time_is_over(claims: Claims, clock: Clock) -> None:
    event = new_event()
    claim(claims, event, "a")
    clock.now += LASTS
    assert isinstance(claim(claims, event, "b"), DeliveryRecord)


def test_an_attempt_that_was_made_is_not_claimed(hub: Hub, claims: Claims) -> None:
    event = new_event()
    log = DeliveryLog(hub.storage.table(DELIVERIES_TABLE))
    claimed = claim(claims, event, "a")
    assert isinstance(claimed, DeliveryRecord)
    log.write(claimed.after(made(200), DeliveryState.DELIVERED))
    assert claim(claims, event, "b") is None


def test_what_was_written_after_an_attempt_is_claimed_by_nobody(hub: Hub, claims: Claims) -> None:
    event = new_event()
    log = DeliveryLog(hub.storage.table(DELIVERIES_TABLE))
    claimed = claim(claims, event, "a")
    assert isinstance(claimed, DeliveryRecord)
    log.write(claimed.after(made(500), DeliveryState.PENDING, NOW))
    again = claim(claims, event, "b", attempt=1)
    assert isinstance(again, DeliveryRecord)
    assert (again.claimed_by, again.attempts) == ("b", 1)


def test_a_record_of_the_previous_version_can_be_claimed(hub: Hub, claims: Claims) -> None:
    event = new_event()
    DeliveryLog(hub.storage.table(DELIVERIES_TABLE)).write(new_record(1, event).after(made(500), DeliveryState.PENDING))
    table = hub.storage.table(DELIVERIES_TABLE)
    row = table.get(*delivery_keys(1, event.id, event.received_at))
    assert row is not None
    table.put({name: value for name, value in row.items() if not name.startswith("Claimed")})
    assert isinstance(claim(claims, event, "a", attempt=1), DeliveryRecord)


def test_a_claim_of_a_first_attempt_is_one_write(claims: Claims, transport: JournalTransport) -> None:
    claim(claims, new_event(), "a")
    transport.forget()
    claim(claims, new_event(), "a")
    assert transport.summary == ["POST deliveries"]
