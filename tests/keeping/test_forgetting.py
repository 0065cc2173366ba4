"""One event is forgotten: what is gone, what stays, and what becomes of its deliveries, whatever dies in between."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.clock import now
from shared.deadline import deadline
from shared.delivery.message import DeliveryMessage, FirstMessages
from shared.delivery.pace.bulkhead import Place
from shared.delivery.pace.circuit import Blocked
from shared.delivery.pace.receiver import MAX_PLACES
from shared.delivery.pace.state import FORGOTTEN_COLUMN
from shared.delivery.queues import DELIVERIES_QUEUE, SLOW_QUEUE
from shared.delivery.record import DELIVERIES_TABLE, DeliveryState, Forgotten, new_record
from shared.delivery.redrive import POISON_SUFFIX
from shared.delivery.waiting import WaitingReason
from shared.errors import StorageDown, Unavailable
from shared.events.event import Event, EventId, EventState, forgotten_event
from shared.events.rows import EVENTLOG_TABLE, EVENTS_TABLE, event_keys, event_rows, log_keys, values_keys
from shared.http import error_headers
from shared.hub.hub import Hub
from shared.keeping.forgetting import StillForgetting
from shared.storage.query import Query
from shared.storage.tables import AlreadyStored
from shared.webhooks.registration import Registration
from shared.webhooks.rows import USAGE_TABLE, usage_keys
from tests.fakes.receiver import Receiver, answers, echoes
from tests.support.delivering import EVENT, attempt, delivering_hub, register, save, waiting
from tests.support.events import make_event
from tests.support.host import QuietHost
from tests.support.patience import eventually
from tests.support.traces import traces
from tests.support.transport import Fault, JournalTransport

MARKER = "a-very-private-name"
LONG = MARKER * 3000
CONTENTS = {
    "field_values": {"name": MARKER},
    "changes": (MARKER,),
    "values": {"was": MARKER},
    "previous_values": {"before": MARKER},
    "parameters": {"Target": MARKER},
}
PAYLOAD = f'{{"name": "{MARKER}"}}'.encode()


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return delivering_hub(connection_string, transport)


def quiet_register(hub: Hub, receiver: Receiver, **members: object) -> Registration:
    registration = register(hub, receiver.url, **members)
    receiver.reset()
    return registration


def private_event(**changes: object) -> Event:
    return make_event(**{"type": EVENT, **CONTENTS, "received_at": now(), **changes})


def stored(hub: Hub, **changes: object) -> Event:
    event = private_event(**changes)
    hub.events.append(event, PAYLOAD)
    return event


def forget(hub: Hub, event: Event) -> None:
    assert hub.receivers.forgetting.forget(event.id)


def of(hub: Hub, webhook: Registration) -> Registration:
    found = hub.receivers.webhooks.get(webhook.id)
    assert found is not None
    return found


def state_of(hub: Hub, webhook: Registration, event: Event) -> tuple[DeliveryState, Forgotten, int] | None:
    record = hub.receivers.deliveries.get(webhook.id, event)
    return None if record is None else (record.state, record.forgotten, len(record.log))


@pytest.mark.parametrize("is_long", [False, True])
def test_nothing_is_left_of_the_contents_in_any_table_or_queue(
    hub: Hub, receiver: Receiver, connection_string: str, is_long: bool
) -> None:
    for status in (200, 500):
        quiet_register(hub, receiver, Name=f"answers {status}")
    webhook = quiet_register(hub, receiver, Name="waits")
    hub.receivers.gate.blocked.put(webhook.id, Blocked(WaitingReason.CIRCUIT, now() + timedelta(hours=1)))
    event = stored(hub, values={"was": LONG} if is_long else {"was": MARKER})
    receiver.behave(echoes(receiver, 500))
    QuietHost(connection_string).run(hub)
    for queue in (DELIVERIES_QUEUE, SLOW_QUEUE):
        poison = hub.storage.queue(queue + POISON_SUFFIX)
        poison.send(DeliveryMessage(event_id=event.id, webhook_id=1, event=private_event(id=event.id)).as_text())
        poison.send("not of the hub")
    everywhere = {"events", "eventlog", "deliveries", "deliveries-poison", "deliveries-slow-poison"}
    assert traces(connection_string, MARKER) == everywhere
    forget(hub, event)
    assert traces(connection_string, MARKER) == set()
    assert traces(connection_string, "not of the hub") == {"deliveries-poison", "deliveries-slow-poison"}


def test_what_stays_is_that_the_event_was_there_and_it_is_not_taken_in_again(hub: Hub) -> None:
    event = stored(hub)
    forget(hub, event)
    found = hub.events.get_with_payload(event.id)
    assert found is not None
    assert found.event == forgotten_event(event)
    assert not any((found.event.field_values, found.event.changes, found.event.values, found.event.parameters))
    assert found.payload == b"null"
    with pytest.raises(AlreadyStored):
        hub.events.append(event, PAYLOAD)
    assert hub.events.get(event.id) == found.event


def test_an_unknown_event_is_not_forgotten(hub: Hub) -> None:
    assert not hub.receivers.forgetting.forget(make_event().id)


def test_open_deliveries_fail_without_an_attempt_and_what_is_over_stays_as_it_ended(
    hub: Hub, receiver: Receiver, connection_string: str
) -> None:
    event = stored(hub)
    webhooks = {name: quiet_register(hub, receiver, Name=name) for name in ("done", "lost", "due", "held", "waits")}
    receiver.behave(answers(500))
    for state, name in (
        (DeliveryState.DELIVERED, "done"),
        (DeliveryState.FAILED, "lost"),
        (DeliveryState.HELD, "held"),
    ):
        hub.receivers.deliveries.write(replace(new_record(webhooks[name].id, event), state=state))
    attempt(hub, webhooks["due"], event)
    entry = Blocked(WaitingReason.PLACE, now() + timedelta(hours=1))
    assert hub.receivers.gate.park_first(webhooks["waits"].id, event, entry)
    receiver.journal.clear()
    forget(hub, event)
    closed, open_ = Forgotten.REPLIES, Forgotten.DELIVERY
    assert {name: state_of(hub, webhook, event) for name, webhook in webhooks.items()} == {
        "done": (DeliveryState.DELIVERED, closed, 0),
        "lost": (DeliveryState.FAILED, closed, 0),
        "due": (DeliveryState.FAILED, open_, 1),
        "held": (DeliveryState.FAILED, open_, 0),
        "waits": (DeliveryState.FAILED, open_, 0),
    }
    assert hub.receivers.deliveries.get_waiting(webhooks["waits"].id, event) is None
    assert receiver.journal == []


def test_a_first_attempt_that_waits_with_the_event_is_not_made(
    hub: Hub, receiver: Receiver, connection_string: str
) -> None:
    webhook = quiet_register(hub, receiver)
    event = stored(hub)
    QuietHost(connection_string).run(hub, "events")
    assert [message.event for message in waiting(connection_string)] == [event]
    forget(hub, event)
    # The log's row names who was asked, so the delivery is known before its first attempt.
    assert state_of(hub, webhook, event) == (DeliveryState.FAILED, Forgotten.DELIVERY, 0)
    assert traces(connection_string, MARKER) == {DELIVERIES_QUEUE}
    QuietHost(connection_string).run(hub)
    assert receiver.journal == []
    assert state_of(hub, webhook, event) == (DeliveryState.FAILED, Forgotten.DELIVERY, 0)
    assert traces(connection_string, MARKER) == set()


def test_a_newer_event_costs_nothing_more_and_an_older_one_looks_at_its_row(
    hub: Hub, receiver: Receiver, transport: JournalTransport
) -> None:
    webhook = quiet_register(hub, receiver)
    attempt(hub, webhook)
    transport.forget()
    attempt(hub, webhook, private_event())
    usual = transport.summary
    event = stored(hub)
    forget(hub, event)
    attempt(hub, webhook)
    # Before the attempt, and after it: it may have been too late.
    for later, looks in ((timedelta(microseconds=1), []), (timedelta(0), ["GET events"] * 2)):
        transport.forget()
        attempt(hub, webhook, private_event(received_at=event.received_at + later))
        assert sorted(transport.summary) == sorted([*usual, *looks])
    assert len(receiver.journal) == 5


@contextmanager
def without_a_place(hub: Hub, webhook: Registration) -> Iterator[None]:
    """Inside, others have all places of a webhook, and are being answered: who comes then waits for one."""
    bulkhead, pace = hub.receivers.gate.bulkhead, hub.receivers.gate.store.read(webhook.id).pace
    with ExitStack() as others:
        for number in range(MAX_PLACES):
            place = others.enter_context(bulkhead.acquire(webhook.id, f"other {number}", pace))
            assert isinstance(place, Place)
            place.head()
            if bulkhead._places.under_way(webhook.id) >= int(bulkhead._places._receivers[webhook.id].limit):
                break
        yield


def waits_for_a_place(hub: Hub, webhook: Registration) -> bool:
    return hub.receivers.gate.bulkhead._places._receivers[webhook.id].waiting == 1


@pytest.mark.parametrize("is_same_process", [True, False])
def test_what_is_forgotten_while_its_first_attempt_waits_for_a_place_is_not_sent(
    hub: Hub, receiver: Receiver, connection_string: str, is_same_process: bool
) -> None:
    webhook = quiet_register(hub, receiver)
    event = stored(hub)
    other = hub if is_same_process else delivering_hub(connection_string)
    with ThreadPoolExecutor(1) as pool:
        with without_a_place(hub, webhook):
            working = pool.submit(attempt, hub, webhook, event)
            assert eventually(lambda: waits_for_a_place(hub, webhook))
            forget(other, event)
        working.result(30)
    assert receiver.journal == []
    assert state_of(hub, webhook, event) == (DeliveryState.FAILED, Forgotten.DELIVERY, 0)


def test_who_waited_for_a_place_looks_at_the_webhooks_pace_once_more(
    hub: Hub, receiver: Receiver, transport: JournalTransport
) -> None:
    webhook = quiet_register(hub, receiver)
    attempt(hub, webhook)
    transport.forget()
    attempt(hub, webhook)
    usual = list(transport.summary)
    with ThreadPoolExecutor(1) as pool:
        with without_a_place(hub, webhook):
            transport.forget()
            working = pool.submit(attempt, hub, webhook)
            assert eventually(lambda: waits_for_a_place(hub, webhook))
        working.result(30)
    assert sorted(transport.summary) == sorted([*usual, "GET usage"])


@pytest.mark.parametrize("changes", [{}, {"attempt": 1, "event": None}, {"cycle": 1, "event": None}, {"repeat": True}])
def test_no_message_makes_an_attempt_any_more(hub: Hub, receiver: Receiver, changes: dict[str, object]) -> None:
    webhook = quiet_register(hub, receiver)
    event = stored(hub)
    forget(hub, event)
    attempt(hub, webhook, event, **changes)
    assert receiver.journal == []
    assert state_of(hub, webhook, event) == (DeliveryState.FAILED, Forgotten.DELIVERY, 0)


def test_a_message_for_a_webhook_that_is_stopped_holds_nothing(hub: Hub, receiver: Receiver) -> None:
    webhook = quiet_register(hub, receiver)
    event = stored(hub)
    forget(hub, event)
    save(hub, webhook.id, State="Stopped")
    attempt(hub, webhook, event, event=None)
    assert state_of(hub, webhook, event) == (DeliveryState.FAILED, Forgotten.DELIVERY, 0)


@pytest.mark.parametrize("status", [200, 500])
def test_an_attempt_that_is_under_way_writes_no_answer_down(
    hub: Hub, receiver: Receiver, connection_string: str, status: int
) -> None:
    webhook = quiet_register(hub, receiver)
    event = stored(hub)
    QuietHost(connection_string).run(hub, "events")
    came, goes_on = threading.Event(), threading.Event()
    echo = echoes(receiver, status)

    def slowly(visit: object) -> None:
        came.set()
        goes_on.wait(30)
        echo(visit)  # type: ignore[arg-type]

    receiver.behave(slowly)
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(QuietHost(connection_string).run, hub, DELIVERIES_QUEUE)
        assert came.wait(30)
        forget(hub, event)
        goes_on.set()
        working.result(60)
    found = state_of(hub, webhook, event)
    assert found is not None
    assert found[0] is (DeliveryState.DELIVERED if status == 200 else DeliveryState.FAILED)
    assert found[1]
    assert traces(connection_string, MARKER) == set()


def test_a_forgotten_event_is_not_dispatched_and_its_announcement_ends(
    hub: Hub, receiver: Receiver, connection_string: str
) -> None:
    quiet_register(hub, receiver)
    event = stored(hub, trimmed=True, source="dynamics/unknown")
    forget(hub, event)
    host = QuietHost(connection_string)
    host.run(hub)
    assert (host.failures, host.poison, receiver.journal) == (0, [], [])
    assert hub.storage.queue("events").count() == 0
    assert hub.events.get(event.id) == hub.events.dispatched(event)


@pytest.mark.parametrize("is_long", [False, True])
def test_a_dispatch_that_was_slower_lists_nothing_of_it_and_asks_nobody(
    hub: Hub, receiver: Receiver, connection_string: str, is_long: bool
) -> None:
    event = stored(hub, trimmed=True)
    completed = replace(event, trimmed=True, field_values={"name": LONG if is_long else MARKER})
    forget(hub, event)
    # It read the event before, and completed it.
    begun = hub.events.begin_dispatch(completed, "4f2f2d8e-7f0e-4a57-9a9b-1d1f6a3b0c11")
    assert begun is not None
    assert begun.event.forgotten
    assert begun.announcement_id is None
    assert traces(connection_string, MARKER) == set()


def test_forgetting_twice_finds_what_was_put_back_and_two_at_once_do_no_harm(
    hub: Hub, receiver: Receiver, connection_string: str
) -> None:
    webhook = quiet_register(hub, receiver)
    event = stored(hub)
    QuietHost(connection_string).run(hub)
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda _: hub.receivers.forgetting.forget(event.id), range(4)))
    hub.events._events.put(  # as a dispatch that died after it
        {"PartitionKey": event.id[:2], "RowKey": values_keys(event.id)[1], "Values0": MARKER.encode(), "Pieces": 1}
    )
    forget(hub, event)
    assert traces(connection_string, MARKER) == set()
    assert state_of(hub, webhook, event) == (DeliveryState.DELIVERED, Forgotten.REPLIES, 1)


@pytest.mark.parametrize("fault", Fault)
def test_whatever_call_fails_the_next_one_finishes_it(
    new_account: Callable[[], str], receiver: Receiver, fault: Fault
) -> None:
    for number in range(1, 60):
        storage, transport = new_account(), JournalTransport()
        hub = delivering_hub(storage, transport)
        webhook = quiet_register(hub, receiver)
        event = stored(hub, trimmed=True)
        hub.events.begin_dispatch(replace(event, values={"was": LONG}), None)
        hub.receivers.deliveries.write(new_record(webhook.id, event))
        transport.forget()
        transport.fail(number, fault)
        try:
            hub.receivers.forgetting.forget(event.id)
        except StorageDown:
            pass
        else:
            break
        transport.forget()
        forget(hub, event)
        assert traces(storage, MARKER) == set(), number
        assert state_of(hub, webhook, event) == (DeliveryState.FAILED, Forgotten.DELIVERY, 0)
    else:
        raise AssertionError("it never came to its end")
    assert number > 10


def test_rows_of_the_previous_version_are_forgotten_as_well(
    hub: Hub, receiver: Receiver, connection_string: str
) -> None:
    webhook = quiet_register(hub, receiver)
    event = private_event(values=None, previous_values=None, parameters=None)
    (row,) = event_rows(event, PAYLOAD)
    hub.storage.table(EVENTS_TABLE).insert(row)
    partition, key = log_keys(event)
    texts = {name: row[name] for name in ("Changes", "Values", "FieldValues")}
    told = {name: row[name] for name in ("Type", "Source", "Entity", "EntityId", "Initiator", "ReceivedAt", "Trimmed")}
    # It names neither an announcement nor the webhooks that were asked.
    listed = {"PartitionKey": partition, "RowKey": key, "Id": event.id, "State": "dispatched", **texts, **told}
    hub.storage.table(EVENTLOG_TABLE).insert(listed)
    hub.receivers.deliveries.write(new_record(webhook.id, event))
    forget(hub, event)
    assert traces(connection_string, MARKER) == set()
    assert state_of(hub, webhook, event) == (DeliveryState.FAILED, Forgotten.DELIVERY, 0)
    log_row = hub.events.dispatched(event)
    assert log_row is not None
    assert log_row.state is EventState.DISPATCHED


def test_what_is_noted_in_usage_stays_whatever_attempts_write(hub: Hub, receiver: Receiver) -> None:
    webhook = quiet_register(hub, receiver)
    forget(hub, stored(hub))
    usage = hub.storage.table(USAGE_TABLE)
    before = usage.get(*usage_keys(webhook.id))
    attempt(hub, webhook)
    after = usage.get(*usage_keys(webhook.id))
    assert before is not None
    assert after is not None
    assert (after[FORGOTTEN_COLUMN], after["TotalCalls"]) == (before[FORGOTTEN_COLUMN], 1)


def test_a_poison_message_that_somebody_else_holds_is_not_passed_over(hub: Hub) -> None:
    event = stored(hub)
    poison = hub.storage.queue(DELIVERIES_QUEUE + POISON_SUFFIX)
    poison.send(FirstMessages(event).text_for(1))
    # As a redrive does, which hides what it looks at for a minute.
    poison.drain(lambda _: False)
    with pytest.raises(Unavailable, match="ask again in a minute"):
        hub.receivers.forgetting.forget(event.id)


def test_a_webhook_that_is_gone_gets_no_row(hub: Hub, receiver: Receiver) -> None:
    webhook = quiet_register(hub, receiver)
    event = stored(hub)
    hub.receivers.saving.delete(of(hub, webhook))
    forget(hub, event)
    for table in (DELIVERIES_TABLE, USAGE_TABLE):
        rows = hub.storage.table(table).query(Query().where("PartitionKey eq", usage_keys(webhook.id)[0]))
        assert list(rows) == []


def asked_of_many(hub: Hub, number: int = 450) -> Event:
    """An event that so many webhooks were asked to take, all gone by now; the first and the last left a delivery."""
    event = stored(hub)
    hub.events.begin_dispatch(replace(event, state=EventState.DISPATCHED), None, tuple(range(1, number + 1)))
    for webhook_id in (1, number):
        hub.receivers.deliveries.write(new_record(webhook_id, event))
    return event


def test_an_event_of_very_many_webhooks_is_forgotten_in_several_calls_each_of_which_goes_on(
    hub: Hub, connection_string: str, transport: JournalTransport
) -> None:
    event = asked_of_many(hub)
    looked: list[int] = []
    for _ in range(2):
        transport.forget()
        # So much is reserved that there is time for no more than must be.
        with deadline(4.9), pytest.raises(StillForgetting, match="goes on where this call ended") as told:
            hub.receivers.forgetting.forget(event.id)
        assert error_headers(told.value)["Retry-After"] == "1"
        assert told.value.public_detail == told.value.detail
        assert traces(connection_string, MARKER) == set()
        row = hub.storage.table(EVENTS_TABLE).get(*event_keys(event.id))
        assert row is not None
        assert row["Unfinished"] is True
        looked.append(transport.summary.count("GET deliveries"))
    transport.forget()
    with deadline(4.9):
        forget(hub, event)
    assert [*looked, transport.summary.count("GET deliveries")] == [400, 400, 100]
    assert [deliveries_of(hub, event, id_) for id_ in (1, 2, 450)] == [DeliveryState.FAILED, None, DeliveryState.FAILED]
    row = hub.storage.table(EVENTS_TABLE).get(*event_keys(event.id))
    assert row is not None
    assert row["Unfinished"] is False
    # Once more is from the first webhook on.
    transport.forget()
    forget(hub, event)
    assert transport.summary.count("GET deliveries") == 900


def deliveries_of(hub: Hub, event: Event, webhook_id: int) -> DeliveryState | None:
    record = hub.receivers.deliveries.get(webhook_id, event)
    return None if record is None else record.state


def test_forgetting_an_event_of_one_webhook_costs_so_many_transactions(
    hub: Hub, receiver: Receiver, connection_string: str, transport: JournalTransport
) -> None:
    quiet_register(hub, receiver)
    event = stored(hub)
    QuietHost(connection_string).run(hub)
    transport.forget()
    forget(hub, event)
    assert len(transport.calls) == 14
    row = hub.storage.table(EVENTS_TABLE).get(*event_keys(EventId(event.id)))
    assert row is not None
    assert row["Unfinished"] is False
