"""What the benchmarks compute from what they saw (bench/load.py)."""

import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers, lists

from bench.load import Accepted, Run, counted, offer, percentile

RUN = Run(
    offered=4,
    accepted={"a": Accepted(10.0, 10.5), "b": Accepted(11.0, 11.5), "c": Accepted(12.0, 12.5)},
    arrived={"a": 11.0, "b": 11.25},
    receipts={"a": 1, "b": 3},
)


def test_what_was_accepted_and_did_not_come_is_missing() -> None:
    assert (RUN.missing, RUN.duplicates) == (1, 2)


def test_a_delay_runs_from_acceptance_to_arrival_and_is_never_negative() -> None:
    assert RUN.delays == [0.0, 0.5]


def test_rates_run_from_the_first_post_to_the_last_acceptance_or_arrival() -> None:
    assert RUN.accepted_a_second == pytest.approx(3 / 2.5)
    assert RUN.arrivals == [1.0, 1.25]
    assert RUN.delivered_a_second == pytest.approx(2 / 1.25)


def test_nothing_that_arrived_is_no_rate() -> None:
    assert Run(1, {"a": Accepted(0.0, 1.0)}, {}, {}).delivered_a_second == 0.0


@pytest.mark.parametrize(("percent", "expected"), [(1, 1), (50, 50), (95, 95), (99, 99), (100, 100)])
def test_a_percentile_is_by_nearest_rank(percent: int, expected: int) -> None:
    assert percentile(range(1, 101), percent) == expected


@given(lists(floats(0, 10), min_size=1), integers(1, 100))
def test_so_many_percent_are_not_above_a_percentile(values: list[float], percent: int) -> None:
    found = percentile(sorted(values), percent)
    assert found in values
    assert sum(value <= found for value in values) >= len(values) * percent / 100


def test_of_marks_that_come_again_the_first_time_counts() -> None:
    first, receipts = counted([("a", 2.0), ("b", 1.0), ("a", 1.5)])
    assert (first, dict(receipts)) == ({"a": 1.5, "b": 1.0}, {"a": 2, "b": 1})


def test_what_is_refused_is_not_accepted() -> None:
    accepted = offer(lambda mark: mark < "8", 50)
    assert all(mark < "8" and one.at >= one.begun for mark, one in accepted.items())
    assert len(accepted) < 50
