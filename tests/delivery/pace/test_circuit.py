"""Circuit and pauses: when a receiver is not called, for how long, and what ends it."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.pace.circuit import (
    Blocked,
    Outcome,
    PaceLimits,
    after,
    blocked,
    claim_probe,
    may_probe,
    open_for_silence,
    reserve_turns,
    take_turn,
    well_again,
)
from shared.delivery.pace.state import Circuit, Pace
from shared.delivery.waiting import WaitingReason
from tests.delivery.pace.paces import LIMITS, NOW, asks_pause, failure, in_, paces, seconds, spreads, success

outcomes = st.one_of(
    st.builds(success, st.floats(-3600, 0), is_quick=st.booleans(), is_probe=st.booleans()),
    st.builds(failure, st.floats(-3600, 0), is_probe=st.booleans()),
    st.builds(asks_pause, st.just(0) | st.floats(0.1, 86_400), st.floats(-3600, 0), is_probe=st.booleans()),
)


def learnt(pace: Pace, *made: Outcome, spread: float = 0.0) -> Pace:
    """The pace after these attempts, all of which end now."""
    for one in made:
        pace = after(pace, one, NOW, LIMITS, spread)
    return pace


OPEN = learnt(Pace(), *[failure()] * LIMITS.after)


# Opening


def test_five_failed_attempts_in_a_row_open_it() -> None:
    assert LIMITS.after == 5
    four = learnt(Pace(), *[failure()] * 4)
    assert four.circuit is Circuit.CLOSED
    assert blocked(four, NOW) is None
    assert learnt(four, failure()).circuit is Circuit.OPEN


def test_a_success_among_them_begins_the_row_anew() -> None:
    pace = learnt(Pace(), *[failure()] * 4, success(), *[failure()] * 4)
    assert pace.circuit is Circuit.CLOSED


def test_an_open_one_blocks_for_the_first_of_its_delays() -> None:
    assert blocked(OPEN, NOW) == Blocked(WaitingReason.CIRCUIT, in_(5))


@pytest.mark.parametrize(("openings", "length"), list(enumerate([5, 15, 60, 300, 1800, 1800, 1800])))
def test_each_failed_probe_opens_it_for_longer_and_the_last_delay_stays(openings: int, length: int) -> None:
    pace = OPEN
    for _ in range(openings):
        pace = learnt(claim_probe(pace, NOW, LIMITS), failure(is_probe=True))
    assert blocked(pace, NOW) == Blocked(WaitingReason.CIRCUIT, in_(length))


@given(paces(), spreads)
def test_what_the_hub_chooses_is_spread_upwards_by_a_tenth_at_most(pace: Pace, spread: float) -> None:
    opened = open_for_silence(replace(pace, circuit=Circuit.CLOSED), NOW, LIMITS, spread)
    least = seconds(LIMITS.delays[min(pace.openings, 4)])
    assert opened.circuit_until is not None
    assert least <= opened.circuit_until - NOW <= least * 1.1 + timedelta(microseconds=1)


@given(paces())
def test_one_that_is_open_already_is_not_opened_for_silence(pace: Pace) -> None:
    pace = replace(pace, circuit=Circuit.OPEN, circuit_until=in_(9))
    assert open_for_silence(pace, NOW, LIMITS, 0.0) == pace


# What ends a circuit


@given(paces())
def test_a_probe_that_succeeds_closes_it(pace: Pace) -> None:
    pace = learnt(claim_probe(replace(pace, circuit=Circuit.OPEN), NOW, LIMITS), success(is_probe=True))
    assert (pace.circuit, pace.openings, pace.failures, pace.failed_probe) == (Circuit.CLOSED, 0, 0, "")
    assert pace.turned_at == NOW


def test_a_probe_that_fails_is_remembered() -> None:
    pace = learnt(claim_probe(OPEN, NOW, LIMITS), failure(is_probe=True))
    assert (pace.circuit, pace.failed_probe) == (Circuit.OPEN, "e")


def test_a_success_after_a_silent_opening_closes_it_though_it_began_before() -> None:
    silent = open_for_silence(Pace(), NOW, LIMITS, 0.0)
    closed = learnt(silent, success(-6, is_quick=False))
    assert (closed.circuit, closed.is_silent) == (Circuit.CLOSED, False)


def test_after_an_opening_by_failures_a_success_that_began_before_does_not_close_it() -> None:
    assert learnt(OPEN, success(-6)).circuit is Circuit.OPEN


def test_after_a_probe_failed_a_success_that_began_before_does_not_close_it() -> None:
    silent = open_for_silence(Pace(), NOW, LIMITS, 0.0)
    failed = learnt(claim_probe(silent, NOW, LIMITS), failure(is_probe=True))
    assert learnt(failed, success(-6)).circuit is Circuit.OPEN


# Attempts that began before the last opening or closing


@given(paces(), st.floats(0.1, 600))
def test_a_failure_that_began_before_the_circuit_closed_changes_nothing(pace: Pace, earlier: float) -> None:
    pace = replace(pace, circuit=Circuit.CLOSED, circuit_until=None, turned_at=NOW)
    assert learnt(pace, failure(-earlier)) == pace


@given(paces(), st.lists(st.builds(failure, st.floats(-600, -0.1)), max_size=40))
def test_old_failures_neither_lengthen_nor_count(pace: Pace, made: list[Outcome]) -> None:
    pace = replace(pace, circuit=Circuit.OPEN, circuit_until=in_(5), turned_at=NOW)
    later = learnt(pace, *made)
    kept = ("circuit", "circuit_until", "turned_at", "openings", "is_silent", "failures", "failed_probe")
    assert [getattr(later, name) for name in kept] == [getattr(pace, name) for name in kept]


@given(paces(), st.floats(0.1, 600))
def test_an_old_success_says_neither_that_it_is_quick_nor_that_it_is_slow(pace: Pace, earlier: float) -> None:
    pace = replace(pace, circuit=Circuit.CLOSED, circuit_until=None, turned_at=NOW, is_silent=False)
    for is_quick in (False, True):
        assert learnt(pace, success(-earlier, is_quick=is_quick)).is_quick == pace.is_quick


def test_an_old_success_does_not_end_a_row_of_failures() -> None:
    pace = replace(learnt(Pace(turned_at=NOW), *[failure()] * 4))
    assert learnt(pace, success(-1), failure()).circuit is Circuit.OPEN


# Failing since


def test_the_first_of_the_failures_is_kept_until_a_success() -> None:
    pace = learnt(Pace(), failure(-9), failure(-3))
    assert pace.failing_since == in_(-9)
    assert learnt(pace, success()).failing_since is None


# Pauses


def test_a_pause_counts_from_now_and_for_as_long_as_was_asked() -> None:
    assert blocked(learnt(Pace(), asks_pause(20)), NOW) == Blocked(WaitingReason.PAUSED, in_(20))


@given(st.lists(st.floats(0.1, 86_400), min_size=1, max_size=8))
def test_the_later_end_counts(waits: list[float]) -> None:
    pace = learnt(Pace(), *map(asks_pause, waits))
    assert pace.paused_until == NOW + max(map(seconds, waits))


@given(paces(), outcomes)
def test_no_attempt_shortens_a_pause(pace: Pace, made: Outcome) -> None:
    if pace.paused_until is not None:
        until = learnt(pace, made).paused_until
        assert until is not None
        assert until >= pace.paused_until


@given(paces(), st.just(0.0) | st.floats(0.1, 86_400), st.floats(-3600, 0))
def test_a_pause_counts_towards_nothing(pace: Pace, wait: float, began: float) -> None:
    later = learnt(pace, asks_pause(wait, began))
    kept = ("circuit", "circuit_until", "turned_at", "openings", "failures", "failing_since", "failed_probe")
    assert [getattr(later, name) for name in kept] == [getattr(pace, name) for name in kept]


@pytest.mark.parametrize(("number", "length"), list(enumerate([5, 15, 60, 300, 1800, 1800])))
def test_pauses_that_do_not_say_how_long_grow_like_those_of_the_circuit(number: int, length: int) -> None:
    pace = Pace()
    for _ in range(number):
        pace = replace(learnt(pace, asks_pause()), paused_until=in_(-1))
    assert learnt(pace, asks_pause()).paused_until == in_(length)


def test_answers_that_were_under_way_together_ask_for_one_such_pause() -> None:
    assert learnt(Pace(), *[asks_pause()] * 4).paused_until == in_(5)


def test_a_success_ends_the_growth_of_pauses() -> None:
    pace = replace(learnt(Pace(), asks_pause()), paused_until=in_(-1))
    assert learnt(pace, success(), asks_pause()).paused_until == in_(5)


def test_a_probe_that_is_asked_for_a_pause_is_followed_by_another_after_it() -> None:
    pace = learnt(claim_probe(OPEN, NOW, LIMITS), asks_pause(20, is_probe=True))
    assert (pace.circuit, pace.openings, pace.failed_probe) == (Circuit.OPEN, OPEN.openings, "")
    assert not may_probe(pace, in_(19))
    assert may_probe(pace, in_(20))


# Never early


@given(paces(), st.floats(-3600, 7200))
def test_the_moment_that_is_named_is_one_at_which_nothing_blocks_but_the_claim(pace: Pace, at: float) -> None:
    now = in_(at)
    stopped = blocked(pace, now)
    if stopped is None:
        assert pace.circuit is Circuit.CLOSED
        assert pace.paused_until is None or pace.paused_until <= now
    else:
        assert stopped.until >= now
        freed = stopped.until
        assert blocked(pace, freed) is None or may_probe(pace, freed)


@given(paces(), st.floats(-3600, 7200))
def test_no_probe_before_the_end_of_the_circuit_and_of_the_pause(pace: Pace, at: float) -> None:
    now = in_(at)
    if may_probe(pace, now):
        assert pace.circuit_until is not None
        assert pace.circuit_until <= now
        assert pace.paused_until is None or pace.paused_until <= now
    assert not (may_probe(pace, now) and blocked(pace, now) is None)


@given(paces())
def test_a_claimed_probe_keeps_all_others_away_until_it_is_taken_for_lost(pace: Pace) -> None:
    claimed = claim_probe(replace(pace, circuit=Circuit.OPEN, paused_until=None), NOW, LIMITS)
    assert claimed.circuit is Circuit.HALF_OPEN
    assert not may_probe(claimed, in_(LIMITS.probe_seconds - 0.001))
    assert may_probe(claimed, in_(LIMITS.probe_seconds))


@given(paces(), outcomes, spreads)
def test_only_a_success_ends_a_circuit(pace: Pace, made: Outcome, spread: float) -> None:
    if pace.circuit is not Circuit.CLOSED and after(pace, made, NOW, LIMITS, spread).circuit is Circuit.CLOSED:
        assert made.kind.name == "SUCCESS"


# A save whose test event succeeded


@given(paces(), st.booleans())
def test_a_save_that_was_tested_closes_the_circuit_and_old_attempts_count_for_nothing(pace: Pace, ends: bool) -> None:
    well = well_again(pace, NOW, ends_pause=ends)
    assert (well.circuit, well.failures, well.failing_since) == (Circuit.CLOSED, 0, None)
    assert learnt(well, *[failure(-1)] * 9) == well


@given(paces())
def test_a_pause_that_the_receiver_asked_for_ends_only_where_it_is_another_receiver(pace: Pace) -> None:
    assert well_again(pace, NOW, ends_pause=False).paused_until == pace.paused_until
    assert well_again(pace, NOW, ends_pause=True).paused_until is None


# Turns


@given(st.integers(1, 6000), st.integers(1, 96), paces())
def test_turns_are_never_closer_than_the_rate_allows(per_minute: int, count: int, pace: Pace) -> None:
    reserved, turns = reserve_turns(pace, per_minute, NOW, count)
    gap = seconds(60 / per_minute)
    assert len(turns) == count
    assert turns[0] >= max(pace.next_turn or NOW, NOW)
    assert all(later - earlier >= gap for earlier, later in itertools.pairwise(turns))
    assert reserved.next_turn is not None
    assert reserved.next_turn - turns[-1] >= gap
    assert take_turn(reserved, per_minute, turns[-1]) is None


def test_a_turn_is_taken_when_it_is_free_and_the_next_one_is_later() -> None:
    taken = take_turn(Pace(), 60, NOW)
    assert taken is not None
    assert take_turn(taken, 60, in_(1)) is None
    assert take_turn(taken, 60, in_(1.05)) is not None


def test_the_limits_of_a_setting_are_kept() -> None:
    limits = PaceLimits(after=1, delays=(7,))
    opened = after(Pace(), failure(), NOW, limits, 0.0)
    assert opened.circuit_until == in_(7)
