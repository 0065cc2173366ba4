"""A soak's plan: what a seed gives, and what every seed gives (bench/soak/plan.py)."""

from hypothesis import given
from hypothesis.strategies import integers

from bench.soak.plan import CALM_EVENTS, HOSTS, Fault, Source, make_plan


def test_the_same_seed_gives_the_same_plan() -> None:
    assert make_plan(4711, events=50, seconds=30) == make_plan(4711, events=50, seconds=30)
    assert make_plan(4711, events=50, seconds=30) != make_plan(4712, events=50, seconds=30)


@given(integers(0, 10**6))
def test_every_event_has_a_mark_of_its_own_and_comes_in_time(seed: int) -> None:
    plan = make_plan(seed, events=50, seconds=30)
    assert len({event.mark for event in (*plan.events, *plan.calm)}) == 50 + CALM_EVENTS
    assert [event.at for event in plan.events] == sorted(event.at for event in plan.events)
    assert all(0 <= event.at <= 30 for event in plan.events)
    assert {event.source for event in plan.events} == set(Source)


@given(integers(0, 10**6))
def test_a_soak_of_half_a_minute_meets_every_fault_and_is_bounded(seed: int) -> None:
    plan = make_plan(seed, events=1, seconds=30)
    faults = (*plan.host_faults, *plan.storage_faults)
    assert {planned.fault for planned in faults} == set(Fault)
    assert all(planned.at < 30 and planned.seconds <= 6 and planned.host < HOSTS for planned in faults)
