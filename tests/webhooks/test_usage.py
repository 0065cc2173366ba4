"""Counting calls and errors of a webhook, whoever counts at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import StorageDown
from shared.hub.hub import Hub
from shared.webhooks.registration import Usage
from shared.webhooks.rows import USAGE_TABLE
from shared.webhooks.usage import CallResult, UsageCounter
from tests.support.transport import Fault, JournalTransport

NOW = datetime(2026, 3, 14, 9, 26, tzinfo=UTC)


@pytest.fixture
def counter(hub: Hub) -> UsageCounter:
    return UsageCounter(hub.storage.table(USAGE_TABLE))


def call(error: str | None = None) -> CallResult:
    return CallResult("37c7c867-d571-e911-a956-000d3a1bc3f6", NOW, error)


def test_a_webhook_that_was_never_called_has_no_usage(hub: Hub) -> None:
    assert hub.receivers.webhooks.usage(7) == Usage()


def test_calls_and_errors_add_up_and_a_success_ends_a_row_of_errors(hub: Hub, counter: UsageCounter) -> None:
    for error in (None, "HTTP 500", "HTTP 503"):
        counter.count(7, call(error))
    assert hub.receivers.webhooks.usage(7) == Usage(3, 2, 2, "HTTP 503")
    # What went wrong last stays to be read.
    assert counter.count(7, call()) == hub.receivers.webhooks.usage(7) == Usage(4, 2, 0, "HTTP 503")
    assert counter.count(7, call("refused")) == Usage(5, 3, 1, "refused")


def test_each_webhook_counts_for_itself(hub: Hub, counter: UsageCounter) -> None:
    counter.count(7, call("HTTP 500"))
    assert hub.receivers.webhooks.usage(8) == Usage()


def test_counting_is_a_read_and_a_write(counter: UsageCounter, transport: JournalTransport) -> None:
    counter.count(7, call())
    transport.forget()
    counter.count(7, call())
    counter.count(8, call())
    assert transport.summary == ["GET usage", "PATCH usage", "GET usage", "POST usage"]


def test_no_increment_is_lost_and_no_number_given_twice_however_many_count_at_once(
    hub: Hub, counter: UsageCounter
) -> None:
    # Fewer than the tries that each has, so that even one that is always too late comes to its turn.
    with ThreadPoolExecutor(8) as pool:
        counted = list(pool.map(lambda number: counter.count(7, call(f"error {number}")), range(24)))
    assert sorted(usage.total_calls for usage in counted) == list(range(1, 25))
    usage = hub.receivers.webhooks.usage(7)
    assert (usage.total_calls, usage.total_errors, usage.consecutive_errors) == (24, 24, 24)


def test_a_reset_in_between_loses_no_call(hub: Hub, counter: UsageCounter) -> None:
    def work(number: int) -> None:
        if number % 4 == 0:
            hub.receivers.webhooks.reset_errors(7)
        counter.count(7, call("HTTP 500"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(20)))
    usage = hub.receivers.webhooks.usage(7)
    assert (usage.total_calls, usage.total_errors) == (20, 20)
    assert usage.consecutive_errors <= 20


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("fault", Fault)
def test_in_an_outage_the_caller_is_told(
    hub: Hub, counter: UsageCounter, transport: JournalTransport, number: int, fault: Fault
) -> None:
    counter.count(7, call())
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        counter.count(7, call())
    # Only a write whose answer was lost has counted.
    assert hub.receivers.webhooks.usage(7).total_calls == (2 if (number, fault) == (2, Fault.AFTER) else 1)


def test_turns_follow_each_other_at_the_rate_and_end_with_the_day(hub: Hub, counter: UsageCounter) -> None:
    turns = [counter.next_turn(7, 60, NOW) for _ in range(3)]
    assert turns == [NOW + number * timedelta(seconds=1.05) for number in range(3)]
    assert counter.next_turn(7, 60, NOW + timedelta(hours=1)) == NOW + timedelta(hours=1)
    hub.storage.table(USAGE_TABLE).merge(
        {"PartitionKey": "0000000007", "RowKey": "usage", "NextTurn": (NOW + timedelta(hours=25)).isoformat()}
    )
    assert counter.next_turn(7, 60, NOW) is None


def test_one_of_many_tells_and_the_next_one_a_day_later(counter: UsageCounter) -> None:
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda _: counter.claim_notice(7, NOW), range(8)))
    assert claimed.count(True) == 1
    assert not counter.claim_notice(7, NOW + timedelta(hours=23))
    assert counter.claim_notice(7, NOW + timedelta(days=1))
