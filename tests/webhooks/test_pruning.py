"""Rows of the index that nobody needs go, and none that somebody needs: in whatever order the calls of a save and of a
worker come, and whoever of them is killed after whichever call."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.delivery.message import DeliveryMessage
from shared.errors import StorageDown
from shared.events.event import Event
from shared.hub.hub import Hub
from shared.hub.receivers import webhook_limits
from shared.settings import Settings
from shared.storage.tables import Changed
from shared.webhooks.registry import WebhookRegistry
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE, Subscriptions
from tests.support.events import PAYLOAD, make_event
from tests.support.stepping import SteppingTransport, interleavings
from tests.support.transport import JournalTransport
from tests.webhooks.registered import registration, stored, unlisted, webhook

CREATE, UPDATE, WORKER, OTHER = "create", "update", "worker", "other"
# More calls than any of them makes: whose turns are not limited comes to its end.
REST = 12
WORKERS_CALLS = 6
CREATES_CALLS = 4

ids = count(1000)


@pytest.fixture
def stepping() -> Iterator[SteppingTransport]:
    with SteppingTransport() as made:
        yield made


@pytest.fixture
def stepped(connection_string: str, stepping: SteppingTransport) -> Hub:
    """Its tables exist, and its counts are known."""
    made = Hub.assemble(Settings.read({"AzureWebJobsStorage": connection_string}), transport=stepping)
    made.receivers.webhooks.create(registration(1, "a.b"))
    return made


@pytest.fixture
def an_hour_later(stepped: Hub) -> WebhookRegistry:
    """The registry of a process for which whatever others have stored is an hour old."""
    registry = WebhookRegistry(
        stepped.storage, webhook_limits(stepped.settings), lambda: datetime.now(UTC) + timedelta(hours=1)
    )
    registry.require_room("kim@hub.example")
    return registry


def index(hub: Hub) -> Subscriptions:
    return Subscriptions(hub.storage.table(SUBSCRIPTIONS_TABLE))


def listed(hub: Hub, event: str) -> list[int]:
    return hub.receivers.webhooks.subscribed_to(event)


def ended(works: dict[str, Future[object]]) -> None:
    """Whoever was killed may have failed, and a save may have been refused; nothing else may go wrong."""
    for work in works.values():
        with suppress(StorageDown, Changed):
            work.result()


def created_beside_a_worker(
    registry: WebhookRegistry, worker: WebhookRegistry, transport: SteppingTransport, order: list[str]
) -> tuple[int, Future[object]]:
    """A create and a worker that found no registration, their calls in this order."""
    id_ = next(ids)
    works: dict[str, Callable[[], object]] = {
        CREATE: lambda: registry.create(registration(id_, "a.b")),
        WORKER: lambda: worker.prune("a.b", id_),
    }
    done = transport.run(order, works)
    ended(done)
    return id_, done[CREATE]


@pytest.mark.timeout(300)
def test_a_webhook_whose_create_was_suspended_is_listed_however_its_calls_and_a_workers_follow_each_other(
    stepped: Hub, stepping: SteppingTransport, an_hour_later: WebhookRegistry
) -> None:
    registry = stepped.receivers.webhooks
    for order in interleavings((CREATE, CREATES_CALLS), (WORKER, WORKERS_CALLS)):
        whole = [*order, *[WORKER] * REST, *[CREATE] * REST]
        id_, create = created_beside_a_worker(registry, an_hour_later, stepping, whole)
        create.result()
        assert unlisted(stepped, id_) == [], order


@pytest.mark.parametrize("calls", range(3))
def test_a_new_webhook_is_listed_although_the_worker_was_killed(
    stepped: Hub, stepping: SteppingTransport, calls: int
) -> None:
    registry = stepped.receivers.webhooks
    for order in interleavings((CREATE, CREATES_CALLS), (WORKER, calls)):
        id_, create = created_beside_a_worker(registry, registry, stepping, [*order, *[CREATE] * REST])
        create.result()
        assert unlisted(stepped, id_) == [], order


@pytest.mark.parametrize("calls", range(CREATES_CALLS))
def test_what_a_create_that_was_killed_has_stored_is_listed(
    stepped: Hub, stepping: SteppingTransport, calls: int
) -> None:
    registry = stepped.receivers.webhooks
    for order in interleavings((CREATE, calls), (WORKER, WORKERS_CALLS)):
        id_, _ = created_beside_a_worker(registry, registry, stepping, [*order, *[WORKER] * REST])
        assert unlisted(stepped, id_) == [], order


def test_what_a_create_left_that_never_ended_goes_with_an_event_some_minutes_later(
    stepped: Hub, stepping: SteppingTransport, an_hour_later: WebhookRegistry
) -> None:
    registry = stepped.receivers.webhooks
    id_, _ = created_beside_a_worker(registry, registry, stepping, [CREATE])
    assert (registry.get(id_), id_ in listed(stepped, "a.b")) == (None, True)
    registry.prune("a.b", id_)
    assert id_ in listed(stepped, "a.b")
    an_hour_later.prune("a.b", id_)
    assert listed(stepped, "a.b") == [1]


@pytest.mark.timeout(300)
def test_a_webhook_that_subscribes_again_is_listed_however_the_calls_follow_each_other(
    stepped: Hub, stepping: SteppingTransport
) -> None:
    registry = stepped.receivers.webhooks
    for order in interleavings((UPDATE, 3), (WORKER, 5)):
        id_ = next(ids)
        registry.create(registration(id_, "a.b"))
        index(stepped).extend(id_, ["c.d"], revision=1)
        before = stored(stepped, id_)
        works: dict[str, Callable[[], object]] = {
            UPDATE: partial(registry.update, before, replace(before, webhook=webhook("a.b", "c.d"))),
            WORKER: partial(registry.prune, "c.d", id_),
        }
        done = stepping.run([*order, *[WORKER] * REST, *[UPDATE] * REST], works)
        ended(done)
        done[UPDATE].result()
        assert unlisted(stepped, id_) == [], order


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.lists(st.sampled_from([CREATE, WORKER, OTHER, UPDATE]), max_size=30),
    rest=st.permutations([CREATE, WORKER, OTHER, UPDATE]),
    killed=st.sampled_from([None, WORKER, OTHER, UPDATE]),
)
def test_a_save_a_create_and_two_workers_in_any_order_leave_what_is_stored_listed(
    stepped: Hub,
    stepping: SteppingTransport,
    an_hour_later: WebhookRegistry,
    order: list[str],
    rest: list[str],
    killed: str | None,
) -> None:
    id_, registry = next(ids), stepped.receivers.webhooks
    # A worker that is killed, and a create that was suspended for long, are two faults; one of them is enough.
    worker = registry if killed else an_hour_later

    def update() -> None:
        before = registry.get(id_)
        if before is not None:
            registry.update(before, replace(before, webhook=webhook("c.d", "e.f")))

    works: dict[str, Callable[[], object]] = {
        CREATE: lambda: registry.create(registration(id_, "a.b", "c.d")),
        WORKER: lambda: worker.prune("c.d", id_),
        OTHER: lambda: worker.prune("c.d", id_),
        UPDATE: update,
    }
    last = [name for name in rest if name != killed for _ in range(2 * REST)]
    done = stepping.run([*order, *last], works)
    ended(done)
    done[CREATE].result()
    assert unlisted(stepped, id_) == []


def accepted(hub: Hub, type_: str) -> Event:
    event = make_event(type=type_)
    hub.events.append(event, PAYLOAD)
    return event


def work(hub: Hub, event: Event, webhook_id: int, **fields: int) -> None:
    message = DeliveryMessage(event_id=event.id, webhook_id=webhook_id, event=event, **fields)
    hub.receivers.worker.work(message.as_text().encode())


def test_a_row_of_a_webhook_that_is_gone_goes_with_the_next_event(hub: Hub) -> None:
    index(hub).extend(7, ["a.b"], revision=1)
    work(hub, accepted(hub, "a.b"), 7)
    assert listed(hub, "a.b") == []


def test_a_row_that_a_lost_race_left_goes_with_the_next_event(hub: Hub) -> None:
    registry = hub.receivers.webhooks
    registry.create(registration(7, "a.b"))
    seen = stored(hub, 7)
    registry.update(seen, replace(seen, webhook=webhook("a.b", Name="winner")))
    with pytest.raises(Changed):
        registry.update(seen, replace(seen, webhook=webhook("a.b", "race.x", Name="loser")))
    assert listed(hub, "race.x") == [7]
    work(hub, accepted(hub, "race.x"), 7)
    assert (listed(hub, "race.x"), listed(hub, "a.b")) == ([], [7])


def test_a_row_of_a_save_that_may_be_under_way_stays(hub: Hub) -> None:
    hub.receivers.webhooks.create(registration(7, "a.b"))
    # Written by a save whose registration is not stored yet.
    index(hub).extend(7, ["c.d"], revision=2)
    work(hub, accepted(hub, "c.d"), 7)
    assert listed(hub, "c.d") == [7]


@pytest.mark.parametrize("fields", [{"attempt": 1}, {"cycle": 1}])
def test_only_a_first_attempt_looks_for_rows_for_no_other_comes_from_the_index(
    hub: Hub, transport: JournalTransport, fields: dict[str, int]
) -> None:
    event = accepted(hub, "a.b")
    transport.forget()
    work(hub, event, 7, **fields)
    assert transport.summary == ["GET webhooks"]


def test_a_webhook_that_was_removed_while_an_event_was_on_its_way_costs_one_look(
    hub: Hub, transport: JournalTransport
) -> None:
    hub.receivers.webhooks.create(registration(7, "a.b"))
    hub.receivers.webhooks.delete(stored(hub, 7))
    event = accepted(hub, "a.b")
    transport.forget()
    work(hub, event, 7)
    assert transport.summary == ["GET webhooks", "GET subscriptions"]
