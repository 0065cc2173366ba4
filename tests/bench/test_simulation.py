"""The simulation of a receiver's pace reaches the goals, is the same each time, and docs/performance.md shows it."""

import pytest

from bench.page import PAGE
from bench.simulation.__main__ import page_with, row
from bench.simulation.figures import Figures, simulated
from bench.simulation.instance import HostLimits, host_limits
from bench.simulation.scenarios import SCENARIOS, Scenario


def scenario(begins: str) -> Scenario:
    [found] = [one for one in SCENARIOS if one.name.startswith(begins)]
    return found


def figures(begins: str) -> Figures:
    return simulated(scenario(begins), host_limits())


@pytest.mark.parametrize(
    ("begins", "least"),
    [
        ("healthy beside 1 that hangs, ", 0.95),
        ("healthy beside 20 that hang, ", 0.8),
        ("healthy beside 100 that hang, ", 0.7),
        ("healthy beside 20 that begin to hang", 0.8),
        ("healthy beside 20 that fail", 0.95),
        ("ten instances, healthy beside 20", 0.95),
    ],
)
def test_a_healthy_receiver_keeps_its_rate_beside_others_in_any_five_seconds(begins: str, least: float) -> None:
    found = figures(begins)
    assert found.worst >= least
    assert found.parked == 0


def test_where_the_host_hands_out_no_more_messages_than_hanging_attempts_hold_it_gets_nothing() -> None:
    assert simulated(scenario("healthy beside 20 that begin to hang"), HostLimits(32, 32)).worst == 0


def test_a_burst_to_a_new_healthy_receiver_is_hardly_parked() -> None:
    assert figures("burst of 1,000").parked < 0.05


def test_a_receiver_that_needs_700_ms_gets_20_events_a_second() -> None:
    found = figures("needs 700 ms")
    assert found.p95 < 2
    assert found.done is not None
    assert found.done < 2


@pytest.mark.parametrize("begins", ["429 with Retry-After: 20 at first", "429 with Retry-After: 20 after"])
def test_a_receiver_that_asks_for_a_pause_gets_no_request_in_it_and_everything_after_it(begins: str) -> None:
    found = figures(begins)
    assert found.during_pauses == 0
    assert found.done is not None


@pytest.mark.parametrize(
    "begins", ["restarts", "ten instances, restarts", "hangs from", "well and failing", "one event"]
)
def test_everything_is_delivered_without_a_person(begins: str) -> None:
    assert figures(begins).done is not None


def test_transactions_beside_20_that_hang_are_an_insert_each_and_little_more() -> None:
    assert figures("healthy beside 20 that hang, ").transactions < 13 + 20 * 1.4


@pytest.mark.parametrize(
    "begins", ["5 a second to one", "healthy beside 1 that hangs, ", "429 with Retry-After: 20 at"]
)
def test_the_page_shows_what_the_simulation_says(begins: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"| {' | '.join(row(scenario(begins)))} |" in page, "run `python -m bench.simulation`"


def test_the_page_has_a_row_for_each_scenario_and_no_other() -> None:
    page = PAGE.read_text(encoding="utf-8")
    begin = page.index("<!-- from python -m bench.simulation")
    names = [line.split(" | ")[0].removeprefix("| ") for line in page[begin:].splitlines() if line.startswith("| ")]
    assert names[1 : len(SCENARIOS) + 1] == [one.name for one in SCENARIOS]
    assert page_with([["a", "row"]], page) != page
