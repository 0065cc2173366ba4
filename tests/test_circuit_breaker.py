from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.circuit_breaker import MAX_FAILURES, OPEN_SECONDS, PROBE_SECONDS, CircuitBreaker


def failing(calls: int, *, began: float = 0, now: float = 0) -> CircuitBreaker:
    breaker = CircuitBreaker()
    for _ in range(calls):
        breaker = breaker.failed(began, now)
    return breaker


OPEN = failing(MAX_FAILURES)


def test_one_call_with_all_its_tries_does_not_open_it() -> None:
    assert not failing(3).is_open


def test_failures_in_a_row_open_it_for_a_while() -> None:
    assert not failing(MAX_FAILURES - 1).refuses(0)
    assert (OPEN.refuses(0), OPEN.refuses(OPEN_SECONDS - 0.01), OPEN.refuses(OPEN_SECONDS)) == (True, True, False)


def test_an_answer_between_them_lets_the_count_begin_anew() -> None:
    breaker = failing(MAX_FAILURES - 1).answered(1)
    for _ in range(MAX_FAILURES - 1):
        breaker = breaker.failed(2, 3)
    assert not breaker.is_open


def test_slow_calls_do_not_open_it_while_others_are_answered() -> None:
    breaker = CircuitBreaker().answered(4.5)
    for _ in range(100):
        breaker = breaker.failed(0, 5)
    assert not breaker.is_open


def test_a_single_probe_is_let_through_and_its_failure_opens_it_again() -> None:
    probing = OPEN.admitted(OPEN_SECONDS)
    assert probing.refuses(OPEN_SECONDS + 1)
    failed = probing.failed(OPEN_SECONDS, OPEN_SECONDS + 5)
    assert (failed.refuses(OPEN_SECONDS + 6), failed.refuses(2 * OPEN_SECONDS + 5)) == (True, False)


def test_an_answer_closes_it() -> None:
    assert not OPEN.admitted(2).answered(3).is_open


def test_old_calls_that_fail_while_it_is_open_keep_nobody_out_longer() -> None:
    assert OPEN.failed(-3, 1.9) == OPEN
    probing = OPEN.admitted(2)
    assert probing.failed(0, 3) == probing


def test_calls_of_the_outage_that_fail_after_it_count_for_nothing() -> None:
    breaker = OPEN.admitted(2).answered(3)
    for _ in range(100):
        breaker = breaker.failed(1, 6)
    assert breaker.failures == 0


@pytest.mark.parametrize(("began", "refuses"), [(2, False), (1, True)], ids=["the probe", "an older call"])
def test_a_probe_that_was_given_up_makes_room_for_another(began: float, *, refuses: bool) -> None:
    assert OPEN.admitted(2).abandoned(began, 3).refuses(3) is refuses


def test_a_call_that_was_given_up_says_nothing_while_it_is_closed() -> None:
    assert failing(1).abandoned(1, 2) == failing(1)


def test_a_probe_that_is_never_heard_of_again_blocks_nobody_for_ever() -> None:
    assert not OPEN.admitted(2).refuses(2 + PROBE_SECONDS)


@dataclass
class Simulation:
    """A service that is down until a moment, and callers whose calls take a while to fail."""

    back_at: float
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    under_way: list[tuple[float, float]] = field(default_factory=list)
    probes: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def call(self, now: float, takes: float) -> None:
        for ends, began in sorted(self.under_way):
            if ends <= now:
                self.under_way.remove((ends, began))
                self.breaker = self.breaker.failed(began, ends)
        if self.breaker.refuses(now):
            self.refused.append(now)
            return
        if self.breaker.is_open:
            self.probes.append(now)
        self.breaker = self.breaker.admitted(now)
        if now >= self.back_at:
            self.breaker = self.breaker.answered(now)
        else:
            self.under_way.append((now + takes, now))


calls = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 5)), min_size=50, max_size=300)


@given(calls)
def test_once_it_is_open_a_dead_service_sees_one_call_at_a_time_at_most(steps: list[tuple[float, float]]) -> None:
    simulation, now = Simulation(float("inf")), 0.0
    for pause, takes in steps:
        now += pause
        simulation.call(now, takes)
    assert all(later - earlier >= OPEN_SECONDS for earlier, later in pairwise(simulation.probes))


@given(st.floats(0, 30), calls)
def test_a_service_that_is_back_is_used_again_soon(back_at: float, steps: list[tuple[float, float]]) -> None:
    simulation, now = Simulation(back_at), 0.0
    for pause, takes in steps:
        now += pause
        simulation.call(now, takes)
    late = back_at + PROBE_SECONDS + OPEN_SECONDS
    assert not [moment for moment in simulation.refused if moment > late + 1]
