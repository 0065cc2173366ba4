import time
from collections.abc import Iterable

from shared.delivery.redrive import POISON_QUEUES, QUEUES, UNDISPATCHED_QUEUES
from shared.health import deep_health, health, oldest_message_seconds
from shared.hub.hub import Hub
from shared.version import __version__
from tests.support.transport import JournalTransport


def deep(hub: Hub, warnings: Iterable[str] = ()) -> dict[str, object]:
    names = {"queues": QUEUES, "poison_queues": POISON_QUEUES, "undispatched": UNDISPATCHED_QUEUES}
    return deep_health(hub.storage, **names, warnings=warnings)


def test_health_says_that_the_app_runs_and_which_version() -> None:
    assert health() == {"status": "ok", "version": __version__}


def test_deep_health_counts_nothing_where_nothing_waits(hub: Hub) -> None:
    assert deep(hub) == {
        **health(),
        "queues": {"events": 0, "deliveries": 0, "deliveries-slow": 0, "wakeups": 0},
        "poison": {"events-poison": 0, "deliveries-poison": 0, "deliveries-slow-poison": 0, "wakeups-poison": 0},
        "oldestUndispatchedSeconds": None,
        "warnings": [],
    }


def test_deep_health_repeats_what_it_is_warned_of(hub: Hub) -> None:
    assert deep(hub, ["a sentence"])["warnings"] == ["a sentence"]


def test_deep_health_counts_what_waits_and_what_waits_in_poison(hub: Hub) -> None:
    hub.storage.queue("events-poison").send("not ours")
    hub.storage.queue("events-poison").send("nor this")
    hub.storage.queue("deliveries").send("later", delay_seconds=600)
    told = deep(hub)
    assert told["poison"] == {**dict.fromkeys(POISON_QUEUES, 0), "events-poison": 2}
    assert told["queues"] == {**dict.fromkeys(QUEUES, 0), "deliveries": 1}


def test_deep_health_says_for_how_long_the_oldest_event_waits(hub: Hub) -> None:
    hub.storage.queue("events-poison").send("the older one")
    time.sleep(2.1)
    hub.storage.queue("events").send("the newer one")
    hub.storage.queue("deliveries").send("not an event")
    seconds = deep(hub)["oldestUndispatchedSeconds"]
    assert isinstance(seconds, int)
    assert 1 <= seconds < 60
    assert oldest_message_seconds(hub.storage, ["events"]) in range(seconds)


def test_what_is_not_due_yet_is_not_overdue(hub: Hub) -> None:
    hub.storage.queue("events").send("later", delay_seconds=600)
    assert deep(hub)["oldestUndispatchedSeconds"] is None


def test_a_look_costs_one_transaction_a_queue(hub: Hub, transport: JournalTransport) -> None:
    for number in range(40):
        hub.storage.queue("events").send(str(number))
    transport.forget()
    assert oldest_message_seconds(hub.storage, UNDISPATCHED_QUEUES) is not None
    assert transport.summary == ["GET events/messages", "GET events-poison/messages"]
