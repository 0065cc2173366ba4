"""A delivery that waits, as a row and back, and the order of the rows."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.record import delivery_keys
from shared.delivery.waiting import (
    AFTER_WAITING,
    WAITING_PREFIX,
    WaitingDelivery,
    WaitingReason,
    parse_waiting,
    waiting_bound,
    waiting_keys,
    waiting_row,
)
from shared.events.event import EventId
from tests.support.cases import holds_for
from tests.support.invoking import MALFORMED, TRACEPARENT

_ID = EventId("8beb086c-1bcb-5ce8-b2b5-0aec2c2b08a7")
_AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
_MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(
    st.builds(
        WaitingDelivery,
        webhook_id=st.integers(1, 2**31 - 1),
        event_id=st.just(_ID),
        event_type=st.just("thing.changed"),
        event_at=_MOMENTS,
        reason=st.sampled_from(WaitingReason),
        parked_at=_MOMENTS,
        until=_MOMENTS,
        attempt=st.integers(0, 9),
        cycle=st.integers(0, 9),
        due_at=st.none() | _MOMENTS,
        is_logged=st.booleans(),
        traceparent=st.sampled_from([None, TRACEPARENT]),
    )
)
def test_a_row_says_all_of_a_waiting_delivery(waiting: WaitingDelivery) -> None:
    assert parse_waiting(waiting_row(waiting)) == waiting


@given(_MOMENTS, _MOMENTS)
def test_the_oldest_event_comes_first(one: datetime, other: datetime) -> None:
    keys = [waiting_keys(1, _ID, moment)[1] for moment in (one, other)]
    assert (keys[0] < keys[1]) == (one < other)


def test_waiting_rows_lie_behind_all_records() -> None:
    _, record = delivery_keys(1, _ID, _AT)
    _, waiting = waiting_keys(1, _ID, _AT)
    _, last = waiting_keys(1, _ID, _AT + timedelta(days=365_000))
    assert record < WAITING_PREFIX < waiting < last < AFTER_WAITING


@given(_MOMENTS, _MOMENTS)
def test_a_bound_separates_earlier_events_from_those_of_its_moment_on(bound: datetime, moment: datetime) -> None:
    assert (waiting_keys(1, _ID, moment)[1] < waiting_bound(bound)) == (moment < bound)


@holds_for("traceparent", MALFORMED)
def test_a_row_whose_trace_is_malformed_waits_without_a_trace(traceparent: object) -> None:
    waiting = WaitingDelivery(1, _ID, "thing.changed", _AT, WaitingReason.PAUSED, parked_at=_AT, until=_AT)
    assert parse_waiting({**waiting_row(waiting), "Traceparent": traceparent}) == waiting
