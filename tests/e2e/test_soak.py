"""The short soak: every kind of fault, and an account of every acknowledged event. `make soak` is the long one."""

from pathlib import Path

import pytest

from bench.soak.plan import Fault, make_plan
from bench.soak.run import run
from devhost.install import find_node


@pytest.mark.alone
@pytest.mark.timeout(420)
def test_nothing_that_was_acknowledged_is_lost_whatever_happens(tmp_path: Path) -> None:
    find_node()
    plan = make_plan(8, events=40, seconds=10)
    report = run(plan, tmp_path, patience_seconds=150)
    assert report.lost == []
    assert report.replayed.stored_twice() == []
    assert report.forged == 0
    # It is no proof unless things went wrong and events were accepted all the same.
    assert len(report.settled.acknowledged) > 10
    assert all(report.done[fault] for fault in Fault)
    assert report.done["message doubled"] > 0
    assert {"delivered", "held"} <= set(report.settled.states.values())
