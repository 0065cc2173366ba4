"""The list of webhooks that cannot be called now: what a process remembers of it, and what instances see."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.delivery.pace.blocked import BlockedWebhooks
from shared.delivery.pace.circuit import Blocked
from shared.delivery.waiting import WaitingReason
from shared.errors import StorageDown
from shared.hub.hub import Hub
from shared.webhooks.rows import USAGE_TABLE
from tests.support.delivering import delivering_hub
from tests.support.patience import eventually
from tests.support.transport import Fault, JournalTransport

UNTIL = datetime(2026, 3, 14, 9, 26, 53, 123456, tzinfo=UTC)
ENTRY = Blocked(WaitingReason.CIRCUIT, UNTIL)


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


@pytest.fixture
def blocked(hub: Hub) -> BlockedWebhooks:
    return list_of(hub)


def list_of(hub: Hub) -> BlockedWebhooks:
    return BlockedWebhooks(hub.storage.table(USAGE_TABLE))


@pytest.mark.parametrize("reason", list(WaitingReason))
def test_what_is_put_is_read_by_this_process_and_by_another(
    hub: Hub, blocked: BlockedWebhooks, reason: WaitingReason
) -> None:
    blocked.put(7, Blocked(reason, UNTIL))
    assert blocked.read() == list_of(hub).read() == {7: Blocked(reason, UNTIL)}


def test_without_a_table_nothing_is_blocked(blocked: BlockedWebhooks) -> None:
    assert blocked.read() == {}


def test_a_later_moment_takes_the_place_of_the_one_before(blocked: BlockedWebhooks) -> None:
    later = Blocked(WaitingReason.PAUSED, UNTIL + timedelta(hours=1))
    blocked.put(7, ENTRY)
    blocked.put(7, later)
    assert blocked.read() == {7: later}


def test_one_that_is_removed_is_gone_and_another_stays(blocked: BlockedWebhooks) -> None:
    blocked.put(7, ENTRY)
    blocked.put(8, ENTRY)
    blocked.remove(7)
    blocked.remove(9)
    assert blocked.read() == {8: ENTRY}


def test_what_was_read_is_kept_for_a_moment_and_then_read_again(
    hub: Hub, blocked: BlockedWebhooks, transport: JournalTransport
) -> None:
    list_of(hub).put(7, ENTRY)
    transport.forget()
    for _ in range(20):
        blocked.read()
    assert len(transport.calls) < 20
    list_of(hub).remove(7)
    assert eventually(lambda: not blocked.read())


def test_the_counters_of_webhooks_are_not_entries(hub: Hub, blocked: BlockedWebhooks) -> None:
    hub.storage.table(USAGE_TABLE).put({"PartitionKey": "0000000007", "RowKey": "usage", "TotalCalls": 1})
    assert blocked.read() == {}


def test_an_outage_is_one(blocked: BlockedWebhooks, transport: JournalTransport) -> None:
    blocked.put(7, ENTRY)
    transport.forget()
    transport.fail(1, Fault.BEFORE, StorageDown("down"))
    with pytest.raises(StorageDown):
        blocked.read()
