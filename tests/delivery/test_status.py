from dataclasses import replace
from datetime import timedelta

import pytest

from shared.delivery.pace.blocked import BlockedWebhooks
from shared.delivery.pace.circuit import Blocked
from shared.delivery.pace.parking import Parking
from shared.delivery.record import DELIVERIES_TABLE
from shared.delivery.status import MAX_BLOCKED, hub_status
from shared.delivery.waiting import WaitingReason
from shared.errors import StorageDown
from shared.hub.hub import Hub
from shared.storage.keys import row_key
from shared.webhooks.rows import USAGE_TABLE, WEBHOOKS_TABLE, registration_row
from shared.webhooks.stats import AN_HOUR, CountedAttempt, counted_in, hour_of, slot_column
from shared.webhooks.webhook import WebhookState
from tests.delivery.pace.paces import in_, waiting
from tests.support.transport import Fault, JournalTransport
from tests.webhooks.registered import registration


def store(hub: Hub, id_: int, **members: object) -> None:
    hub.storage.table(WEBHOOKS_TABLE).put(registration_row(registration(id_, "a.b", **members)))


def use(hub: Hub, id_: int, **columns: object) -> None:
    hub.storage.table(USAGE_TABLE).put({"PartitionKey": row_key(id_), "RowKey": "usage", "TotalCalls": 1, **columns})


def park(hub: Hub, id_: int, number: int, parked_at: float) -> None:
    parked = replace(waiting(number, parked_at=in_(parked_at)), webhook_id=id_)
    Parking(hub.storage.table(DELIVERIES_TABLE)).park(parked)


def test_an_account_without_anything_is_told(hub: Hub) -> None:
    told = hub_status(hub.storage).as_json()
    assert told.pop("at")
    assert told == {
        "queues": {
            name: {"waiting": 0, "poison": 0} for name in ("events", "deliveries", "deliveries-slow", "wakeups")
        },
        "oldestUndispatchedSeconds": None,
        "webhooks": {"Active": 0, "Stopped": 0, "TooManyErrors": 0},
        "blockedWebhooks": 0,
        "blocked": [],
        "oldestWaiting": None,
        "attempts": {hour: {"delivered": 0, "failed": 0, "classes": {}} for hour in ("thisHour", "hourBefore")},
        "isComplete": True,
    }


def test_queues_are_counted_beside_what_is_poisoned(hub: Hub) -> None:
    for name in ("events", "events", "wakeups", "deliveries-poison"):
        hub.storage.queue(name).send("x")
    told = hub_status(hub.storage)
    assert (told.queues["events"], told.queues["wakeups"], told.queues["deliveries"]) == (2, 1, 0)
    assert told.poison == {"events": 0, "deliveries": 1, "deliveries-slow": 0, "wakeups": 0}
    assert told.oldest_undispatched_seconds is not None


def test_webhooks_are_counted_by_their_states(hub: Hub) -> None:
    for id_, state in enumerate(["Active", "Active", "Stopped", "TooManyErrors"], start=1):
        store(hub, id_, State=state)
    # Rows beside the registrations are none.
    hub.receivers.webhooks.recount()
    assert hub_status(hub.storage).webhooks == {
        WebhookState.ACTIVE: 2,
        WebhookState.STOPPED: 1,
        WebhookState.TOO_MANY_ERRORS: 1,
    }


def test_webhooks_that_cannot_be_called_are_told_the_last_first(hub: Hub) -> None:
    blocked = BlockedWebhooks(hub.storage.table(USAGE_TABLE))
    for id_ in (3, 1, 2):
        blocked.put(id_, Blocked(WaitingReason.CIRCUIT, in_(id_)))
    told = hub_status(hub.storage).as_json()
    assert told["blockedWebhooks"] == 3
    assert told["blocked"] == [
        {"webhookId": id_, "reason": "circuit", "until": f"2026-03-14T09:26:5{3 + id_}Z"} for id_ in (3, 2, 1)
    ]


def test_of_many_such_webhooks_only_some_are_told(hub: Hub) -> None:
    blocked = BlockedWebhooks(hub.storage.table(USAGE_TABLE))
    for id_ in range(MAX_BLOCKED + 5):
        blocked.put(id_, Blocked(WaitingReason.PLACE, in_(id_)))
    told = hub_status(hub.storage)
    assert (told.blocked_count, len(told.blocked), 0 in told.blocked) == (MAX_BLOCKED + 5, MAX_BLOCKED, False)


def test_the_delivery_that_waits_for_longest_is_told_whichever_webhook_it_is_for(hub: Hub) -> None:
    for id_, parked_at in ((1, -10), (2, -30), (3, -20)):
        use(hub, id_, WakeDue=in_(5).isoformat())
        park(hub, id_, id_, parked_at)
    # Nobody has parked anything for a webhook without a wake-up.
    use(hub, 4, WakeDue="")
    told = hub_status(hub.storage).as_json()["oldestWaiting"]
    assert told == {
        "webhookId": 2,
        "eventId": "e2",
        "event": "thing.changed",
        "reason": "place",
        "since": "2026-03-14T09:26:23Z",
        "until": "2026-03-14T09:26:53Z",
    }


def test_attempts_are_told_of_this_hour_and_of_the_one_before(hub: Hub) -> None:
    this_hour = hour_of(hub.storage.now())
    took = timedelta(seconds=1)
    failed, done = CountedAttempt(took, took, "http"), CountedAttempt(took, took)
    for id_, made in enumerate([[failed, done], [failed, CountedAttempt(took, took, "dns")]], start=1):
        slots: dict[str, str] = {}
        for back, attempts in enumerate([made, [failed], [failed] * 9]):
            moment = this_hour - AN_HOUR * back
            slot = {slot_column(moment): ""}
            for attempt in attempts:
                slot = counted_in(slot, moment, attempt)
            slots |= slot
        use(hub, id_, **slots)
    assert hub_status(hub.storage).as_json()["attempts"] == {
        "thisHour": {"delivered": 1, "failed": 3, "classes": {"http": 2, "dns": 1}},
        "hourBefore": {"delivered": 0, "failed": 2, "classes": {"http": 2}},
    }


def test_a_row_of_usage_of_the_previous_version_waits_for_nothing(hub: Hub) -> None:
    use(hub, 1)
    assert hub_status(hub.storage).oldest_waiting is None


def test_of_many_webhooks_those_are_asked_that_have_failed_for_longest(hub: Hub, transport: JournalTransport) -> None:
    for id_ in range(1, 71):
        failing = in_(-id_).isoformat() if id_ > 1 else ""
        use(hub, id_, WakeDue=in_(5).isoformat(), FailingSince=failing, Idle=id_ == 69)
    for id_ in (1, 69, 70):
        park(hub, id_, id_, -id_)
    transport.forget()
    told = hub_status(hub.storage)
    # 1 has not failed, and for 69 the last look found nothing.
    assert told.oldest_waiting is not None
    assert (told.oldest_waiting.webhook_id, told.is_complete) == (70, False)
    # The table fifty times, and the queue of that name once.
    assert transport.summary.count("GET deliveries") == 51
    assert len(transport.calls) == 62


@pytest.mark.parametrize("number", [1, 9, 11, 12])
def test_an_outage_is_told_as_one(hub: Hub, transport: JournalTransport, number: int) -> None:
    transport.forget()
    transport.fail(number, Fault.BEFORE)
    with pytest.raises(StorageDown):
        hub_status(hub.storage)


def test_moments_are_by_the_clock_of_storage(hub: Hub) -> None:
    assert abs(hub_status(hub.storage).at - hub.storage.now()) < timedelta(seconds=30)
