import pytest

from infra.hooks.clock import Clock, Patience
from infra.hooks.failure import HookFailed


def test_pauses_that_are_left_out_count_in_full() -> None:
    clock = Clock(0)
    before = clock.now()
    clock.sleep(3600)
    assert clock.now() - before >= 3600


def test_patience_ends_when_a_pause_would_not_fit_in() -> None:
    patience = Patience(Clock(0), 100)
    assert patience.pause(60)
    assert not patience.pause(60)
    assert not patience.is_over
    assert patience.pause(30)
    assert patience.left <= 10


def test_no_patience_is_over_at_once() -> None:
    patience = Patience(Clock(0), 0)
    assert patience.is_over
    assert not patience.pause(1)


@pytest.mark.parametrize("text", ["1", "0.5", "0", ""])
def test_a_scale_is_a_number_from_0_to_1(text: str) -> None:
    Clock.read({"HOOK_PAUSE_SCALE": text})


@pytest.mark.parametrize("text", ["fast", "-0.1", "1.5", "nan", "inf"])
def test_another_scale_is_refused(text: str) -> None:
    with pytest.raises(HookFailed, match="HOOK_PAUSE_SCALE"):
        Clock.read({"HOOK_PAUSE_SCALE": text})
