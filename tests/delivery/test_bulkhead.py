"""Who may be called at the same time."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from shared.delivery.bulkhead import ReceiverBulkhead

SLOW_SECONDS = 15.0


@pytest.fixture
def bulkhead() -> ReceiverBulkhead:
    return ReceiverBulkhead()


def places(
    bulkhead: ReceiverBulkhead, webhook_id: int, count: int, *, is_slow_lane: bool = False, first: int = 0
) -> ExitStack:
    """That many deliveries of a webhook under way, until the end of the block."""
    stack = ExitStack()
    for number in range(first, first + count):
        assert stack.enter_context(bulkhead.acquire(webhook_id, str(number), is_slow_lane=is_slow_lane))
    return stack


def has_place(
    bulkhead: ReceiverBulkhead, webhook_id: int, *, event_id: str = "another", is_slow_lane: bool = False
) -> bool:
    with bulkhead.acquire(webhook_id, event_id, is_slow_lane=is_slow_lane) as acquired:
        return acquired


def test_a_webhook_has_four_places_and_others_have_theirs(bulkhead: ReceiverBulkhead) -> None:
    with places(bulkhead, 1, 4):
        assert not has_place(bulkhead, 1)
        assert has_place(bulkhead, 2)
    assert has_place(bulkhead, 1)


def test_who_waits_gets_the_place_that_becomes_free(bulkhead: ReceiverBulkhead) -> None:
    with ThreadPoolExecutor() as pool:
        with places(bulkhead, 1, 4):
            waiting: Future[bool] = pool.submit(has_place, bulkhead, 1)
        assert waiting.result(10)


def test_a_receiver_that_lets_an_attempt_wait_is_sent_nothing_more_in_the_fast_lane(bulkhead: ReceiverBulkhead) -> None:
    with places(bulkhead, 1, 1):
        with places(bulkhead, 1, 3, first=1):
            # This one waits in vain: now the first attempt is no longer young.
            assert not has_place(bulkhead, 1)
        assert not has_place(bulkhead, 1)
    assert has_place(bulkhead, 1)


def test_an_event_is_delivered_to_a_webhook_once_at_a_time(bulkhead: ReceiverBulkhead) -> None:
    with places(bulkhead, 1, 1):
        assert not has_place(bulkhead, 1, event_id="0")
        assert not has_place(bulkhead, 1, event_id="0", is_slow_lane=True)
        assert has_place(bulkhead, 2, event_id="0")


def test_a_slow_failure_keeps_a_webhook_to_the_slow_lane_until_it_succeeds(bulkhead: ReceiverBulkhead) -> None:
    bulkhead.record_latency(1, succeeded=False, seconds=SLOW_SECONDS)
    assert (has_place(bulkhead, 1), has_place(bulkhead, 2)) == (False, True)
    assert has_place(bulkhead, 1, is_slow_lane=True)
    bulkhead.record_latency(1, succeeded=True, seconds=SLOW_SECONDS)
    assert has_place(bulkhead, 1)


def test_a_quick_failure_changes_nothing(bulkhead: ReceiverBulkhead) -> None:
    bulkhead.record_latency(1, succeeded=False, seconds=0.1)
    assert has_place(bulkhead, 1)


def test_the_slow_lane_has_one_place_for_a_slow_webhook_and_four_in_all(bulkhead: ReceiverBulkhead) -> None:
    for webhook_id in range(1, 6):
        bulkhead.record_latency(webhook_id, succeeded=False, seconds=SLOW_SECONDS)
    with ExitStack() as stack:
        for webhook_id in range(1, 5):
            stack.enter_context(places(bulkhead, webhook_id, 1, is_slow_lane=True))
            assert not has_place(bulkhead, webhook_id, is_slow_lane=True)
        assert not has_place(bulkhead, 5, is_slow_lane=True)
    assert has_place(bulkhead, 5, is_slow_lane=True)


def test_what_overflowed_from_a_healthy_webhook_has_more_than_one_place_in_the_slow_lane(
    bulkhead: ReceiverBulkhead,
) -> None:
    with places(bulkhead, 1, 3, is_slow_lane=True):
        assert has_place(bulkhead, 1, is_slow_lane=True)


def test_each_message_that_waits_for_a_slow_webhook_gets_a_turn_of_its_own_within_about_a_minute(
    bulkhead: ReceiverBulkhead,
) -> None:
    bulkhead.record_latency(1, succeeded=False, seconds=SLOW_SECONDS)
    pauses = [bulkhead.pause_seconds(1) for _ in range(50)]
    assert [round(pause / SLOW_SECONDS) for pause in pauses[:3]] == [1, 2, 3]
    assert (min(pauses[4:]) >= 60, max(pauses) <= 72) == (True, True)
    assert bulkhead.pause_seconds(2) == 1
