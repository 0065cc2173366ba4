"""Slots, histograms and percentiles: what is counted is told again, and an hour of another week never is."""

from datetime import UTC, datetime, timedelta, timezone
from functools import reduce
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.attempt import Attempt
from shared.outbound.reply import ErrorClass
from shared.webhooks.stats import (
    AN_HOUR,
    DURATION_BOUNDS,
    HOURS_OF_WEEK,
    LATENCY_BOUNDS,
    CountedAttempt,
    Counts,
    counted_in,
    counts_of,
    hour_of,
    last_hours,
    merged,
    percentile,
    slot_column,
)

MONDAY = datetime(2026, 3, 16, tzinfo=UTC)
A_WEEK = timedelta(days=7)
_MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
_SPANS = st.integers(-5_000, 400_000_000).map(lambda ms: timedelta(milliseconds=ms))
_CLASSES = st.sampled_from(["", "", *(one.value for one in ErrorClass)])
_ATTEMPTS = st.lists(st.builds(CountedAttempt, _SPANS, _SPANS, _CLASSES), max_size=20)
_COUNTS = _ATTEMPTS.map(lambda attempts: reduce(Counts.after, attempts, Counts()))


def took(milliseconds: float, error_class: str = "", *, latency: float = 0) -> CountedAttempt:
    return CountedAttempt(timedelta(milliseconds=milliseconds), timedelta(milliseconds=latency), error_class)


def counted(now: datetime, *attempts: CountedAttempt, slots: dict[str, str] | None = None) -> dict[str, str]:
    begun = {slot_column(now): "", **(slots or {})}
    return reduce(lambda row, attempt: counted_in(row, now, attempt), attempts, begun)


def test_the_first_slot_is_that_of_monday_and_the_last_one_that_of_sunday() -> None:
    assert slot_column(MONDAY) == "Hour000"
    assert slot_column(MONDAY - timedelta(microseconds=1)) == "Hour167"
    assert slot_column(datetime(2026, 3, 16, 1, 30, tzinfo=timezone(timedelta(hours=2)))) == "Hour167"


@given(_MOMENTS)
def test_each_hour_of_a_week_has_a_slot_of_its_own_and_the_next_week_has_the_same(moment: datetime) -> None:
    columns = [slot_column(moment + AN_HOUR * number) for number in range(HOURS_OF_WEEK)]
    assert sorted(columns) == [f"Hour{number:03d}" for number in range(HOURS_OF_WEEK)]
    assert slot_column(moment + A_WEEK) == slot_column(moment)


@given(_MOMENTS, _ATTEMPTS)
def test_what_is_counted_is_told_again(moment: datetime, attempts: list[CountedAttempt]) -> None:
    told = counts_of(counted(moment, *attempts), hour_of(moment))
    failed = [one for one in attempts if one.error_class]
    assert (told.delivered, told.failed) == (len(attempts) - len(failed), len(failed))
    assert told.attempts == sum(told.durations) == len(attempts)
    assert sum(told.latencies) == told.delivered
    assert sum(told.classes.values()) == told.failed
    assert told == reduce(Counts.after, attempts, Counts())


@given(_MOMENTS, st.integers(1, 60))
def test_an_hour_of_an_earlier_week_counts_as_empty_and_is_begun_anew(moment: datetime, weeks: int) -> None:
    old = counted(moment, took(1), took(1))
    later = moment + weeks * A_WEEK
    assert counts_of(old, hour_of(later)) == Counts()
    assert counts_of(counted(later, took(1), slots=old), hour_of(later)).delivered == 1


def test_nothing_is_lost_where_a_clock_has_gone_back() -> None:
    slots = counted(MONDAY + A_WEEK, took(1))
    slots = counted(MONDAY, took(1), slots=slots)
    assert counts_of(slots, MONDAY + A_WEEK).delivered == 2


def test_an_attempt_that_is_counted_in_another_hour_leaves_the_first_as_it_is() -> None:
    slots = counted(MONDAY, took(1), took(1, "dns"))
    after = counted(MONDAY + AN_HOUR, took(1, "http"), slots=slots)
    assert after[slot_column(MONDAY)] == slots[slot_column(MONDAY)]
    assert counts_of(after, MONDAY + AN_HOUR).classes == {"http": 1}


def test_a_slot_that_was_not_read_is_not_begun_by_mistake() -> None:
    with pytest.raises(KeyError):
        counted_in({slot_column(MONDAY): ""}, MONDAY + AN_HOUR, took(1))


