"""What follows an attempt, and when a failed delivery is tried again: never early, never for ever."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
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
    decide,
    next_delay,
)
from shared.settings import Settings

DELAYS = (1, 4, 300, 1800, 7200, 18000, 36000)
NO_WISH = timedelta(0)
NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
LIMITS = RetryLimits(DELAYS, disable_after=9)

delays = st.lists(st.integers(0, 7 * 86_400), max_size=12)
wishes = st.timedeltas(NO_WISH, timedelta(days=1))
jitters = st.floats(0, 1)
failures = st.sampled_from([None, 301, 400, 404, 408, 429, 500, 503])
limits = st.builds(RetryLimits, delays.map(tuple), disable_after=st.integers(1, 20))


def attempt(status: int | None, wait: timedelta = NO_WISH) -> Attempt:
    """An attempt that got this answer."""
    is_success = status is not None and 200 <= status < 300
    return Attempt(NOW, timedelta(seconds=1), status, "" if is_success else "http", "a text", wait)


def decided(made: Attempt, **given_: object) -> Decision:
    """What follows a first attempt without jitter, but for what is given."""
    first: dict[str, object] = {"attempts": 1, "consecutive_errors": 1, "limits": LIMITS, "jitter": 0.0}
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


@given(
    status=st.integers(200, 299),
    attempts=st.integers(1, 100),
    consecutive_errors=st.integers(0, 100),
    limits=limits,
    jitter=jitters,
)
def test_any_2xx_is_the_end_whatever_came_before(
    status: int, attempts: int, consecutive_errors: int, limits: RetryLimits, jitter: float
) -> None:
    made = decide(
        attempt(status), attempts=attempts, consecutive_errors=consecutive_errors, limits=limits, jitter=jitter
    )
    assert made == Delivered()


@given(status=failures, wait=wishes, limits=limits, jitter=jitters, data=st.data())
def test_a_failure_is_retried_while_the_schedule_lasts_and_exhausted_exactly_after_its_last_attempt(
    status: int | None, wait: timedelta, limits: RetryLimits, jitter: float, data: st.DataObject
) -> None:
    errors = data.draw(st.integers(1, limits.disable_after))
    for attempts in range(1, len(limits.delays) + 2):
        decision = decide(
            attempt(status, wait), attempts=attempts, consecutive_errors=errors, limits=limits, jitter=jitter
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


@given(status=failures, errors=st.integers(1, 30), disable_after=st.integers(1, 30), attempts=st.integers(1, 10))
def test_consecutive_failures_disable_from_the_limit_on_and_never_before(
    status: int | None, errors: int, disable_after: int, attempts: int
) -> None:
    limits = RetryLimits(DELAYS, disable_after)
    decision = decided(attempt(status), attempts=attempts, consecutive_errors=errors, limits=limits)
    assert isinstance(decision, Disable) is (errors >= disable_after)


@given(attempts=st.integers(1, 10), limits=limits, jitter=jitters)
def test_410_disables_at_once(attempts: int, limits: RetryLimits, jitter: float) -> None:
    decision = decide(attempt(410), attempts=attempts, consecutive_errors=1, limits=limits, jitter=jitter)
    assert isinstance(decision, Disable)


@given(status=failures, attempts=st.integers(1, 10), wait=wishes, jitter=jitters)
def test_where_the_webhook_may_not_be_disabled_the_delivery_goes_on_as_if_nobody_had_tried(
    status: int | None, attempts: int, wait: timedelta, jitter: float
) -> None:
    made, few = attempt(status, wait), RetryLimits(DELAYS, disable_after=1)
    disabling = decided(made, attempts=attempts, limits=few, jitter=jitter)
    assert isinstance(disabling, Disable)
    assert disabling.otherwise == decided(made, attempts=attempts, jitter=jitter)
