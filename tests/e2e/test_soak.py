"""The short soak: every kind of fault and receiver, two instances, and an account of every acknowledged event.

`make soak` is the long one.
"""

from pathlib import Path

import pytest

from bench.soak.plan import Fault, make_plan
from bench.soak.receivers import Kind
from bench.soak.run import run
from devhost.install import find_node

SEED = 8
PATIENCE_SECONDS = 240


# Beside others its receivers are registered too slowly for the deadline that it sets.
@pytest.mark.alone
@pytest.mark.timeout(2 * PATIENCE_SECONDS + 180)
def test_nothing_that_was_acknowledged_is_lost_whatever_happens(tmp_path: Path) -> None:
    find_node()
    plan = make_plan(SEED, events=40, seconds=16)
    report = run(plan, tmp_path, patience_seconds=PATIENCE_SECONDS)
    assert report.lost == []
    assert report.replayed.stored_twice() == []
    assert report.forged == 0
    assert report.pauses.broken == ()
    # A receiver that fails, hangs, restarts or asks for pauses is no matter for a person, but one that says 410.
    assert report.disabled == {Kind.GONE}
    # It is no proof unless things went wrong and events were accepted all the same.
    assert len(report.settled.acknowledged) > 10
    assert all(report.done[fault] for fault in Fault)
    assert report.done["message doubled"] > 0
    assert report.pauses.pauses > 0
    assert {"delivered", "held"} <= set(report.settled.states.values())