@given(st.text(max_size=60) | st.from_regex(r"2026-03-16T00(\|[0-9,=a-z]*){0,6}", fullmatch=True))
def test_whatever_stands_in_a_slot_counting_goes_on(text: str) -> None:
    slots = counted(MONDAY, took(1), slots={slot_column(MONDAY): text})
    assert counts_of(slots, MONDAY).delivered >= 1


def test_a_slot_keeps_to_this_form_because_rows_outlive_the_version_that_wrote_them() -> None:
    slots = counted(MONDAY, took(30, latency=80), took(30_001, "no_answer_in_time"), took(70_000, "http"))
    assert slots == {"Hour000": "2026-03-16T00|1|2|,1,,,,,,,,,,,1,1|,1,,,,,,,,,,,,,,,,|http=1,no_answer_in_time=1"}
    assert counts_of(slots, MONDAY).classes == {"http": 1, "no_answer_in_time": 1}


def test_a_slot_is_short_enough_for_168_of_them_in_a_row() -> None:
    many = Counts(10**6, 10**6, (10**6,) * 14, (10**6,) * 18, {one.value: 10**6 for one in ErrorClass})
    slots = {slot_column(MONDAY): ""}
    text = counted_in(slots, MONDAY, took(1))[slot_column(MONDAY)]
    assert len(text) < 100
    # An entity holds 1 MiB, and storage counts two bytes a character.
    assert 2 * HOURS_OF_WEEK * (len(repr(many)) + 10) < 400_000


def test_no_class_of_failures_has_a_character_that_separates() -> None:
    classes = [one.value for one in ErrorClass]
    assert not set("|,=") & set("".join([*classes, "http"]))
    assert Attempt(MONDAY, AN_HOUR, None, "dns", "text").last_error is not None


@given(st.lists(_COUNTS, max_size=5), st.randoms())
def test_merging_adds_up_in_any_order(parts: list[Counts], random: object) -> None:
    whole = merged(parts)
    assert whole == merged(reversed(parts))
    assert whole == merged([merged(parts[:2]), merged(parts[2:])])
    assert whole.attempts == sum(one.attempts for one in parts)
    assert sum(whole.durations) == whole.attempts


@given(st.lists(st.floats(0, 200_000), min_size=1, max_size=40), st.sampled_from([0.5, 0.95, 0.0, 1.0]))
def test_a_percentile_lies_in_the_bucket_of_the_true_one(spans: list[float], share: float) -> None:
    histogram = reduce(Counts.after, [took(one) for one in spans], Counts()).durations
    told = percentile(histogram, DURATION_BOUNDS, share)
    true = took(sorted(spans)[max(ceil(share * len(spans)) - 1, 0)]).duration / timedelta(milliseconds=1)
    assert told is not None
    if true > DURATION_BOUNDS[-1]:
        assert told == DURATION_BOUNDS[-1]
    else:
        low, high = next(one for one in pairwise((0, *DURATION_BOUNDS)) if true <= one[1])
        assert low <= told <= high


@given(_COUNTS)
def test_a_higher_share_has_no_lower_percentile(counts: Counts) -> None:
    found = [percentile(counts.latencies, LATENCY_BOUNDS, share / 20) for share in range(21)]
    assert (found[0] is None) == (counts.delivered == 0)
    assert sorted(one for one in found if one is not None) == [one for one in found if one is not None]


def test_within_a_bucket_values_count_as_spread_evenly() -> None:
    ten = reduce(Counts.after, [took(60)] * 10, Counts()).durations
    assert [percentile(ten, DURATION_BOUNDS, share) for share in (0.1, 0.5, 1)] == [52, 72, 98]
    one = Counts().after(took(1100)).durations
    assert [percentile(one, DURATION_BOUNDS, share) for share in (0.5, 0.95)] == [1750, 1750]


def test_clocks_that_differ_make_no_latency_below_zero() -> None:
    histogram = Counts().after(took(-5, latency=-90_000)).latencies
    assert percentile(histogram, LATENCY_BOUNDS, 0.5) in range(LATENCY_BOUNDS[0] + 1)


def test_the_last_hours_end_with_the_one_that_has_just_begun() -> None:
    now = MONDAY + timedelta(minutes=59)
    assert last_hours(now, 3) == [MONDAY - 2 * AN_HOUR, MONDAY - AN_HOUR, MONDAY]
