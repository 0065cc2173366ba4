"""How late this process is: measured while something is under way, and no condition of anything."""

import threading

import pytest

from shared.delivery.pace.lag import LagMeter
from tests.support.patience import eventually


def measuring() -> set[threading.Thread]:
    """The threads that measure now: those of earlier tests go on for a while."""
    return {thread for thread in threading.enumerate() if thread.name == "lag"}


def test_nothing_is_late_while_nothing_is_under_way() -> None:
    assert LagMeter().seconds == 0


def test_one_thread_measures_however_much_is_under_way_and_ends_a_while_after_it() -> None:
    before, meter = measuring(), LagMeter()
    for _ in range(9):
        meter.begin()
    assert len(measuring() - before) == 1
    for _ in range(9):
        meter.end()
    assert eventually(lambda: not measuring() - before)
    assert meter.seconds == 0


def test_a_process_that_is_held_up_is_late_by_about_that() -> None:
    meter = LagMeter()
    meter.begin()
    # A pure computation that keeps the interpreter to itself, again and again, until the meter has seen it.
    assert eventually(lambda: sum(number for number in range(3_000_000)) > 0 and meter.seconds > 0)
    meter.end()


def test_what_begins_begins_although_no_thread_can_be_made_for_its_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    before, meter = measuring(), LagMeter()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        meter.begin()
    assert (measuring() - before, meter.seconds) == (set(), 0)
    meter.end()
    # The next one tries again.
    meter.begin()
    assert len(measuring() - before) == 1
    meter.end()
