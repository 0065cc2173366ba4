"""State events: one for each change of state that was stored, none for another, whoever dies or races meanwhile."""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count

import pytest

from shared.delivery.pace.wakeups import WAKEUPS_QUEUE, WakeUp
from shared.errors import Conflict, StorageDown
from shared.events.event import Event
from shared.events.rows import EVENTS_TABLE, parse_event
from shared.hub.hub import Hub
from shared.storage.query import Query
from shared.webhooks.listing import registration_of
from shared.webhooks.registration import Registration
from shared.webhooks.rows import PARTITION, USAGE_TABLE, usage_keys
from shared.webhooks.webhook import WebhookState
from tests.fakes.receiver import Receiver
from tests.support.delivering import MANAGER, delivering_hub, register, save
from tests.support.queues import announcements
from tests.support.stepping import InterruptedTransport, SteppingTransport
from tests.support.transport import Fault, JournalTransport
from tests.webhooks.registered import stored

_SAMPLE = 25
"""Of the millions of orders of two saves."""


@pytest.fixture
def stepping() -> Iterator[SteppingTransport]:
    with SteppingTransport() as made:
        yield made


def signals(hub: Hub) -> list[str]:
    """The names of the state events that are stored, in no order."""
    return [event.type for event in events(hub)]


def events(hub: Hub) -> list[Event]:
    rows = hub.storage.table(EVENTS_TABLE).query(Query().where("Source eq", "hub"))
    return [parse_event(row) for row in rows]


def in_row(hub: Hub, webhook_id: int) -> Registration:
    """The registration as its row has it, read past the registry."""
    row = hub.storage.table("webhooks").get(PARTITION, f"{webhook_id:010d}")
    assert row is not None
    return registration_of(row)


def stopped(hub: Hub, url: str) -> Registration:
    """A webhook that is stopped, with errors in a row."""
    registration = register(hub, url, State="Stopped")
    partition, key = usage_keys(registration.id)
    row = {"PartitionKey": partition, "RowKey": key, "TotalCalls": 12, "ConsecutiveErrors": 9}
    hub.storage.table(USAGE_TABLE).put(row)
    return registration


def test_a_change_of_state_costs_six_transactions_more_and_a_start_one_besides(
    connection_string: str, transport: JournalTransport, receiver: Receiver
) -> None:
    hub = delivering_hub(connection_string, transport)
    id_ = stopped(hub, receiver.url).id
    save(hub, id_, State="Active")
    transport.forget()
    save(hub, id_, Name="other")
    plain = ["GET webhooks", "GET subscriptions", "PUT subscriptions", "PUT webhooks"]
    summary = [one.replace("PATCH subscriptions", "PUT subscriptions") for one in transport.summary]
    assert summary == plain
    around = ["GET usage", "POST wakeups/messages"]
    signalled = ["POST events/messages", "POST events", "PATCH webhooks"]
    # At the end the pace is told: what waits is put away, or woken; the row has changed since it was last seen.
    ended, told = ["POST wakeups/messages"], ["PATCH usage", "GET usage", "PATCH usage"]
    for state, more in (("Stopped", [*signalled, *ended]), ("Active", ["PATCH usage", *signalled, *told])):
        transport.forget()
        save(hub, id_, State=state)
        summary = [one.replace("PATCH subscriptions", "PUT subscriptions") for one in transport.summary]
        # The first wake-up made its queue.
        assert summary == [plain[0], *around, *plain[1:], *more]


@pytest.mark.parametrize("state", ["Stopped", "Active"])
def test_a_save_that_is_killed_at_any_call_has_signalled_what_it_stored_once_somebody_looks(
    new_account: Callable[[], str], receiver: Receiver, state: str
) -> None:
    name = "stopped" if state == "Stopped" else "started"
    kept = 0
    for calls in range(30):
        account = new_account()
        with SteppingTransport() as stepping:
            hub, other = delivering_hub(account, stepping), delivering_hub(account)
            id_ = stopped(hub, receiver.url).id
            if state == "Stopped":
                save(hub, id_, State="Active")
            before = signals(other)
            done = stepping.run(["save"] * calls, {"save": partial(save, hub, id_, State=state)})["save"]
            row = in_row(other, id_)
            is_stored = row.webhook.state == state
            if row.signals:
                # Nobody need ask for it: a wake-up is on its way.
                assert other.storage.queue(WAKEUPS_QUEUE).count() == (2 if state == "Stopped" else 1)
                kept += 1
            other.receivers.waker.work(WakeUp(webhook_id=id_).as_text().encode())
            new = signals(other)
            for one in before:
                new.remove(one)
            assert new == [f"webhook{id_}.{name}"] * is_stored
            assert in_row(other, id_).signals == ()
            if state == "Active":
                assert other.receivers.webhooks.usage(id_).consecutive_errors == (0 if is_stored else 9)
            if is_stored and not row.signals:
                assert done.exception() is None
                break
    # Between the row and what takes the event out of it: the announcement, the event, for a start the errors.
    assert kept >= (3 if state == "Stopped" else 4)


