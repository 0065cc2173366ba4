"""`python -m admin events redrive`, as somebody on call runs it."""

from shared.delivery.message import DeliveryMessage
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE, parse_wake_up
from shared.events.event import EventId
from shared.hub.hub import Hub
from shared.webhooks.rows import USAGE_TABLE
from tests.admin.command import admin
from tests.support.events import make_event
from tests.support.queues import visible_texts

OURS = DeliveryMessage(event_id=EventId(make_event().id), webhook_id=1).as_text()


def test_redrive_puts_back_what_is_ours_and_says_what_is_left(hub: Hub, connection_string: str) -> None:
    for text in (OURS, "not ours"):
        hub.storage.queue("deliveries-poison").send(text)
    dry = admin("events", "redrive", "--dry-run", "--json", AzureWebJobsStorage=connection_string)
    assert {"queue": "deliveries-poison", "putBack": 0, "left": 2} in dry.json  # type: ignore[operator]
    run = admin("events", "redrive", "--json", AzureWebJobsStorage=connection_string)
    assert (run.code, run.err) == (0, "")
    assert run.json == [
        {"queue": "events-poison", "putBack": 0, "left": 0},
        {"queue": "deliveries-poison", "putBack": 1, "left": 1},
        {"queue": "deliveries-slow-poison", "putBack": 0, "left": 0},
        {"queue": "wakeups-poison", "putBack": 0, "left": 0},
        {"queue": "wakeups", "putBack": 0, "left": 0},
    ]
    assert hub.storage.queue("deliveries").count() == 1


def test_a_table_for_people(connection_string: str) -> None:
    run = admin("events", "redrive", AzureWebJobsStorage=connection_string)
    assert (run.code, "deliveries-slow-poison" in run.out, "putBack" in run.out) == (0, True, True)


def test_a_wake_up_that_was_lost_is_made_again(hub: Hub, connection_string: str) -> None:
    long_ago = {
        "PartitionKey": "0000000007",
        "RowKey": "usage",
        "WakeNumber": 3,
        "WakeDue": "2026-01-01T00:00:00+00:00",
    }
    hub.storage.table(USAGE_TABLE).insert(long_ago)
    for arguments, told in ((["--dry-run"], (0, 1)), ([], (1, 0)), ([], (0, 0))):
        run = admin("events", "redrive", "--json", *arguments, AzureWebJobsStorage=connection_string)
        assert isinstance(run.json, list)
        assert [(one["putBack"], one["left"]) for one in run.json if one["queue"] == "wakeups"] == [told]
    assert [parse_wake_up(text.encode()).number for text in visible_texts(connection_string, WAKEUPS_QUEUE)] == [4]
