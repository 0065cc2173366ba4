"""What was lost on the way is made again every night."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.delivery.message import DeliveryMessage
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE
from shared.delivery.queues import DELIVERIES_QUEUE
from shared.delivery.redrive import POISON_SUFFIX
from shared.events.event import EventId
from shared.hub.hub import Hub
from shared.keeping.repair import Repair
from shared.keeping.retention_report import RetentionReport
from shared.storage.scan import WorkBudget
from shared.timestamps import stored_time
from shared.webhooks.rows import USAGE_TABLE, usage_keys
from tests.support.queues import visible_texts

ID = EventId("37c7c867-d571-4911-a956-000d3a1bc3f6")
LATE = timedelta(minutes=2)


@pytest.fixture
def repair(hub: Hub) -> Repair:
    return Repair(hub.storage, hub.receivers.gate)


def run(repair: Repair, *, seconds: float = 60) -> RetentionReport:
    report = RetentionReport()
    report.is_finished = repair.run(WorkBudget(seconds=seconds), report)
    return report


def has_wake_up(hub: Hub, webhook_id: int, *, due: datetime) -> None:
    partition, key = usage_keys(webhook_id)
    row = {"PartitionKey": partition, "RowKey": key, "WakeNumber": 3, "WakeDue": stored_time(due)}
    hub.storage.table(USAGE_TABLE).put(row)


def strand(hub: Hub, number: int) -> None:
    queue = hub.storage.queue(DELIVERIES_QUEUE + POISON_SUFFIX)
    for webhook_id in range(1, number + 1):
        queue.send(DeliveryMessage(event_id=ID, webhook_id=webhook_id).as_text())


def test_a_wake_up_that_is_overdue_is_made_again(hub: Hub, repair: Repair, connection_string: str) -> None:
    has_wake_up(hub, 7, due=datetime.now(UTC) - LATE)
    has_wake_up(hub, 8, due=datetime.now(UTC) + LATE)
    assert run(repair).wake_ups == 1
    assert visible_texts(connection_string, WAKEUPS_QUEUE) == ['{"version":1,"webhook_id":7,"number":4}']


def test_the_hubs_own_messages_go_back_as_possible_repeats(hub: Hub, repair: Repair, connection_string: str) -> None:
    strand(hub, 2)
    hub.storage.queue(DELIVERIES_QUEUE + POISON_SUFFIX).send("not ours")
    report = run(repair)
    assert (report.put_back, report.is_finished) == (2, True)
    assert hub.storage.queue(DELIVERIES_QUEUE + POISON_SUFFIX).count() == 1
    assert all('"repeat":true' in text for text in visible_texts(connection_string, DELIVERIES_QUEUE))


def test_it_ends_when_its_time_is_over(hub: Hub, repair: Repair) -> None:
    strand(hub, 2)
    has_wake_up(hub, 7, due=datetime.now(UTC) - LATE)
    report = run(repair, seconds=0)
    assert (report.wake_ups, report.put_back, report.is_finished) == (0, 0, False)
    assert hub.storage.queue(DELIVERIES_QUEUE + POISON_SUFFIX).count() == 2
