"""A webhook that is removed takes all its rows with it: however many, whoever dies, and whatever is under way."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from shared.clock import now
from shared.delivery.pace.circuit import Blocked
from shared.delivery.record import DELIVERIES_TABLE, delivery_row, new_record
from shared.delivery.removal import DeliveryRemoval
from shared.delivery.waiting import WaitingReason
from shared.errors import StorageDown
from shared.events.event import Event
from shared.hub.hub import Hub
from shared.storage.keys import row_key
from shared.storage.query import Query
from shared.storage.tables import Write
from shared.webhooks.registration import Registration
from shared.webhooks.rows import USAGE_TABLE
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE
from tests.fakes.receiver import Receiver, answers
from tests.support.delivering import EVENT, attempt, delivering_hub, new_event, register
from tests.support.events import PAYLOAD, make_event
from tests.support.timeline import Timeline
from tests.support.transport import Fault, JournalTransport

_TABLES = (DELIVERIES_TABLE, USAGE_TABLE, SUBSCRIPTIONS_TABLE)


def rows_of(hub: Hub, webhook_id: int) -> dict[str, int]:
    """How many rows there are of a webhook, in each table that has some."""
    key = row_key(webhook_id)
    of_it = Query().either(Query().where("PartitionKey eq", key), Query().where("RowKey eq", key))
    counted = {table: len(list(hub.storage.table(table).query(of_it))) for table in _TABLES}
    return {table: number for table, number in counted.items() if number}


def with_rows(hub: Hub, receiver: Receiver, number: int = 3) -> Registration:
    """A webhook with deliveries that were attempted, one that waits, usage, subscriptions, and a place in the list."""
    webhook = register(hub, receiver.url, Events=[EVENT, "other.happened"])
    for _ in range(number):
        attempt(hub, webhook)
    entry = Blocked(WaitingReason.CIRCUIT, now() + timedelta(hours=1))
    hub.receivers.gate.blocked.put(webhook.id, entry)
    assert hub.receivers.gate.park_first(webhook.id, new_event(), entry)
    assert rows_of(hub, webhook.id) == {DELIVERIES_TABLE: number + 1, USAGE_TABLE: 2, SUBSCRIPTIONS_TABLE: 2}
    return webhook


def delete(hub: Hub, webhook: Registration) -> None:
    stored = hub.receivers.webhooks.get(webhook.id)
    if stored is not None:
        hub.receivers.saving.delete(stored)


def many(hub: Hub, webhook_id: int, number: int) -> list[Event]:
    """Deliveries of as many events."""
    events = [make_event(received_at=now()) for _ in range(number)]
    table = hub.storage.table(DELIVERIES_TABLE)
    for start in range(0, number, 100):
        table.transact([Write("put", delivery_row(new_record(webhook_id, one))) for one in events[start : start + 100]])
    return events


def test_all_its_rows_go_and_those_of_others_stay(connection_string: str, receiver: Receiver) -> None:
    timeline = Timeline()
    with timeline.transport() as transport:
        hub = delivering_hub(connection_string, transport)
        # Ids that begin alike, and one that wants the same.
        webhooks = [with_rows(hub, receiver) for _ in range(11)]
        before = {webhook.id: rows_of(hub, webhook.id) for webhook in webhooks}
        gone = webhooks[0]
        delete(hub, gone)
        timeline.run(hub, until=timeline.seconds + 600, at_most=100)
        assert rows_of(hub, gone.id) == {}
        assert {one.id: rows_of(hub, one.id) for one in webhooks[1:]} == {
            one.id: before[one.id] for one in webhooks[1:]
        }


def test_a_page_costs_so_many_transactions_and_says_whether_it_was_the_last(
    connection_string: str, transport: JournalTransport
) -> None:
    hub = delivering_hub(connection_string, transport)
    many(hub, 7, 700)
    kept = many(hub, 8, 1)
    removal, made = DeliveryRemoval(hub.storage.table(DELIVERIES_TABLE)), []
    while True:
        transport.forget()
        is_last = removal.remove(7)
        made.append(len(transport.calls))
        if is_last:
            break
    assert made == [4, 4, 2]
    assert rows_of(hub, 7) == {}
    assert hub.receivers.deliveries.get(8, kept[0]) is not None


def test_two_who_remove_the_same_do_no_harm(connection_string: str) -> None:
    hub = delivering_hub(connection_string)
    many(hub, 7, 250)
    table = hub.storage.table(DELIVERIES_TABLE)

    def remove() -> None:
        while not DeliveryRemoval(table).remove(7):
            pass

    with ThreadPoolExecutor(3) as pool:
        for one in [pool.submit(remove) for _ in range(3)]:
            one.result(60)
    assert rows_of(hub, 7) == {}


@pytest.mark.parametrize("fault", Fault)
def test_whatever_call_of_the_removal_fails_all_rows_go(
    new_account: Callable[[], str], receiver: Receiver, fault: Fault
) -> None:
    for number in range(1, 40):
        timeline = Timeline()
        with timeline.transport() as transport:
            hub = delivering_hub(new_account(), transport)
            webhook = with_rows(hub, receiver, 1)
            transport.forget()
            transport.fail(number, fault)
            made = 0
            try:
                delete(hub, webhook)
            except StorageDown:
                made = number
                transport.forget()
                # Whoever asked for it asks again.
                delete(hub, webhook)
            timeline.run(hub, at_most=200)
            made = made or len(transport.calls)
            transport.forget()
            assert rows_of(hub, webhook.id) == {}, number
            if made < number:
                return
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize("status", [200, 500, 429])
def test_an_attempt_that_is_under_way_leaves_nothing_that_stays(
    connection_string: str, receiver: Receiver, status: int
) -> None:
    timeline = Timeline()
    came, goes_on = threading.Event(), threading.Event()

    def slowly(visit: object) -> None:
        came.set()
        goes_on.wait(30)
        answers(status)(visit)  # type: ignore[arg-type]

    with timeline.transport() as transport:
        hub = delivering_hub(connection_string, transport)
        webhook = register(hub, receiver.url)
        event = new_event()
        hub.events.append(event, PAYLOAD)
        receiver.behave(slowly)
        with ThreadPoolExecutor(1) as pool:
            working = pool.submit(attempt, hub, webhook, event)
            assert came.wait(30)
            delete(hub, webhook)
            # The wake-up that comes at once finds nothing that is not there yet.
            timeline.run(hub, until=timeline.seconds + 10)
            assert rows_of(hub, webhook.id) == {}
            goes_on.set()
            working.result(60)
        assert rows_of(hub, webhook.id) != {}
        timeline.run(hub)
        assert rows_of(hub, webhook.id) == {}
