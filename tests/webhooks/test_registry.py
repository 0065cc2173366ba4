"""Guards the promise of the index: whoever writes at the same time, and whatever fails, it never lists too little."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from azure.core.exceptions import ServiceResponseError

from shared.deadline import deadline
from shared.errors import StorageDown
from shared.hub.hub import Hub
from shared.settings import Settings
from shared.storage.tables import Changed
from shared.webhooks.listing import WebhookFilter
from shared.webhooks.registration import Registration, Usage
from shared.webhooks.registry import WebhookRegistry
from shared.webhooks.subscriptions import Subscriptions
from shared.webhooks.webhook import WebhookState
from tests.support.transport import Fault, JournalTransport
from tests.webhooks.registered import registration, stored, unlisted, webhook

LOST_ANSWER = ServiceResponseError("the connection ended")


@pytest.fixture
def registry(hub: Hub) -> WebhookRegistry:
    return hub.receivers.webhooks


def changed_to(before: Registration, *events: str, **members: object) -> Registration:
    return replace(before, webhook=webhook(*events, **members))


def test_what_is_stored_comes_back_and_is_listed_for_its_events(hub: Hub, registry: WebhookRegistry) -> None:
    made = registration(7, "a.b", "c.d", Properties={"p": [1, 2.5, None]})
    registry.create(made)
    assert stored(hub, 7) == replace(made, etag=stored(hub, 7).etag)
    assert (registry.subscribed_to("A.B"), registry.subscribed_to("c.d"), registry.subscribed_to("e.f")) == (
        [7],
        [7],
        [],
    )


def test_a_create_costs_two_transactions_and_two_an_event(
    registry: WebhookRegistry, transport: JournalTransport
) -> None:
    registry.create(registration(registry.next_id(), "a.b"))
    transport.forget()
    registry.create(registration(registry.next_id(), "a.b", "c.d", "e.f"))
    id_, row, written, read_again = ["PATCH webhooks"], ["POST $batch"], ["PUT subscriptions"], ["GET subscriptions"]
    assert transport.summary == id_ + written * 3 + row + read_again * 3


def test_an_update_moves_a_webhook_from_one_list_to_another(hub: Hub, registry: WebhookRegistry) -> None:
    registry.create(registration(7, "a.b", "c.d"))
    after = registry.update(stored(hub, 7), changed_to(stored(hub, 7), "c.d", "e.f"))
    assert (after.revision, after) == (2, stored(hub, 7))
    assert [registry.subscribed_to(event) for event in ("a.b", "c.d", "e.f")] == [[], [7], [7]]


def test_a_removed_webhook_leaves_nothing(hub: Hub, registry: WebhookRegistry) -> None:
    registry.create(registration(7, "a.b"))
    registry.delete(stored(hub, 7))
    assert (registry.get(7), registry.subscribed_to("a.b"), registry.usage(7)) == (None, [], Usage())


@pytest.mark.parametrize("second", ["update", "delete"])
def test_of_two_who_saw_the_same_webhook_the_second_is_refused(
    hub: Hub, registry: WebhookRegistry, second: str
) -> None:
    registry.create(registration(7, "a.b"))
    seen = stored(hub, 7)
    registry.update(seen, changed_to(seen, "c.d", Name="first"))
    again: Callable[[], object] = {
        "update": lambda: registry.update(seen, changed_to(seen, "e.f", Name="second")),
        "delete": lambda: registry.delete(seen),
    }[second]
    with pytest.raises(Changed):
        again()
    assert (stored(hub, 7).webhook.name, stored(hub, 7).webhook.events) == ("first", ("c.d",))
    assert unlisted(hub, 7) == []


def test_a_removed_webhook_cannot_be_saved_back(hub: Hub, registry: WebhookRegistry) -> None:
    registry.create(registration(7, "a.b"))
    seen = stored(hub, 7)
    registry.delete(seen)
    with pytest.raises(Changed):
        registry.update(seen, changed_to(seen, "a.b"))
    assert registry.get(7) is None


def create(registry: WebhookRegistry) -> None:
    registry.create(registration(7, "a.b", "c.d"))


def update(registry: WebhookRegistry) -> None:
    seen = registry.get(7)
    assert seen
    registry.update(seen, changed_to(seen, "c.d", "e.f", "g.h"))


def delete(registry: WebhookRegistry) -> None:
    seen = registry.get(7)
    assert seen
    registry.delete(seen)


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("change", [create, update, delete])
def test_whichever_call_fails_the_index_lists_all_that_is_stored(
    new_account: Callable[[], str], change: Callable[[WebhookRegistry], None], fault: Fault
) -> None:
    with JournalTransport() as transport:
        for number in range(1, 40):
            hub = Hub.assemble(Settings.read({"AzureWebJobsStorage": new_account()}), transport=transport)
            transport.forget()
            registry = hub.receivers.webhooks
            registry.create(registration(1, "a.b"))
            if change is not create:
                create(registry)
            transport.forget()
            transport.fail(number, fault)
            try:
                change(registry)
            except StorageDown:
                transport.forget()
                assert unlisted(hub, 7) == []
                # What failed is done again, as a client does after a 503.
                if change is not delete or registry.get(7) is not None:
                    change(registry)
                assert unlisted(hub, 7) == []
                continue
            assert number > len(transport.calls)
            assert number > 3
            return
    pytest.fail("the change never came to its end")


def test_a_save_whose_answer_was_lost_is_no_conflict(
    hub: Hub, registry: WebhookRegistry, transport: JournalTransport
) -> None:
    create(registry)
    transport.forget()
    update(registry)
    replacing = transport.summary.index("PUT webhooks") + 1
    before = stored(hub, 7)
    transport.forget()
    # One less, for `update` read the row first.
    transport.fail(replacing - 1, Fault.AFTER, LOST_ANSWER)
    after = registry.update(before, changed_to(before, "c.d", "e.f", "g.h", Name="again"))
    assert transport.summary.count("PUT webhooks") == 2
    assert (after, unlisted(hub, 7)) == (stored(hub, 7), [])


def test_a_removal_whose_answers_were_lost_is_none_the_less_one(
    hub: Hub, registry: WebhookRegistry, transport: JournalTransport
) -> None:
    registry.create(registration(1, "a.b"))
    for number in range(1, 8):
        create(registry)
        transport.forget()
        transport.fail(number, Fault.AFTER, LOST_ANSWER)
        delete(registry)
        assert (registry.get(7), registry.subscribed_to("a.b"), registry.subscribed_to("c.d")) == (None, [1], [])


def test_a_slow_writer_lets_nothing_be_removed_that_a_later_one_needs(hub: Hub, registry: WebhookRegistry) -> None:
    index = Subscriptions(hub.storage.table("subscriptions"))
    index.add(7, ["a.b"], revision=1)
    # Revision 2 does without a.b and has yet to remove it; 3 wants it back; a loser of 2 comes late.
    index.extend(7, ["a.b"], revision=3)
    index.extend(7, ["a.b"], revision=2)
    index.remove(7, ["a.b"], revision=2)
    assert index.webhook_ids("a.b") == [7]
    index.remove(7, ["a.b"], revision=3)
    assert index.webhook_ids("a.b") == []


def test_many_writers_at_once_leave_one_whole_webhook_and_a_whole_index(hub: Hub, registry: WebhookRegistry) -> None:
    registry.create(registration(7, "e0.x", "e1.x"))

    def save(number: int) -> str | None:
        seen = stored(hub, 7)
        wanted = (f"e{number % 4}.x", f"e{(number + 1) % 4}.x")
        # No two save the same: a row that is there as somebody wanted it counts as theirs.
        name = " ".join((*wanted, str(number)))
        try:
            registry.update(seen, changed_to(seen, *wanted, Name=name))
        except Changed:
            return None
        return name

    with ThreadPoolExecutor(4) as pool:
        saved = [one for one in pool.map(save, range(40)) if one]
    final = stored(hub, 7)
    assert final.revision == 1 + len(saved)
    assert final.webhook.name in saved
    assert final.webhook.name.startswith(" ".join(final.webhook.events))
    assert unlisted(hub, 7) == []


def test_ids_are_given_once_whoever_asks(connection_string: str) -> None:
    settings = Settings.read({"AzureWebJobsStorage": connection_string})
    processes = [Hub.assemble(settings).receivers.webhooks for _ in range(3)]
    with ThreadPoolExecutor(6) as pool:
        given = list(pool.map(lambda number: processes[number % 3].next_id(), range(60)))
    assert len(set(given)) == 60
    assert min(given) == 1


@pytest.mark.parametrize("fault", list(Fault))
def test_an_id_whose_counting_failed_is_not_given_again(
    registry: WebhookRegistry, transport: JournalTransport, fault: Fault
) -> None:
    given = [registry.next_id()]
    for number in range(1, 3):
        transport.forget()
        transport.fail(number, fault)
        with suppress(StorageDown):
            given.append(registry.next_id())
        transport.forget()
        given.append(registry.next_id())
    assert given == sorted(set(given))


def test_an_id_costs_one_transaction_once_the_counter_is_known(
    registry: WebhookRegistry, transport: JournalTransport
) -> None:
    registry.next_id()
    transport.forget()
    registry.next_id()
    assert transport.summary == ["PATCH webhooks"]


def test_the_counter_is_no_webhook(registry: WebhookRegistry) -> None:
    registry.create(registration(registry.next_id(), "a.b", State="Stopped"))
    [(found, usage)] = registry.list(WebhookFilter())
    assert (found.id, found.webhook.state, usage) == (1, WebhookState.STOPPED, Usage())


MANY = tuple(f"e{number}.x" for number in range(100))


class TogetherTransport(JournalTransport):
    """Holds back the first call to the index until a second one is under way beside it."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = count(1)
        self._two_at_once = threading.Event()

    def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as in the class it stands for
        if "/subscriptions(" in request.url:
            if next(self._begun) == 2:
                self._two_at_once.set()
            assert self._two_at_once.wait(30), "this call was alone"
        return super().send(request, **kwargs)