@pytest.mark.parametrize("fault", list(Fault))
def test_an_outage_after_the_state_is_stored_fails_no_save_and_the_next_reader_signals_it(
    new_account: Callable[[], str], receiver: Receiver, fault: Fault
) -> None:
    late = 0
    for number in range(1, 20):
        account = new_account()
        with JournalTransport() as transport:
            hub = delivering_hub(account, transport)
            id_ = stopped(hub, receiver.url).id
            transport.forget()
            transport.fail(number, fault)
            is_saved = True
            try:
                save(hub, id_, State="Active")
            except StorageDown:
                is_saved = False
            has_failed = number <= len(transport.calls)
            transport.forget()
            row = in_row(hub, id_)
            late += is_saved and bool(row.signals)
            assert is_saved or not row.is_active or fault is Fault.AFTER
            assert stored(hub, id_).signals == ()
            assert signals(hub) == [f"webhook{id_}.started"] * row.is_active
            assert {one.event_id for one in announcements(account)} >= {event.id for event in events(hub)}
        if not has_failed:
            break
    assert late >= 3


@pytest.mark.parametrize("other_change", [{"Name": "other"}, {"State": "Stopped"}])
def test_of_two_saves_at_once_what_was_refused_is_not_signalled(
    connection_string: str, stepping: SteppingTransport, receiver: Receiver, other_change: dict[str, str]
) -> None:
    hub = delivering_hub(connection_string, stepping)
    chance, calls = random.Random(16), ["stop", "other"] * 12  # noqa: S311 - whose turn is next
    # To draw is a matter of milliseconds, to list them all of ten seconds.
    orders = [chance.sample(calls, len(calls)) for _ in range(_SAMPLE)]
    refusals, changes = 0, 0
    for order in orders:
        id_ = register(hub, receiver.url).id
        before = stored(hub, id_)
        works: dict[str, Callable[[], object]] = {
            "stop": partial(save, hub, id_, State="Stopped"),
            "other": partial(save, hub, id_, **other_change),
        }
        done = stepping.run(order, works)
        failed = [one.exception() for one in done.values() if one.exception()]
        assert all(isinstance(one, Conflict) for one in failed)
        after = stored(hub, id_)
        assert after.revision == before.revision + 2 - len(failed)
        is_stopped = after.webhook.state is WebhookState.STOPPED
        mine = [name for name in signals(hub) if name.startswith(f"webhook{id_}.")]
        assert mine == [f"webhook{id_}.stopped"] * is_stopped
        refusals, changes = refusals + len(failed), changes + is_stopped
    assert refusals
    assert changes


def test_a_refused_activation_leaves_the_errors_in_a_row(connection_string: str, receiver: Receiver) -> None:
    with InterruptedTransport() as transport:
        hub, other = delivering_hub(connection_string, transport), delivering_hub(connection_string)
        id_ = stopped(hub, receiver.url).id
        transport.interrupt(
            lambda method, url: method == "PUT" and "/webhooks(" in url, lambda: save(other, id_, Name="other")
        )
        with pytest.raises(Conflict):
            save(hub, id_, State="Active")
        assert (signals(hub), hub.receivers.webhooks.usage(id_).consecutive_errors) == ([], 9)
        save(hub, id_, State="Active")
        assert hub.receivers.webhooks.usage(id_).consecutive_errors == 0


def test_a_save_that_somebody_else_signals_for_can_be_saved_again(connection_string: str, receiver: Receiver) -> None:
    with InterruptedTransport() as transport:
        hub, other = delivering_hub(connection_string, transport), delivering_hub(connection_string)
        id_ = register(hub, receiver.url).id
        transport.interrupt(lambda method, url: method == "PATCH" and "/webhooks(" in url, lambda: stored(other, id_))
        save(hub, id_, State="Stopped")
        assert (signals(hub), in_row(hub, id_).signals) == ([f"webhook{id_}.stopped"], ())
        # Between the read of this save and its write the row changes, but nothing that anybody saves.
        pending = in_row(hub, id_)
        transport.interrupt(
            lambda method, url: method == "PUT" and "/webhooks(" in url,
            lambda: other.receivers.webhooks.rewrite(pending),
        )
        save(hub, id_, Name="other")
        assert stored(hub, id_).webhook.name == "other"


def change_without_signal(hub: Hub, transport: JournalTransport, id_: int, state: WebhookState) -> None:
    """Store another state while nobody comes through with its signal."""
    before = in_row(hub, id_)
    webhook = before.webhook.model_copy(update={"state": state})
    for calls in count(1):
        transport.forget()
        for number in range(calls, calls + 5):
            transport.fail(number, Fault.BEFORE)
        with suppress(StorageDown):
            hub.receivers.saving.update(before, webhook, MANAGER)
            break
    transport.forget()


def test_a_webhook_that_is_removed_has_signalled_before(
    connection_string: str, transport: JournalTransport, receiver: Receiver
) -> None:
    hub = delivering_hub(connection_string, transport)
    id_ = register(hub, receiver.url).id
    change_without_signal(hub, transport, id_, WebhookState.STOPPED)
    row = in_row(hub, id_)
    assert (len(row.signals), signals(hub)) == (1, [])
    hub.receivers.saving.delete(row)
    assert (signals(hub), hub.receivers.webhooks.get(id_)) == ([f"webhook{id_}.stopped"], None)


def test_what_is_still_to_be_signalled_outlives_another_save(
    connection_string: str, transport: JournalTransport, receiver: Receiver
) -> None:
    hub = delivering_hub(connection_string, transport)
    id_ = register(hub, receiver.url).id
    names = [f"webhook{id_}.stopped", f"webhook{id_}.started"]
    for state in (WebhookState.STOPPED, WebhookState.ACTIVE):
        change_without_signal(hub, transport, id_, state)
    assert ([event.type for event in in_row(hub, id_).signals], signals(hub)) == (names, [])
    stored(hub, id_)
    assert (sorted(signals(hub)), in_row(hub, id_).signals) == (sorted(names), ())
