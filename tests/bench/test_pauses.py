"""The pauses of a soak are judged by when requests came (bench/soak/pauses.py)."""

import pytest

from bench.soak.pauses import GRACE_SECONDS, Pauses, judge

ASKED = [(100.0, 6.0)]


def test_a_request_within_a_pause_breaks_it() -> None:
    judged = judge([99.0, 104.0, 106.2], ASKED, [])
    assert judged.pauses == 1
    assert judged.broken == ("a request came 4.0 s after a pause of 6 s was asked for",)


@pytest.mark.parametrize("at", [99.9, 100.1, 100 + GRACE_SECONDS, 106.0, 120.0])
def test_what_was_under_way_and_what_comes_after_it_does_not(at: float) -> None:
    assert judge([at], ASKED, []).broken == ()


@pytest.mark.parametrize("fault", [(90.0, 99.0), (101.0, 102.0), (105.0, 130.0), (90.0, 130.0)])
def test_a_pause_with_a_fault_in_it_is_not_judged(fault: tuple[float, float]) -> None:
    judged = judge([104.0], ASKED, [fault])
    assert (judged.pauses, judged.broken) == (0, ())


@pytest.mark.parametrize("fault", [(80.0, 97.0), (106.5, 120.0)])
def test_a_fault_before_or_after_it_changes_nothing(fault: tuple[float, float]) -> None:
    assert len(judge([104.0], ASKED, [fault]).broken) == 1


def test_what_was_noted_is_judged() -> None:
    pauses = Pauses()
    pauses.request(10.0)
    pauses.asked(10.0, 6.0)
    pauses.request(15.0)
    assert len(pauses.judged([]).broken) == 1
