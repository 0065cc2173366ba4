from shared.delivery.redrive import POISON_QUEUES
from shared.health import deep_health, health
from shared.hub.hub import Hub
from shared.version import __version__


def test_health_says_that_the_app_runs_and_which_version() -> None:
    assert health() == {"status": "ok", "version": __version__}


def test_deep_health_counts_nothing_where_nothing_was_poisoned(hub: Hub) -> None:
    assert deep_health(hub.storage, POISON_QUEUES) == {
        **health(),
        "poison": dict.fromkeys(POISON_QUEUES, 0),
        "warnings": [],
    }


def test_deep_health_repeats_what_it_is_warned_of(hub: Hub) -> None:
    assert deep_health(hub.storage, (), ["a sentence"])["warnings"] == ["a sentence"]


def test_deep_health_counts_what_waits_in_poison(hub: Hub) -> None:
    hub.storage.queue("events-poison").send("not ours")
    hub.storage.queue("events-poison").send("nor this")
    assert deep_health(hub.storage, POISON_QUEUES)["poison"] == {**dict.fromkeys(POISON_QUEUES, 0), "events-poison": 2}