@pytest.mark.parametrize("change", ["create", "extend", "remove"])
def test_many_names_are_indexed_side_by_side(connection_string: str, change: str) -> None:
    with TogetherTransport() as transport:
        index = Hub.assemble(Settings.read({"AzureWebJobsStorage": connection_string}), transport=transport)
        subscriptions = Subscriptions(index.storage.table("subscriptions"))
        {
            "create": lambda: subscriptions.add(7, MANY, revision=1),
            "extend": lambda: subscriptions.extend(7, MANY, revision=1),
            "remove": lambda: subscriptions.remove(7, MANY, revision=1),
        }[change]()
        assert len(transport.calls) >= len(MANY)


def test_a_webhook_with_many_names_is_listed_for_each_until_it_is_removed(hub: Hub, registry: WebhookRegistry) -> None:
    registry.create(registration(7, *MANY))
    assert unlisted(hub, 7) == []
    registry.update(stored(hub, 7), changed_to(stored(hub, 7), *MANY[50:], "new.x"))
    assert unlisted(hub, 7) == []
    assert [name for name in MANY[:50] if registry.subscribed_to(name)] == []
    registry.delete(stored(hub, 7))
    assert [name for name in (*MANY, "new.x") if registry.subscribed_to(name)] == []


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("number", [1, 40, 99, 100, 101, 150, 201])
def test_a_save_of_many_names_that_fails_half_way_leaves_no_webhook_that_is_not_listed(
    hub: Hub, registry: WebhookRegistry, transport: JournalTransport, fault: Fault, number: int
) -> None:
    registry.create(registration(1, "a.b"))
    transport.forget()
    transport.fail(number, fault)
    with pytest.raises(StorageDown):
        registry.create(registration(7, *MANY))
    transport.forget()
    assert unlisted(hub, 7) == []


