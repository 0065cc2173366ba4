"""A figure beside its goal (bench/report.py)."""

import pytest

from bench.report import at_least, at_most, shown


@pytest.mark.parametrize(("number", "verdict"), [(9.9, "met"), (10.0, "met"), (10.004, "met"), (10.01, "missed")])
def test_what_is_to_be_small_misses_its_goal_above_it(number: float, verdict: str) -> None:
    assert at_most("", number, 10, "").verdict == verdict


@pytest.mark.parametrize(("number", "verdict"), [(0.6, "met"), (0.7, "met"), (0.59, "missed")])
def test_what_is_to_be_large_misses_its_goal_below_it(number: float, verdict: str) -> None:
    assert at_least("", number, 0.6, "").verdict == verdict


def test_a_value_and_its_goal_have_the_unit() -> None:
    figure = at_most("", 1234.5, 600, "", unit=" ms", digits=0)
    assert (figure.value, figure.goal) == ("1,234 ms", "600 ms")


def test_what_has_no_goal_is_not_judged() -> None:
    assert (shown("", "7").verdict, shown("", "7").goal) == ("", "")
