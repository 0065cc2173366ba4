"""The list of blocked webhooks: read once a second by a process, and after its own changes at once."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.delivery.pace.blocked import BlockedWebhooks
from shared.delivery.pace.circuit import Blocked
from shared.delivery.waiting import WaitingReason
from shared.errors import StorageDown
from shared.hub.hub import Hub
from shared.webhooks.rows import USAGE_TABLE
from tests.support.transport import Fault, JournalTransport

UNTIL = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)


@pytest.fixture
def blocked(hub: Hub) -> BlockedWebhooks:
    return BlockedWebhooks(hub.storage.table(USAGE_TABLE))


def test_without_a_table_nobody_is_on_it(blocked: BlockedWebhooks) -> None:
    assert blocked.read() == {}


@pytest.mark.parametrize("reason", WaitingReason)
def test_an_entry_says_why_and_until_when_and_may_be_put_off_and_taken_off(
    blocked: BlockedWebhooks, reason: WaitingReason
) -> None:
    for until in (UNTIL, UNTIL + timedelta(minutes=5)):
        blocked.put(7, Blocked(reason, until))
        assert blocked.read() == {7: Blocked(reason, until)}
    blocked.put(2**31 - 1, Blocked(reason, UNTIL))
    blocked.remove(7)
    assert blocked.read() == {2**31 - 1: Blocked(reason, UNTIL)}


def test_who_is_not_on_it_can_be_taken_off(blocked: BlockedWebhooks) -> None:
    blocked.remove(7)
    blocked.put(8, Blocked(WaitingReason.PLACE, UNTIL))
    blocked.remove(7)
    assert set(blocked.read()) == {8}


def test_it_is_read_once_a_second_and_what_others_wrote_is_seen_after_that(
    hub: Hub, blocked: BlockedWebhooks, transport: JournalTransport
) -> None:
    blocked.read()
    transport.forget()
    for _ in range(9):
        blocked.read()
    assert len(transport.calls) <= 1
    BlockedWebhooks(hub.storage.table(USAGE_TABLE)).put(7, Blocked(WaitingReason.PAUSED, UNTIL))
    # Its own change makes it read again.
    blocked.remove(9)
    assert set(blocked.read()) == {7}


@pytest.mark.parametrize("fault", Fault)
def test_an_outage_is_told_and_nothing_is_remembered_of_it(
    blocked: BlockedWebhooks, transport: JournalTransport, fault: Fault
) -> None:
    blocked.put(7, Blocked(WaitingReason.CIRCUIT, UNTIL))
    transport.forget()
    transport.fail(1, fault)
    with pytest.raises(StorageDown):
        blocked.read()
    assert set(blocked.read()) == {7}
