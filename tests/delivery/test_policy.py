"""What follows an attempt, and when a failed delivery is tried again: never early, never for ever."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.delivery.attempt import Attempt
from shared.delivery.policy import (
    MAX_DELAY,
    Decision,
    Delivered,
    Disable,
    Exhausted,
    Retry,
    RetryLimits,
    Standing,
    Wait,
    decide,
    next_delay,
)
from shared.settings import Settings

DELAYS = (1, 4, 300, 1800, 7200, 18000, 36000)
NO_WISH = timedelta(0)
NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
DAY = timedelta(days=1)
LIMITS = RetryLimits(DELAYS, disable_after=9, disable_after_seconds=86_400)
FIRST_FAILURE = Standing(consecutive_errors=1, failing_for=timedelta(0))

delays = st.lists(st.integers(0, 7 * 86_400), max_size=12)
wishes = st.timedeltas(NO_WISH, timedelta(days=1))
jitters = st.floats(0, 1)
failures = st.sampled_from([None, 301, 400, 404, 408, 500, 503])
limits = st.builds(
    RetryLimits,
    delays.map(tuple),
    disable_after=st.integers(1, 20),
    disable_after_seconds=st.integers(0, 7 * 86_400),
)
standings = st.builds(Standing, st.integers(0, 100), st.timedeltas(NO_WISH, timedelta(days=9)), st.booleans())


def attempt(status: int | None, wait: timedelta = NO_WISH) -> Attempt:
    """An attempt that got this answer."""
    is_success = status is not None and 200 <= status < 300
    return Attempt(NOW, timedelta(seconds=1), status, "" if is_success else "http", "a text", wait)


def decided(made: Attempt, **given_: object) -> Decision:
    """What follows a first attempt without jitter, but for what is given."""
    first: dict[str, object] = {"attempts": 1, "standing": FIRST_FAILURE, "limits": LIMITS, "jitter": 0.0}
    return decide(made, **(first | given_))  # type: ignore[arg-type]  # checked by the call


def test_the_default_schedule_is_the_one_of_the_documentation() -> None:
    assert Settings.read({"AzureWebJobsStorage": "UseDevelopmentStorage=true"}).retry_delays == DELAYS


@pytest.mark.parametrize(("failed", "seconds"), list(enumerate(DELAYS, start=1)))
def test_each_failure_is_followed_by_its_delay(failed: int, seconds: int) -> None:
    assert next_delay(DELAYS, failed, NO_WISH, 0.0) == timedelta(seconds=seconds)


@pytest.mark.parametrize("failed", [len(DELAYS) + 1, len(DELAYS) + 2, 1000])
def test_a_schedule_ends_whatever_the_receiver_wishes(failed: int) -> None:
    assert next_delay(DELAYS, failed, timedelta(days=1), 1.0) is None


def test_without_delays_there_is_one_attempt() -> None:
    assert next_delay((), 1, NO_WISH, 0.0) is None


@given(delays=delays, wish=wishes, jitter=jitters)
def test_a_schedule_has_as_many_attempts_as_delays_none_is_early_and_none_asks_too_much_of_a_queue(
    delays: list[int], wish: timedelta, jitter: float
) -> None:
    for number, seconds in enumerate(delays, start=1):
        delay = next_delay(delays, number, wish, jitter)
        assert delay is not None
        assert max(timedelta(seconds=seconds), wish) <= delay <= MAX_DELAY
    assert next_delay(delays, len(delays) + 1, wish, jitter) is None


@given(delays=delays.filter(bool), jitter=jitters)
def test_jitter_adds_a_tenth_at_most_and_nothing_below_a_minute(delays: list[int], jitter: float) -> None:
    planned = timedelta(seconds=delays[0])
    delay = next_delay(delays, 1, NO_WISH, jitter)
    assert delay is not None
    assert planned <= delay <= min(planned * 1.1, MAX_DELAY)
    assert delay == planned or planned >= timedelta(minutes=1)


@given(wish=wishes, jitters=st.tuples(jitters, jitters).map(sorted))
def test_more_jitter_is_never_earlier(wish: timedelta, jitters: list[float]) -> None:
    first, second = (next_delay(DELAYS, 4, wish, jitter) for jitter in jitters)
    assert first is not None
    assert second is not None
    assert first <= second


@pytest.mark.parametrize(("seconds", "latest"), [(60, 66), (7200, 7920), (59, 59), (7 * 86_400, 7 * 86_400)])
def test_full_jitter_adds_a_tenth_from_a_minute_on_and_never_more_than_a_queue_bears(seconds: int, latest: int) -> None:
    assert next_delay((seconds,), 1, NO_WISH, 1.0) == timedelta(seconds=latest)
    assert next_delay((seconds,), 1, NO_WISH, 0.0) == timedelta(seconds=seconds)


@given(status=st.integers(200, 299), attempts=st.integers(1, 100), standing=standings, limits=limits, jitter=jitters)
def test_any_2xx_is_the_end_whatever_came_before(
    status: int, attempts: int, standing: Standing, limits: RetryLimits, jitter: float
) -> None:
    assert decide(attempt(status), attempts=attempts, standing=standing, limits=limits, jitter=jitter) == Delivered()


@given(status=failures, wait=wishes, limits=limits, jitter=jitters)
def test_a_failure_is_retried_while_the_schedule_lasts_and_exhausted_exactly_after_its_last_attempt(
    status: int | None, wait: timedelta, limits: RetryLimits, jitter: float
) -> None:
    assume(not attempt(status, wait).asks_pause)
    for attempts in range(1, len(limits.delays) + 2):
        decision = decide(
            attempt(status, wait), attempts=attempts, standing=FIRST_FAILURE, limits=limits, jitter=jitter
        )
        onward = decision.otherwise if isinstance(decision, Disable) else decision
        if attempts > len(limits.delays):
            assert onward == Exhausted()
        else:
            assert isinstance(onward, Retry)
            planned = timedelta(seconds=limits.delays[attempts - 1])
            # Never earlier than planned or than Retry-After; jitter only adds; a queue can hold it that long.
            assert max(planned, wait) <= onward.delay <= MAX_DELAY
            assert onward.delay <= max(planned * 1.1, wait)


@given(status=failures, standing=standings, limits=limits, attempts=st.integers(1, 10))
def test_failures_disable_once_there_are_so_many_in_a_row_and_the_first_of_them_is_so_old(
    status: int | None, standing: Standing, limits: RetryLimits, attempts: int
) -> None:
    decision = decided(attempt(status), attempts=attempts, standing=standing, limits=limits)
    are_many = standing.consecutive_errors >= limits.disable_after
    is_old = standing.failing_for >= timedelta(seconds=limits.disable_after_seconds)
    assert isinstance(decision, Disable) is (are_many and is_old)


@given(attempts=st.integers(1, 10), limits=limits, jitter=jitters)
def test_410_disables_at_once(attempts: int, limits: RetryLimits, jitter: float) -> None:
    decision = decide(attempt(410), attempts=attempts, standing=FIRST_FAILURE, limits=limits, jitter=jitter)
    assert isinstance(decision, Disable)


@given(status=failures, attempts=st.integers(1, 10), wait=wishes, jitter=jitters)
def test_where_the_webhook_may_not_be_disabled_the_delivery_goes_on_as_if_nobody_had_tried(
    status: int | None, attempts: int, wait: timedelta, jitter: float
) -> None:
    made, many = attempt(status, wait), Standing(9, DAY)
    assume(not made.asks_pause)
    disabling = decided(made, attempts=attempts, standing=many, jitter=jitter)
    assert isinstance(disabling, Disable)
    assert disabling.otherwise == decided(made, attempts=attempts, jitter=jitter)


@given(standing=standings, attempts=st.integers(1, 10), due=st.none() | st.timedeltas(NO_WISH, DAY), jitter=jitters)
def test_an_answer_that_asks_for_a_pause_uses_up_nothing_and_disables_nothing(
    standing: Standing, attempts: int, due: timedelta | None, jitter: float
) -> None:
    due_at = None if due is None else NOW + due
    for made in (attempt(429), attempt(429, DAY), attempt(503, timedelta(seconds=1))):
        assert decided(made, attempts=attempts, standing=standing, jitter=jitter, due_at=due_at) == Wait(
            due_at, counts=False
        )


def test_behind_an_open_circuit_a_failed_delivery_waits_and_its_schedule_goes_on_there() -> None:
    behind = Standing(5, timedelta(seconds=3), is_open=True)
    made = attempt(500)
    assert decided(made, standing=behind) == Wait(NOW + made.duration + timedelta(seconds=1), counts=True)
    # What the receiver asked for is never early, so a message carries it.
    assert decided(attempt(500, timedelta(seconds=30)), standing=behind) == Retry(timedelta(seconds=30))
    assert decided(made, attempts=len(DELAYS) + 1, standing=behind) == Exhausted()


@pytest.mark.parametrize("is_open", [True, False])
def test_a_probe_before_the_deliverys_own_time_uses_up_nothing_of_its_schedule(is_open: bool) -> None:
    due_at = NOW + timedelta(minutes=5)
    standing = Standing(5, timedelta(minutes=1), is_open=is_open)
    decision = decided(attempt(500), attempts=3, standing=standing, due_at=due_at)
    left = due_at - NOW - attempt(500).duration
    assert decision == (Wait(due_at, counts=False) if is_open else Retry(left, counts=False))
    # One at its time or later is an attempt as any other.
    assert decided(attempt(500), attempts=3, standing=standing, due_at=NOW) == decided(
        attempt(500), attempts=3, standing=standing
    )
