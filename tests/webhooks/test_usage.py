"""What an attempt does to the counters, and who may send the one notice a day."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.hub.hub import Hub
from shared.webhooks.registration import Usage
from shared.webhooks.rows import USAGE_TABLE
from shared.webhooks.usage import CallResult, NoticeClaims, counted

NOW = datetime(2026, 3, 14, 9, 26, tzinfo=UTC)
_USAGES = st.builds(Usage, *(st.integers(0, 1000) for _ in range(3)), st.text(max_size=9))


@pytest.fixture
def notices(hub: Hub) -> NoticeClaims:
    return NoticeClaims(hub.storage.table(USAGE_TABLE))


def call(error: str | None = None, *, counts_in_a_row: bool = True) -> CallResult:
    return CallResult("37c7c867-d571-e911-a956-000d3a1bc3f6", NOW, error, counts_in_a_row=counts_in_a_row)


def test_a_webhook_that_was_never_called_has_no_usage(hub: Hub) -> None:
    assert hub.receivers.webhooks.usage(7) == Usage()


def test_calls_and_errors_add_up_and_a_success_ends_a_row_of_errors() -> None:
    usage = Usage()
    for error in (None, "HTTP 500", "HTTP 503"):
        usage = counted(usage, call(error))
    assert usage == Usage(3, 2, 2, "HTTP 503")
    # What went wrong last stays to be read.
    usage = counted(usage, call())
    assert usage == Usage(4, 2, 0, "HTTP 503")
    assert counted(usage, call("refused")) == Usage(5, 3, 1, "refused")


@given(_USAGES)
def test_a_pause_that_was_asked_for_is_a_call_and_an_error_and_leaves_the_row_of_errors_alone(before: Usage) -> None:
    after = counted(before, call("HTTP 429", counts_in_a_row=False))
    assert (after.total_calls, after.total_errors) == (before.total_calls + 1, before.total_errors + 1)
    assert (after.consecutive_errors, after.last_error) == (before.consecutive_errors, "HTTP 429")


def test_one_of_many_tells_and_the_next_one_a_day_later(notices: NoticeClaims) -> None:
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda _: notices.claim_notice(7, NOW), range(8)))
    assert claimed.count(True) == 1
    assert not notices.claim_notice(7, NOW + timedelta(hours=23))
    assert notices.claim_notice(7, NOW + timedelta(days=1))
