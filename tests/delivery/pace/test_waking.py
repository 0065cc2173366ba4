"""What a wake-up does: one probe, then a growing number; never early, and never the last one while something waits."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.pace.circuit import blocked, claim_probe
from shared.delivery.pace.state import Circuit, Pace
from shared.delivery.pace.waking import (
    LOOK_AGAIN,
    LOOK_SOON,
    MAX_RELEASED,
    LookAgain,
    NotYet,
    Probe,
    Release,
    Rest,
    given_up,
    is_overdue,
    needs_wake_up,
    next_step,
    place_delay,
    with_wake_up,
)
from shared.delivery.waiting import WaitingDelivery
from tests.delivery.pace.paces import LIMITS, NEVER, NOW, in_, paces, seconds, waiting

ANSWERS = Pace(is_quick=True, is_answering=True)
MANY = [waiting(number) for number in range(MAX_RELEASED)]
backlogs = st.integers(1, MAX_RELEASED).map(lambda count: MANY[:count])
rates = st.none() | st.floats(0.1, 3200)


def released(pace: Pace, *, a_second: float | None = None, backlog: list[WaitingDelivery] = MANY) -> Release:
    step = next_step(pace, backlog, NOW, LIMITS, a_second=a_second)
    assert isinstance(step, Release)
    return step


# Never early, and always a successor


@given(paces(), backlogs, rates)
def test_nothing_is_sent_while_the_webhook_is_blocked_but_the_one_probe(
    pace: Pace, backlog: list[WaitingDelivery], a_second: float | None
) -> None:
    step = next_step(pace, backlog, NOW, LIMITS, a_second=a_second)
    match step:
        case Release():
            assert blocked(pace, NOW) is None
        case Probe():
            assert pace.circuit is not Circuit.CLOSED
            assert (pace.circuit_until or NOW) <= NOW
            assert pace.paused_until is None or pace.paused_until <= NOW
        case NotYet(due=due):
            stopped = blocked(pace, NOW)
            assert stopped is not None
            assert due == stopped.until
        case _:
            pytest.fail("it stops while deliveries wait")


@given(paces(), backlogs, rates, st.none() | st.integers(1, 6000))
def test_while_something_waits_another_wake_up_follows_and_never_an_earlier_one(
    pace: Pace, backlog: list[WaitingDelivery], a_second: float | None, per_minute: int | None
) -> None:
    step = next_step(pace, backlog, NOW, LIMITS, a_second=a_second, per_minute=per_minute)
    assert not isinstance(step, Rest | LookAgain)
    assert step.due >= NOW
    assert not step.pace.is_idle


@given(paces(), backlogs, rates)
def test_what_is_put_back_is_the_oldest(pace: Pace, backlog: list[WaitingDelivery], a_second: float | None) -> None:
    step = next_step(replace(pace, circuit=Circuit.CLOSED, paused_until=None), backlog, NOW, LIMITS, a_second=a_second)
    assert isinstance(step, Release)
    assert list(step.deliveries) == backlog[: len(step.deliveries)]
    assert 1 <= len(step.deliveries) == len(step.delays) <= MAX_RELEASED
    assert set(step.delays) == {NEVER}


# Probes

DUE = Pace(circuit=Circuit.OPEN, circuit_until=NOW)


def test_what_failed_and_is_not_due_by_its_own_schedule_goes_back_last() -> None:
    backlog = [waiting(number, at=in_(number - 10)) for number in range(4)]
    backlog[0] = replace(backlog[0], due_at=in_(60))
    backlog[2] = replace(backlog[2], due_at=in_(-1))
    pace = Pace(is_answering=True, is_quick=True, ramp=2)
    step = released(pace, backlog=backlog)
    assert [one.event_id for one in step.deliveries] == ["e1", "e2", "e3", "e0"]


def test_the_probe_is_the_oldest() -> None:
    step = next_step(DUE, MANY, NOW, LIMITS)
    assert isinstance(step, Probe)
    assert step.delivery.event_id == "e0"
    assert (step.pace.circuit, step.pace.circuit_until, step.due) == (Circuit.HALF_OPEN, in_(45), in_(45))


def test_but_not_the_one_that_failed_as_the_last_probe_while_another_waits() -> None:
    failed = replace(DUE, failed_probe="e0")
    step, alone = next_step(failed, MANY, NOW, LIMITS), next_step(failed, MANY[:1], NOW, LIMITS)
    assert isinstance(step, Probe)
    assert step.delivery.event_id == "e1"
    assert isinstance(alone, Probe)
    assert alone.delivery.event_id == "e0"


def test_a_probe_that_was_claimed_and_never_ended_is_claimed_anew() -> None:
    claimed = claim_probe(DUE, NOW, LIMITS)
    assert isinstance(next_step(claimed, MANY, in_(44), LIMITS), NotYet)
    assert isinstance(next_step(claimed, MANY, in_(45), LIMITS), Probe)


# Slow start


def test_the_pace_doubles_up_to_what_the_receiver_answers_in_a_second() -> None:
    pace, counts = ANSWERS, []
    for _ in range(7):
        step = released(pace, a_second=20)
        pace = step.pace
        counts.append(len(step.deliveries))
    assert counts == [1, 2, 4, 8, 16, 20, 20]


def test_it_is_a_transaction_at_most() -> None:
    assert len(released(replace(ANSWERS, ramp=96), a_second=3200).deliveries) == 96


@pytest.mark.parametrize(("is_quick", "most"), [(True, 96), (False, 4)])
def test_of_a_receiver_that_this_process_does_not_know_a_slow_one_gets_few(is_quick: bool, most: int) -> None:
    assert len(released(replace(ANSWERS, ramp=96, is_quick=is_quick)).deliveries) == most


@given(paces(), backlogs, rates)
def test_one_at_a_time_while_it_does_not_answer(
    pace: Pace, backlog: list[WaitingDelivery], a_second: float | None
) -> None:
    pace = replace(pace, circuit=Circuit.CLOSED, paused_until=None, is_answering=False)
    assert len(released(pace, a_second=a_second, backlog=backlog).deliveries) == 1


def test_one_that_answers_is_looked_after_each_second() -> None:
    assert released(ANSWERS).due == in_(1)


def test_one_that_does_not_is_after_1_2_4_seconds_and_a_minute_at_most() -> None:
    pace, delays = Pace(), []
    for _ in range(9):
        step = released(pace)
        pace = step.pace
        delays.append((step.due - NOW).total_seconds())
    assert delays == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@given(st.integers(0, 10_000))
def test_no_number_of_waits_is_too_many(waits: int) -> None:
    assert seconds(1) <= place_delay(waits) <= seconds(60)


# Turns


@given(paces(), backlogs, st.integers(1, 6000))
def test_with_a_rate_each_delivery_has_a_turn_of_its_own(
    pace: Pace, backlog: list[WaitingDelivery], per_minute: int
) -> None:
    pace = replace(pace, circuit=Circuit.CLOSED, paused_until=None)
    step = next_step(pace, backlog, NOW, LIMITS, per_minute=per_minute)
    if isinstance(step, NotYet):
        assert pace.next_turn is not None
        assert NOW < step.due < pace.next_turn
        return
    assert isinstance(step, Release)
    assert step.has_turns
    gap = seconds(60 / per_minute)
    turns = [NOW + delay for delay in step.delays]
    assert all(turn >= (pace.next_turn or NOW) for turn in turns)
    assert all(later - earlier >= gap for earlier, later in itertools.pairwise(turns))
    assert step.pace.next_turn is not None
    assert step.pace.next_turn - turns[-1] >= gap
    assert step.due >= turns[-1]


def test_turns_of_a_rate_are_reserved_for_ten_seconds() -> None:
    step = next_step(ANSWERS, MANY, NOW, LIMITS, per_minute=120)
    assert isinstance(step, Release)
    assert len(step.deliveries) == 20
    assert step.delays[-1] == 19 * seconds(63 / 120)


# Nothing waits


def test_where_nothing_waits_it_looks_again_soon_then_after_three_minutes_and_then_no_more() -> None:
    first = next_step(ANSWERS, [], NOW, LIMITS)
    assert isinstance(first, LookAgain)
    assert first.due == NOW + LOOK_SOON
    second = next_step(first.pace, [], NOW, LIMITS)
    assert isinstance(second, LookAgain)
    assert second.due == NOW + LOOK_AGAIN
    last = next_step(second.pace, [], NOW, LIMITS)
    assert isinstance(last, Rest)
    assert last.pace.wake_due is None


@given(paces())
def test_where_nothing_waits_dispatch_sends_messages_again(pace: Pace) -> None:
    assert not next_step(replace(pace, is_idle=False), [], NOW, LIMITS).pace.is_listed


def test_whatever_is_found_meanwhile_begins_the_looks_anew() -> None:
    looked = next_step(next_step(ANSWERS, [], NOW, LIMITS).pace, [], NOW, LIMITS)
    found = next_step(looked.pace, MANY, NOW, LIMITS)
    again = next_step(found.pace, [], NOW, LIMITS)
    assert isinstance(again, LookAgain)
    assert again.due == NOW + LOOK_SOON


# Wake-ups under way


@given(paces(), st.floats(0, 3600))
def test_whoever_parks_sends_a_wake_up_unless_one_comes_by_then(pace: Pace, due: float) -> None:
    if not needs_wake_up(pace, NOW, in_(due)):
        assert pace.wake_due is not None
        stopped = blocked(pace, NOW)
        assert pace.wake_due <= max(in_(due), stopped.until if stopped else NOW) + seconds(1)
        assert not is_overdue(pace, NOW)
        assert not pace.is_idle


@given(paces(), st.floats(-3600, 3600))
def test_none_is_needed_before_the_webhook_may_be_called(pace: Pace, due: float) -> None:
    stopped = blocked(pace, NOW)
    if stopped is None or pace.is_idle:
        return
    assert not needs_wake_up(with_wake_up(pace, stopped.until), NOW, in_(due))


def test_a_wake_up_is_overdue_after_a_minute() -> None:
    pace = with_wake_up(Pace(), NOW)
    assert not is_overdue(pace, in_(60))
    assert is_overdue(pace, in_(60.1))
    assert needs_wake_up(pace, in_(60.1), in_(90))


def test_without_any_there_is_none_to_be_lost() -> None:
    assert not is_overdue(Pace(), NOW)
    assert needs_wake_up(Pace(), NOW, in_(5))


@given(paces())
def test_each_wake_up_has_a_number_of_its_own(pace: Pace) -> None:
    woken = with_wake_up(pace, in_(5))
    assert (woken.wake_number, woken.wake_due, woken.is_idle) == (pace.wake_number + 1, in_(5), False)


# Giving up


def test_what_has_waited_for_too_long_since_it_was_first_parked_is_given_up() -> None:
    three_days = timedelta(days=3)
    old, young = waiting(1, parked_at=NOW - three_days - seconds(1)), waiting(2, parked_at=NOW - three_days)
    assert given_up([old, young], NOW, three_days) == [old]


def test_whoever_was_never_attempted_is_the_probe_and_else_each_in_its_turn() -> None:
    opened = Pace(circuit=Circuit.OPEN, circuit_until=in_(-1), openings=1, failed_probe="e0")
    tried = [replace(waiting(number), is_logged=True) for number in range(4)]

    def probed(pace: Pace, *deliveries: WaitingDelivery) -> str:
        step = next_step(pace, deliveries, NOW, LIMITS)
        assert isinstance(step, Probe)
        return step.delivery.event_id

    assert probed(opened, *tried, waiting(4), waiting(5)) == "e4"
    # Where several are what is wrong, the others' turns come too.
    turns = [probed(replace(opened, openings=number, failed_probe=""), *tried) for number in range(1, 9)]
    assert turns == ["e0", "e1", "e2", "e3"] * 2
    assert probed(opened, tried[0]) == "e0"
