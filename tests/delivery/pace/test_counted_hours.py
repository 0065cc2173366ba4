"""The statistics in a webhook's row: they cost no transaction, and lose nothing when an hour or a week changes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.delivery.pace.blocked import BlockedWebhooks
from shared.delivery.pace.circuit import PaceLimits
from shared.delivery.pace.state import PacedUsage
from shared.delivery.pace.store import PaceStore
from shared.delivery.pace.wakeups import WakeUpQueue
from shared.errors import StorageDown
from shared.hub.hub import Hub
from shared.webhooks.listing import WebhookFilter
from shared.webhooks.rows import USAGE_TABLE, usage_keys
from shared.webhooks.stats import AN_HOUR, CountedAttempt, counted_in, counts_of, hour_of, slot_column
from tests.fakes.receiver import Receiver, answers, answers_in_turn
from tests.support.delivering import attempt, delivering_hub, new_event, register
from tests.support.transport import Fault, JournalTransport

ELEVEN = datetime(2026, 3, 14, 11, tzinfo=UTC)
A_WEEK = timedelta(days=7)
ONE = CountedAttempt(timedelta(milliseconds=30), timedelta(milliseconds=80))
A_MOMENT = timedelta(milliseconds=300)


class Clock:
    """Shows these moments one after the other, and from then on the last one."""

    def __init__(self, *moments: datetime) -> None:
        self.moments = [*moments]

    def __call__(self) -> datetime:
        return self.moments.pop(0) if len(self.moments) > 1 else self.moments[0]


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


def store_of(hub: Hub, clock: Clock) -> PaceStore:
    table = hub.storage.table(USAGE_TABLE)
    return PaceStore(table, BlockedWebhooks(table), WakeUpQueue(hub.storage, clock), PaceLimits(), clock)


def once_more(row: PacedUsage, now: datetime) -> PacedUsage:
    usage = replace(row.usage, total_calls=row.usage.total_calls + 1)
    return replace(row, usage=usage, slots=counted_in(row.slots, now, ONE))


def stored(hub: Hub, webhook_id: int = 7) -> dict[str, str]:
    row = hub.storage.table(USAGE_TABLE).get(*usage_keys(webhook_id))
    return {name: str(value) for name, value in (row or {}).items() if name.startswith("Hour")}


def delivered(hub: Hub, hour: datetime) -> int:
    return counts_of(stored(hub), hour).delivered


def test_counting_through_the_change_of_an_hour_costs_no_transaction_more(
    hub: Hub, transport: JournalTransport
) -> None:
    clock = Clock(ELEVEN - A_MOMENT)
    store = store_of(hub, clock)
    store.change(7, once_more)
    transport.forget()
    store.read(7)
    clock.moments = [ELEVEN + A_MOMENT]
    store.change(7, once_more)
    assert transport.summary == ["GET usage", "PATCH usage"]
    assert (delivered(hub, ELEVEN - AN_HOUR), delivered(hub, ELEVEN)) == (1, 1)


def test_what_another_instance_counted_in_the_new_hour_before_this_one_read_the_row_is_kept(hub: Hub) -> None:
    early, late = store_of(hub, Clock(ELEVEN - A_MOMENT)), store_of(hub, Clock(ELEVEN + A_MOMENT))
    for _ in range(3):
        late.change(7, once_more)
    early.read(7)
    early.now = late.now
    early.change(7, once_more)
    assert delivered(hub, ELEVEN) == 4


@pytest.mark.parametrize("ahead", [2, 5, 100])
def test_a_row_that_was_read_hours_ago_is_read_again_before_the_present_hour_is_begun(hub: Hub, ahead: int) -> None:
    """Its etag may still be the present one, although a slot that was not read holds something."""
    clock, ahead_of_time = Clock(ELEVEN), Clock(ELEVEN + ahead * AN_HOUR)
    store_of(hub, ahead_of_time).change(7, once_more)
    store = store_of(hub, clock)
    store.read(7)
    clock.moments = ahead_of_time.moments
    store.change(7, once_more)
    assert delivered(hub, ELEVEN + ahead * AN_HOUR) == 2


def test_the_slot_of_an_earlier_week_is_begun_anew_and_all_others_stay(hub: Hub) -> None:
    for moment in (ELEVEN, ELEVEN, ELEVEN + AN_HOUR, ELEVEN + A_WEEK):
        store_of(hub, Clock(moment)).change(7, once_more)
    assert [delivered(hub, ELEVEN + ahead) for ahead in (timedelta(0), AN_HOUR, A_WEEK)] == [0, 1, 1]


@pytest.mark.parametrize("change", [ELEVEN, ELEVEN.replace(day=16, hour=0)])
def test_concurrent_counting_loses_nothing_when_an_hour_and_a_week_change(hub: Hub, change: datetime) -> None:
    # The slots hold counts of the week before; clocks of instances differ, and a clock goes back a little.
    old = store_of(hub, Clock(change - A_WEEK))
    old.change(7, once_more)
    store_of(hub, Clock(change - A_WEEK - AN_HOUR)).change(7, once_more)

    def ticking(behind: timedelta) -> Iterator[datetime]:
        return (change - behind + timedelta(milliseconds=step * (50 if step % 7 else -50)) for step in range(200))

    stores = [store_of(hub, Clock(*ticking(timedelta(seconds=behind)))) for behind in (1, 2, 3)]
    with ThreadPoolExecutor(12) as pool:
        [*pool.map(lambda number: stores[number % 3].change(7, once_more), range(120))]
    assert delivered(hub, change - AN_HOUR) + delivered(hub, change) == 120
    assert stores[0].read(7).usage.total_calls == 122


@pytest.mark.parametrize("fault", [Fault.BEFORE, Fault.AFTER])
def test_an_attempt_whose_write_was_lost_or_its_answer_is_counted_once(
    hub: Hub, transport: JournalTransport, fault: Fault
) -> None:
    store, tried = store_of(hub, Clock(ELEVEN)), set[str]()
    store.change(7, once_more)
    store.change(7, once_more)
    transport.forget()
    transport.fail(1, fault)
    with pytest.raises(StorageDown):
        store.change(7, once_more, tried=tried)
    store.change(7, once_more, tried=tried)
    assert delivered(hub, ELEVEN) == store.read(7).usage.total_calls == 3


def test_a_row_of_the_previous_version_counts_on_and_gets_its_first_slot(hub: Hub) -> None:
    partition, key = usage_keys(7)
    old = {"TotalCalls": 12, "TotalErrors": 9, "ConsecutiveErrors": 8, "LastError": "HTTP 500", "Circuit": "closed"}
    hub.storage.table(USAGE_TABLE).insert({"PartitionKey": partition, "RowKey": key, **old})
    row = store_of(hub, Clock(ELEVEN)).change(7, once_more)
    assert row is not None
    assert (row.usage.total_calls, row.usage.total_errors, row.usage.last_error) == (13, 9, "HTTP 500")
    assert set(stored(hub)) == {slot_column(ELEVEN)}


def test_attempts_count_as_total_errors_does_with_class_duration_and_latency_and_nothing_more_is_written(
    hub: Hub, transport: JournalTransport, receiver: Receiver
) -> None:
    behaviours = [answers(200)] * 3 + [answers(503), answers(404), answers(429, b"", "Retry-After: 60")]
    receiver.behave(answers_in_turn(*behaviours))
    webhook = register(hub, receiver.url)
    # The test event of its registration is no attempt.
    assert stored(hub, webhook.id) == {}
    for number in range(5):
        transport.forget()
        # The clock of whoever received the later ones is fast.
        received = hub.storage.now() - timedelta(seconds=90 - 120 * number)
        attempt(hub, webhook, replace(new_event(), received_at=received))
        if number == 1:
            assert transport.summary == ["GET webhooks", "GET usage", "PATCH usage", "POST deliveries"]
    told = counts_of(stored(hub, webhook.id), hour_of(hub.storage.now()))
    usage = hub.receivers.webhooks.usage(webhook.id)
    assert (told.delivered, told.failed) == (2, 3) == (usage.total_calls - usage.total_errors, usage.total_errors)
    assert told.classes == {"http": 3}
    assert sum(told.durations) == 5
    # 90 s lie between a minute and five, and no latency is below zero.
    assert [number for number, count in enumerate(told.latencies) if count] == [0, 10]


def test_every_reading_of_a_row_of_usage_names_its_columns(
    hub: Hub, transport: JournalTransport, receiver: Receiver
) -> None:
    receiver.behave(answers_in_turn(answers(200), answers(410)))
    webhook = register(hub, receiver.url)
    transport.forget()
    attempt(hub, webhook)
    [*hub.receivers.webhooks.list(WebhookFilter())]
    hub.receivers.gate.blocked.read()
    hub.receivers.gate.remake_lost_wake_ups(dry_run=True)
    readings = [call for call in transport.calls if call.method == "GET" and call.path.startswith("usage")]
    assert len(readings) >= 4
    assert [call for call in readings if "$select" not in call.query] == []
