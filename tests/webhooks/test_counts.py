"""How many webhooks there may be: counted in one transaction with each, whoever saves at once and whatever fails."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.data.tables import TableClient

from shared.errors import BadRequest, Conflict, StorageDown
from shared.hub.hub import Hub
from shared.hub.receivers import webhook_limits
from shared.settings import Settings
from shared.storage.query import Query
from shared.storage.tables import Changed
from shared.webhooks.listing import WebhookFilter
from shared.webhooks.registration import Author, Registration
from shared.webhooks.registry import WebhookRegistry
from shared.webhooks.rows import WEBHOOKS_TABLE, registration_row
from tests.fakes.receiver import Receiver
from tests.support.delivering import delivering_hub, register, save
from tests.support.lines import lines_in
from tests.support.patience import Meeting
from tests.support.stepping import InterruptedTransport
from tests.support.transport import Fault, JournalTransport
from tests.webhooks.registered import registration, stored

KIM, LEE = "kim@hub.example", "lee@hub.example"
LOST_ANSWER = ServiceResponseError("the connection ended")


type MakeHub = Callable[..., Hub]


@pytest.fixture
def hub_of(connection_string: str) -> Iterator[MakeHub]:
    """Makes hubs of one account, each as if in a process of its own, with these limits."""
    with ExitStack() as stack:

        def make(transport: JournalTransport | None = None, **limits: int) -> Hub:
            values = {"AzureWebJobsStorage": connection_string, **{name: str(one) for name, one in limits.items()}}
            own = transport or JournalTransport()
            stack.callback(own.close)
            return Hub.assemble(Settings.read(values), transport=own)

        yield make


def registry_at(hub: Hub, moment: datetime) -> WebhookRegistry:
    """The registry of a process of its own, at a time of its own."""
    return WebhookRegistry(hub.storage, webhook_limits(hub.settings), lambda: moment)


def made_by(user: str, id_: int, *events: str) -> Registration:
    return replace(registration(id_, *(events or ("a.b",))), registered_by=Author(user))


def create(hub: Hub, user: str = KIM) -> Registration:
    registry = hub.receivers.webhooks
    made = made_by(user, registry.next_id())
    registry.create(made)
    return stored(hub, made.id)


def is_counted_right(hub: Hub) -> bool:
    """Whether the rows of counts say what a look at all registrations says."""
    rows = hub.storage.table(WEBHOOKS_TABLE)
    counted = {
        row["RowKey"]: row["Count"]
        for row in rows.query(Query().where("PartitionKey eq", "webhook").where("RowKey ge", "count"))
    }
    found = Counter(found.registered_by.id for found, _ in hub.receivers.webhooks.list(WebhookFilter()))
    by_caller = sorted(count for key, count in counted.items() if key != "count" and count)
    return counted["count"] == found.total() and by_caller == sorted(found.values())


def put_by_the_previous_version(hub: Hub, connection_string: str, *registrations: Registration) -> None:
    """Registrations as a version stored them that counts nothing, and notes no size."""
    hub.storage.table(WEBHOOKS_TABLE).put({"PartitionKey": "counter", "RowKey": "webhook", "Last": 1000})
    with TableClient.from_connection_string(connection_string, WEBHOOKS_TABLE) as table:
        for one in registrations:
            table.create_entity({name: value for name, value in registration_row(one).items() if name != "Bytes"})


def test_no_more_webhooks_than_the_limit_are_taken_and_one_that_goes_makes_room(hub_of: MakeHub) -> None:
    hub = hub_of(MAX_WEBHOOKS=3)
    first, *_ = [create(hub, user) for user in (KIM, LEE, KIM)]
    with pytest.raises(Conflict, match="MAX_WEBHOOKS allows 3 webhooks in all"):
        create(hub)
    hub.receivers.webhooks.delete(first)
    create(hub)
    assert is_counted_right(hub)


def test_a_caller_may_create_so_many_whatever_others_have(hub_of: MakeHub) -> None:
    hub = hub_of(MAX_WEBHOOKS_PER_CALLER=2)
    mine = [create(hub, KIM) for _ in range(2)]
    with pytest.raises(Conflict, match="MAX_WEBHOOKS_PER_CALLER allows 2 webhooks"):
        create(hub, KIM)
    create(hub, LEE)
    # Whoever removes it: the count is that of who created it.
    hub.receivers.webhooks.delete(mine[0])
    create(hub, KIM)
    assert is_counted_right(hub)


def test_a_refused_create_leaves_nothing(hub_of: MakeHub) -> None:
    hub = hub_of(MAX_WEBHOOKS=1)
    create(hub)
    other = hub_of(MAX_WEBHOOKS=1).receivers.webhooks
    with pytest.raises(Conflict):
        other.create(made_by(LEE, 77, "left.over"))
    assert (other.get(77), other.subscribed_to("left.over")) == (None, [])


def test_a_refused_save_calls_no_receiver_and_costs_two_reads(
    connection_string: str, transport: JournalTransport, receiver: Receiver
) -> None:
    hub = delivering_hub(connection_string, transport, MAX_WEBHOOKS="1", MAX_EVENTS_PER_WEBHOOK="2")
    made = register(hub, receiver.url)
    receiver.reset()
    transport.forget()
    with pytest.raises(Conflict):
        register(hub, receiver.url)
    assert (transport.summary, receiver.journal) == (["GET webhooks", "GET webhooks"], [])
    transport.forget()
    with pytest.raises(BadRequest, match="MAX_EVENTS_PER_WEBHOOK"):
        register(hub, receiver.url, Events=["a.b", "c.d", "e.f"])
    with pytest.raises(BadRequest, match="MAX_EVENTS_PER_WEBHOOK"):
        save(hub, made.id, Events=["a.b", "c.d", "e.f"], TargetUrl=f"{receiver.url}/new")
    assert (transport.summary, receiver.journal) == (["GET webhooks"], [])


def test_a_full_hub_still_changes_and_removes_what_it_has(
    connection_string: str, transport: JournalTransport, receiver: Receiver
) -> None:
    hub = delivering_hub(connection_string, transport, MAX_WEBHOOKS="1")
    made = register(hub, receiver.url)
    assert save(hub, made.id, Name="other", Events=["c.d"]).webhook.name == "other"
    hub.receivers.saving.delete(stored(hub, made.id))
    register(hub, receiver.url)


def test_counting_costs_no_transaction_of_its_own(hub_of: MakeHub, transport: JournalTransport) -> None:
    hub = hub_of(transport)
    registry = hub.receivers.webhooks
    create(hub)
    transport.forget()
    made = create(hub)
    assert [call for call in transport.summary if "subscriptions" not in call] == [
        "PATCH webhooks",  # the id
        "POST $batch",  # registration and counts
        "GET webhooks",  # the test itself
    ]
    transport.forget()
    registry.delete(made)
    assert [call for call in transport.summary if "subscriptions" not in call] == ["POST $batch", "DELETE usage"]


def test_many_processes_that_save_at_once_store_exactly_as_many_as_are_taken(hub_of: MakeHub) -> None:
    processes = [hub_of(MAX_WEBHOOKS=10) for _ in range(3)]
    create(processes[0])

    def save_one(number: int) -> bool:
        try:
            create(processes[number % 3], KIM if number % 2 else LEE)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        taken = sum(pool.map(save_one, range(18)))
    assert taken == 9
    assert is_counted_right(processes[0])


def test_saves_and_removals_at_once_are_counted_right(hub_of: MakeHub) -> None:
    processes = [hub_of() for _ in range(2)]
    made = [create(processes[0]) for _ in range(8)]

    def change(number: int) -> None:
        hub = processes[number % 2]
        if number < len(made):
            hub.receivers.webhooks.delete(made[number])
        else:
            create(hub, LEE)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, range(16)))
    assert is_counted_right(processes[0])


def test_two_who_remove_the_same_webhook_are_counted_once(hub_of: MakeHub) -> None:
    hub = hub_of()
    made, _ = create(hub), create(hub)
    both = Meeting(2)

    def remove(process: Hub) -> None:
        both.wait()
        with suppress(Changed):
            process.receivers.webhooks.delete(made)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(remove, [hub, hub_of()]))
    assert is_counted_right(hub)


def test_who_removes_what_was_changed_meanwhile_is_refused_and_nothing_is_counted(hub_of: MakeHub) -> None:
    hub = hub_of()
    made = create(hub)
    hub.receivers.webhooks.update(made, made)
    with pytest.raises(Changed):
        hub.receivers.webhooks.delete(made)
    assert is_counted_right(hub)


@pytest.mark.parametrize("error", [None, LOST_ANSWER], ids=["killed", "a lost answer"])
@pytest.mark.parametrize("fault", Fault)
def test_whichever_call_fails_the_counts_are_right(hub_of: MakeHub, fault: Fault, error: Exception | None) -> None:
    with JournalTransport() as transport:
        hub = hub_of(transport)
        create(hub)

        def fails_once(number: int, change: Callable[[], object]) -> None:
            transport.forget()
            transport.fail(number, fault, error)
            with suppress(StorageDown):
                change()
            transport.forget()
            assert is_counted_right(hub), number

        for number in range(1, 12):
            fails_once(number, lambda: create(hub, LEE))
            fails_once(number, partial(hub.receivers.webhooks.delete, create(hub)))


def test_what_the_previous_version_stored_is_counted_before_the_first_save(
    hub_of: MakeHub, connection_string: str
) -> None:
    hub = hub_of(MAX_WEBHOOKS=4, MAX_WEBHOOKS_PER_CALLER=2)
    put_by_the_previous_version(hub, connection_string, made_by(KIM, 1), made_by(KIM, 2), made_by(LEE, 3))
    with pytest.raises(Conflict, match="MAX_WEBHOOKS_PER_CALLER"):
        create(hub, KIM)
    create(hub, LEE)
    with pytest.raises(Conflict, match="MAX_WEBHOOKS allows"):
        create(hub, "max@hub.example")
    assert is_counted_right(hub)


def test_what_the_previous_version_stored_can_be_removed_before_anything_was_counted(
    hub_of: MakeHub, connection_string: str
) -> None:
    hub = hub_of(MAX_WEBHOOKS=1)
    put_by_the_previous_version(hub, connection_string, made_by(KIM, 1), made_by(KIM, 2))
    for id_ in (1, 2):
        hub.receivers.webhooks.delete(stored(hub, id_))
    create(hub)
    assert is_counted_right(hub)


def test_more_callers_than_fit_into_one_transaction_are_counted(hub_of: MakeHub, connection_string: str) -> None:
    hub = hub_of(MAX_WEBHOOKS_PER_CALLER=1)
    users = [f"user{number}@hub.example" for number in range(205)]
    put_by_the_previous_version(
        hub, connection_string, *(made_by(user, number) for number, user in enumerate(users, 1))
    )
    create(hub, KIM)
    for user in (users[0], users[100], users[-1], KIM):
        with pytest.raises(Conflict, match="PER_CALLER"):
            create(hub, user)
    assert is_counted_right(hub)


def test_counts_that_are_too_high_refuse_nobody_for_longer_than_some_minutes(hub_of: MakeHub) -> None:
    hub = hub_of(MAX_WEBHOOKS=2)
    made = [create(hub) for _ in range(2)]
    # By a version that does not count.
    hub.storage.table(WEBHOOKS_TABLE).delete("webhook", f"{made[0].id:010d}")
    now = datetime.now(UTC)
    with pytest.raises(Conflict):
        registry_at(hub, now + timedelta(minutes=9)).require_room(KIM)
    registry_at(hub, now + timedelta(minutes=11)).require_room(KIM)
    assert is_counted_right(hub)


def test_counts_that_are_too_low_come_right_within_a_day(hub_of: MakeHub, connection_string: str) -> None:
    hub = hub_of(MAX_WEBHOOKS=2)
    create(hub)
    put_by_the_previous_version(hub, connection_string, made_by(LEE, 700))
    now = datetime.now(UTC)
    registry_at(hub, now + timedelta(hours=23)).require_room(KIM)
    with pytest.raises(Conflict, match="MAX_WEBHOOKS allows"):
        registry_at(hub, now + timedelta(hours=25)).require_room(KIM)
    assert is_counted_right(hub)


def test_a_count_that_others_disturb_is_made_again(hub_of: MakeHub, connection_string: str) -> None:
    with InterruptedTransport() as transport:
        hub, other = hub_of(transport, MAX_WEBHOOKS=3), hub_of()
        put_by_the_previous_version(hub, connection_string, made_by(KIM, 1))
        disturbed: list[Registration] = []
        # Between the walk over the registrations and the one over the counts.
        transport.interrupt(
            lambda _, url: "filter" in url and "count-" in url, lambda: disturbed.append(create(other, LEE))
        )
        create(hub)
        assert disturbed
        assert is_counted_right(hub)
        with pytest.raises(Conflict):
            create(hub)


@pytest.fixture
def disturbed(hub_of: MakeHub) -> Iterator[tuple[Hub, InterruptedTransport]]:
    """A hub that counted a day ago, and whose every try to count anew is disturbed."""
    with InterruptedTransport() as transport:
        hub, other = hub_of(transport), hub_of()
        create(hub)
        for _ in range(5):
            transport.interrupt(lambda _, url: "RegisteredBy" in url, lambda: create(other, LEE))
        yield hub, transport


def test_who_cannot_count_anew_goes_on_with_what_is_counted(
    disturbed: tuple[Hub, InterruptedTransport], caplog: pytest.LogCaptureFixture
) -> None:
    hub, _ = disturbed
    registry_at(hub, datetime.now(UTC) + timedelta(hours=25)).require_room(KIM)
    assert lines_in(caplog.records, "webhooks.uncounted")
    assert is_counted_right(hub)


def test_counts_are_no_webhooks(hub: Hub) -> None:
    made = create(hub)
    listed = [found.id for found, _ in hub.receivers.webhooks.list(WebhookFilter())]
    assert (listed, hub.receivers.webhooks.subscribed_to("a.b")) == ([made.id], [made.id])
