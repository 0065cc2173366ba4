"""How late the process itself is, as attempts are told."""

from shared.delivery.pace.lag import LagMeter
from tests.support.patience import eventually


def test_while_nothing_is_under_way_there_is_no_lag() -> None:
    assert LagMeter().seconds == 0


def test_it_is_measured_while_anything_is_under_way() -> None:
    meter = LagMeter()
    meter.begin()
    # No sleep ends at the very moment that was asked for.
    assert eventually(lambda: meter.seconds > 0)
    meter.end()


def test_what_was_measured_is_forgotten_once_nothing_is_under_way_any_more() -> None:
    meter = LagMeter()
    meter.begin()
    assert eventually(lambda: meter.seconds > 0)
    meter.end()
    assert eventually(lambda: meter.seconds == 0)


def test_it_is_measured_again_after_that() -> None:
    meter = LagMeter()
    for _ in range(2):
        meter.begin()
        assert eventually(lambda: meter.seconds > 0)
        meter.end()
        assert eventually(lambda: meter.seconds == 0)
