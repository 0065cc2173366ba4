"""What the tests of the pure modules of a receiver's pace share: a moment, limits, outcomes, and strategies."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from shared.delivery.pace.circuit import Kind, Outcome, PaceLimits
from shared.delivery.pace.state import Circuit, Pace
from shared.delivery.waiting import WaitingDelivery, WaitingReason
from shared.events.event import EventId

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
LIMITS = PaceLimits()
NEVER = timedelta(0)

spreads = st.floats(0, 1)


def seconds(number: float) -> timedelta:
    """So many seconds."""
    return timedelta(seconds=number)


def in_(number: float) -> datetime:
    """The moment so many seconds from now; before now where it is negative."""
    return NOW + seconds(number)


def success(began: float = 0, **given: object) -> Outcome:
    """An attempt that succeeded at once, unless something else is given; it began so many seconds from now."""
    return Outcome(Kind.SUCCESS, "e", in_(began), **({"is_quick": True} | given))  # type: ignore[arg-type]


def failure(began: float = 0, **given: object) -> Outcome:
    """An attempt that failed."""
    return Outcome(Kind.FAILURE, "e", in_(began), **given)  # type: ignore[arg-type]


def asks_pause(wait: float = 0, began: float = 0, **given: object) -> Outcome:
    """An attempt whose answer asks for a pause of so many seconds, or does not say how long."""
    return Outcome(Kind.PAUSE, "e", in_(began), wait=seconds(wait), **given)  # type: ignore[arg-type]


def waiting(number: int, *, at: datetime = NOW, parked_at: datetime | None = None) -> WaitingDelivery:
    """The delivery of event `e{number}`, which waits."""
    return WaitingDelivery(
        webhook_id=1,
        event_id=EventId(f"e{number}"),
        event_type="thing.changed",
        event_at=at,
        reason=WaitingReason.PLACE,
        parked_at=parked_at or at,
        until=at,
    )


moments = st.none() | st.floats(-3600, 3600).map(in_)


@st.composite
def paces(draw: st.DrawFn) -> Pace:
    """Any pace that a row may hold."""
    circuit = draw(st.sampled_from(list(Circuit)))
    return Pace(
        circuit=circuit,
        circuit_until=None if circuit is Circuit.CLOSED else draw(st.floats(-3600, 3600).map(in_)),
        turned_at=draw(st.none() | st.floats(-3600, 0).map(in_)),
        openings=draw(st.integers(0, 9)),
        is_silent=circuit is not Circuit.CLOSED and draw(st.booleans()),
        failures=draw(st.integers(0, 4)),
        paused_until=draw(moments),
        pauses=draw(st.integers(0, 9)),
        failing_since=draw(st.none() | st.floats(-3600, 0).map(in_)),
        is_quick=draw(st.booleans()),
        is_answering=draw(st.booleans()),
        wake_number=draw(st.integers(0, 1000)),
        wake_due=draw(moments),
        place_waits=draw(st.integers(0, 99)),
        ramp=draw(st.integers(0, 96)),
        is_idle=draw(st.booleans()),
        has_looked=draw(st.booleans()),
        failed_probe=draw(st.sampled_from(["", "e0", "e1"])),
        is_listed=draw(st.booleans()),
        next_turn=draw(moments),
    )
