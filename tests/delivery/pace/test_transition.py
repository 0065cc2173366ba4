"""What follows from a change of a webhook's pace: a wake-up by then, and its entry in the list of blocked webhooks."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.pace.circuit import Blocked, after, blocked, claim_probe, open_for_silence, well_again
from shared.delivery.pace.state import Circuit, Pace
from shared.delivery.pace.transition import is_news, is_same_wake_up, list_entry, settled, short_of_places
from shared.delivery.waiting import WaitingReason
from tests.delivery.pace.paces import LIMITS, NOW, asks_pause, failure, in_, paces, seconds, success

made = st.one_of(
    st.builds(success, st.floats(-600, 0), is_quick=st.booleans(), is_probe=st.booleans()),
    st.builds(failure, st.floats(-600, 0), is_probe=st.booleans()),
    st.builds(asks_pause, st.floats(0.1, 86_400), st.floats(-600, 0)),
)


def opened(pace: Pace = Pace()) -> Pace:  # noqa: B008 - frozen
    """The pace after five failures, with what follows."""
    for _ in range(LIMITS.after):
        pace = settled(pace, after(pace, failure(), NOW, LIMITS, 0.0), NOW)
    return pace


def paused(wait: float, pace: Pace = Pace()) -> Pace:  # noqa: B008 - frozen
    """The pace after an answer that asks for a pause."""
    return settled(pace, after(pace, asks_pause(wait), NOW, LIMITS, 0.0), NOW)


@given(paces(), made)
def test_a_webhook_that_an_attempt_blocks_for_longer_has_a_wake_up_that_comes_by_then(pace: Pace, one: object) -> None:
    changed = after(pace, one, NOW, LIMITS, 0.0)  # type: ignore[arg-type]
    kept = settled(pace, changed, NOW)
    was, stopped = blocked(pace, NOW), blocked(kept, NOW)
    if stopped and (was is None or stopped.until > was.until + (in_(1) - NOW)):
        assert kept.is_listed
        assert kept.wake_due is not None
        assert kept.wake_due <= stopped.until + (in_(1) - NOW)


def test_opening_lists_the_webhook_and_wakes_it_when_its_time_is_over() -> None:
    pace = opened()
    assert (pace.is_listed, pace.wake_due, pace.wake_number) == (True, in_(5), 1)
    assert list_entry(pace, NOW) == Blocked(WaitingReason.CIRCUIT, in_(5))


def test_a_pause_lists_the_webhook_and_wakes_it_when_it_is_over() -> None:
    pace = paused(20)
    assert (pace.is_listed, pace.wake_due) == (True, in_(20))
    assert list_entry(pace, NOW) == Blocked(WaitingReason.PAUSED, in_(20))


def test_a_block_that_gets_longer_needs_no_second_wake_up() -> None:
    once = paused(20)
    assert paused(60, once).wake_number == once.wake_number


def test_a_block_that_ends_earlier_than_the_wake_up_gets_one_of_its_own() -> None:
    pace = replace(opened(), wake_due=in_(100))
    half_open = settled(pace, claim_probe(pace, in_(5), LIMITS), in_(5))
    assert half_open.wake_due == in_(5 + LIMITS.probe_seconds)
    assert half_open.wake_number == pace.wake_number + 1


def test_closing_takes_it_off_the_list_and_wakes_at_once() -> None:
    probed = replace(claim_probe(opened(), NOW, LIMITS), wake_due=in_(45))
    closed = settled(probed, after(probed, success(is_probe=True), NOW, LIMITS, 0.0), NOW)
    assert (closed.is_listed, closed.wake_due, closed.wake_number) == (False, NOW, probed.wake_number + 1)
    assert list_entry(closed, NOW) is None


def test_a_success_after_a_silent_opening_wakes_at_once() -> None:
    silent = settled(Pace(), open_for_silence(Pace(), NOW, LIMITS, 0.0), NOW)
    closed = settled(silent, after(silent, success(-6), NOW, LIMITS, 0.0), NOW)
    assert (closed.is_listed, closed.wake_due) == (False, NOW)


@given(paces())
def test_a_save_that_was_tested_wakes_what_waits_at_once(pace: Pace) -> None:
    well = settled(pace, well_again(pace, NOW, ends_pause=True), NOW)
    if blocked(pace, NOW) or (pace.place_waits and pace.wake_due and not pace.is_idle):
        assert well.wake_due is not None
        assert well.wake_due <= in_(1)


def test_a_receiver_that_answers_after_all_is_woken_at_once_for_what_waited_for_a_place() -> None:
    pace = Pace(place_waits=6, wake_due=in_(32), wake_number=7)
    answered = settled(pace, after(pace, success(), NOW, LIMITS, 0.0), NOW)
    assert (answered.wake_due, answered.wake_number) == (NOW, 8)


def test_it_is_not_woken_again_by_its_next_answers() -> None:
    pace = Pace(wake_due=in_(1), wake_number=7, is_answering=True)
    assert settled(pace, after(pace, success(), NOW, LIMITS, 0.0), NOW).wake_number == 7


def test_an_answer_takes_it_off_the_list() -> None:
    pace = Pace(is_listed=True, wake_due=in_(1))
    assert not settled(pace, after(pace, success(is_quick=False), NOW, LIMITS, 0.0), NOW).is_listed
    assert settled(pace, after(pace, failure(), NOW, LIMITS, 0.0), NOW).is_listed


@given(paces(), made)
def test_a_lost_wake_up_is_made_again_by_an_attempt_once_it_is_overdue_by_a_minute(pace: Pace, one: object) -> None:
    pace = replace(pace, circuit=Circuit.CLOSED, circuit_until=None, wake_due=in_(-61), paused_until=None)
    woken = settled(pace, after(pace, one, NOW, LIMITS, 0.0), NOW)  # type: ignore[arg-type]
    assert woken.wake_number == pace.wake_number + 1
    assert woken.wake_due is not None
    assert woken.wake_due >= NOW


def test_one_that_is_a_little_late_is_not() -> None:
    pace = Pace(wake_due=in_(-59), is_answering=True)
    assert settled(pace, after(pace, success(), NOW, LIMITS, 0.0), NOW) == replace(pace, is_quick=True)


# Short of places


def test_one_that_does_not_answer_is_listed_until_its_wake_up() -> None:
    pace = short_of_places(Pace(), NOW, in_(1), is_answering=False)
    assert list_entry(pace, NOW) == Blocked(WaitingReason.PLACE, in_(1))


def test_one_that_hangs_since_its_last_success_stays_listed_until_the_next_one() -> None:
    well = Pace(is_answering=True, is_quick=True)
    listed = settled(well, short_of_places(well, NOW, in_(1), is_answering=False), NOW)
    assert listed.is_listed
    assert not settled(listed, after(listed, success(), NOW, LIMITS, 0.0), NOW).is_listed


def test_one_that_answers_never_is() -> None:
    pace = short_of_places(Pace(), NOW, in_(1), is_answering=True)
    assert pace.wake_due == in_(1)
    assert list_entry(pace, NOW) is None


@given(paces(), st.floats(1, 60), st.booleans())
def test_whoever_is_parked_for_want_of_a_place_has_a_wake_up(pace: Pace, due: float, is_answering: bool) -> None:
    after_ = short_of_places(pace, NOW, in_(due), is_answering=is_answering)
    assert after_.wake_due is not None
    stopped = blocked(pace, NOW)
    assert after_.wake_due <= max(in_(due), stopped.until if stopped else NOW) + seconds(1)


# The list, and numbers of wake-ups


def test_an_entry_is_written_where_it_says_something_new() -> None:
    entry = Blocked(WaitingReason.CIRCUIT, in_(5))
    assert is_news(None, entry)
    assert is_news(entry, replace(entry, until=in_(6.5)))
    assert is_news(entry, replace(entry, reason=WaitingReason.PAUSED))
    assert not is_news(entry, replace(entry, until=in_(5.5)))
    # A probe that failed ends before the moment at which it would have been taken for lost.
    assert is_news(entry, replace(entry, until=in_(1)))


def test_a_wake_up_that_was_sent_serves_a_second_try_of_the_same_write() -> None:
    pace = Pace(wake_number=3, wake_due=in_(5))
    assert is_same_wake_up(pace, replace(pace, wake_due=in_(5.9)))
    assert not is_same_wake_up(pace, replace(pace, wake_due=in_(7)))
    assert not is_same_wake_up(pace, replace(pace, wake_number=4))
    assert not is_same_wake_up(pace, replace(pace, wake_due=None))
