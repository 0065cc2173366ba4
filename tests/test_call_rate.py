"""So many calls a minute and caller, and no memory that grows with callers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.call_rate import CallRate
from shared.errors import TooManyRequests


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def rate(per_minute: int, clock: Clock, max_callers: int = 100) -> CallRate:
    return CallRate(per_minute, "signals", "MAX_SIGNALS", clock=clock, max_callers=max_callers)


def is_let_through(limit: CallRate, caller: str) -> bool:
    try:
        limit.count(caller)
    except TooManyRequests:
        return False
    return True


def test_each_caller_has_so_many_and_the_refusal_says_how_long_to_wait() -> None:
    clock = Clock()
    limit = rate(2, clock)
    limit.count("a")
    clock.seconds += 20.5
    limit.count("a")
    with pytest.raises(TooManyRequests, match=r"^signals must be at most 2 a minute .*MAX_SIGNALS") as caught:
        limit.count("a")
    assert caught.value.retry_after_seconds == 40
    limit.count("b")


def test_who_waits_as_long_as_was_said_is_let_through() -> None:
    clock = Clock()
    limit = rate(1, clock)
    limit.count("a")
    clock.seconds += 0.3
    with pytest.raises(TooManyRequests) as caught:
        limit.count("a")
    clock.seconds += caught.value.retry_after_seconds
    limit.count("a")


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 90, allow_nan=False)), max_size=60),
)
def test_no_minute_of_a_caller_holds_more_and_nobody_is_refused_before(
    per_minute: int, calls: list[tuple[str, float]]
) -> None:
    clock = Clock()
    limit, counted = rate(per_minute, clock), dict[str, list[float]]()
    for caller, pause in calls:
        clock.seconds += pause
        minute = [at for at in counted.get(caller, []) if at > clock.seconds - 60]
        began = counted.setdefault(caller, [])
        if is_let_through(limit, caller):
            # A minute begins with its first call, so two of them meet in any 60 s at most.
            assert len(minute) < 2 * per_minute
            began.append(clock.seconds)
        else:
            assert len(minute) >= per_minute


def test_callers_whose_minute_is_over_are_forgotten() -> None:
    clock = Clock()
    limit = rate(5, clock)
    for number in range(50):
        limit.count(f"early {number}")
    clock.seconds += 30
    limit.count("late")
    limit.count("early 1")
    clock.seconds += 30
    limit.count("now")
    assert len(limit) == 2


def test_a_crowd_of_callers_takes_bounded_memory_and_pushes_out_the_oldest() -> None:
    clock = Clock()
    limit = rate(1, clock, max_callers=10)
    for number in range(10_000):
        limit.count(str(number))
    assert len(limit) == 10
    assert not is_let_through(limit, "9999")
    assert is_let_through(limit, "0")


def test_one_who_does_not_mind_a_refusal_is_told_how_long_the_minute_lasts() -> None:
    clock = Clock()
    limit = rate(1, clock)
    assert limit.try_count("a") == 0
    clock.seconds += 59.5
    assert limit.try_count("a") == 1


def test_threads_share_the_limit() -> None:
    limit = rate(100, Clock())
    with ThreadPoolExecutor(8) as pool:
        let_through = list(pool.map(lambda _: is_let_through(limit, "a"), range(400)))
    assert sum(let_through) == 100


def test_who_is_refused_in_the_last_second_waits_for_one() -> None:
    clock = Clock()
    limit = rate(1, clock)
    limit.count("a")
    clock.seconds += 59.9
    with pytest.raises(TooManyRequests) as caught:
        limit.count("a")
    assert caught.value.retry_after_seconds == 1