def test_the_time_of_the_request_holds_for_what_is_done_side_by_side(
    registry: WebhookRegistry, transport: JournalTransport
) -> None:
    registry.create(registration(1, "a.b"))
    transport.forget()
    with deadline(0), pytest.raises(StorageDown):
        registry.create(registration(7, *MANY))
    assert registry.subscribed_to(MANY[0]) == []


class HoldingTransport(JournalTransport):
    """Holds the first call until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.came, self.go_on = threading.Event(), threading.Event()

    def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as in the class it stands for
        """Wait, then send."""
        self.came.set()
        assert self.go_on.wait(30)
        return super().send(request, **kwargs)


@pytest.mark.parametrize(
    ("read", "answer"),
    [
        (lambda registry: registry.get_shared(7).id, 7),
        (lambda registry: registry.subscribed_to("a.b"), [7]),
    ],
    ids=["a registration", "the index"],
)
def test_reads_of_the_same_at_the_same_time_are_shared(
    connection_string: str, read: Callable[[WebhookRegistry], object], answer: object
) -> None:
    settings = Settings.read({"AzureWebJobsStorage": connection_string})
    Hub.assemble(settings).receivers.webhooks.create(registration(7, "a.b"))
    transport, ready = HoldingTransport(), threading.Semaphore(0)
    registry = Hub.assemble(settings, transport=transport).receivers.webhooks

    def other() -> object:
        ready.release()
        return read(registry)

    with ThreadPoolExecutor(10) as pool:
        answers = [pool.submit(read, registry)]
        assert transport.came.wait(30)
        answers += [pool.submit(other) for _ in range(9)]
        assert all(ready.acquire(timeout=30) for _ in range(9))
        transport.go_on.set()
        assert [one.result(30) for one in answers] == [answer] * 10
    assert 2 <= len(transport.calls) < 10
