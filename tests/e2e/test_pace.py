"""At the receiver's pace, through the running app: nothing is lost, nobody has to help, and no receiver is overrun."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.running import RunningApp, running_app
from tests.e2e.webhooks import deliveries, events_of, new_event_name, patch, register, signal, state_of, states
from tests.fakes.receiver import Behaviour, Receiver, Visit, answers, answers_in_turn, hangs, sends
from tests.support.patience import eventually

BURST = 150
HANGING = 20
LEASE_SECONDS = 10
RETRY_AFTER = 5
PLACES = 4
"""As many attempts as a receiver that has just been proven may have under way."""


@pytest.fixture(scope="module")
def app(own_accounts: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(own_accounts(), tmp_path_factory.mktemp("app")) as running:
        yield running


def burst(app: RunningApp, name: str, count: int, *, first: int = 0) -> None:
    """Signal so many events, eight at a time."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: signal(app, name, key), range(first, first + count)))


def keys(receiver: Receiver) -> set[int]:
    """The primary keys of the events that it got."""
    return {json.loads(call.body)["PrimaryKey"] for call in events_of(receiver.journal)}


def waiting(app: RunningApp, webhook: dict[str, object]) -> list[dict[str, object]]:
    return deliveries(app, webhook, state="waiting", limit="200")


def unfinished(app: RunningApp, webhook: dict[str, object]) -> list[dict[str, object]]:
    """What the log has that has not arrived."""
    return deliveries(app, webhook, state="waiting,pending,failed,held", limit="200")


@pytest.mark.timeout(400)
def test_beside_twenty_hanging_receivers_a_healthy_one_gets_its_events_at_once(
    app: RunningApp, receiver: Receiver
) -> None:
    """By the time the healthy one has everything, the others have been called a few times each, and not in turn."""
    name, healthy = new_event_name(), new_event_name()
    with ExitStack() as stack:
        others = [stack.enter_context(Receiver()) for _ in range(HANGING)]
        webhooks = [register(app, other.url, name) for other in others]
        register(app, receiver.url, healthy)
        for other in others:
            other.behave(hangs())
            other.connections = 0
        with ThreadPoolExecutor(2) as pool:
            # Each of these is twenty deliveries.
            told = pool.submit(burst, app, name, 15)
            burst(app, healthy, 60)
            told.result()
        assert eventually(lambda: len(keys(receiver)) == 60, seconds=120)
        called = [other.connections for other in others]
        # A receiver that hangs has a place or two until its circuit opens, and then a probe now and then.
        assert max(called) <= 2 * PLACES
        assert sum(called) < 15 * HANGING / 2
        for webhook in webhooks:
            patch(app, webhook, State="Stopped")


class Restarting:
    """A receiver that resets every connection while it is down."""

    def __init__(self) -> None:
        self.is_down = threading.Event()

    def __call__(self, visit: Visit) -> None:
        if self.is_down.is_set():
            visit.reset()
        else:
            answers()(visit)


@pytest.mark.timeout(400)
def test_a_burst_to_a_receiver_that_restarts_is_delivered_without_a_person(app: RunningApp, receiver: Receiver) -> None:
    name = new_event_name()
    webhook = register(app, receiver.url, name)
    behaviour = Restarting()
    receiver.behave(behaviour)
    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(burst, app, name, BURST)
        assert eventually(lambda: len(keys(receiver)) > BURST / 10)
        behaviour.is_down.set()
        time.sleep(3)
        behaviour.is_down.clear()
        told.result()
    assert eventually(lambda: keys(receiver) == set(range(BURST)), seconds=240)
    assert eventually(lambda: not unfinished(app, webhook), seconds=120)
    assert state_of(app, webhook) == "Active"


class Throttling:
    """Answers 429 once it has got so many, notes when it did, and what came after that until it is well again."""

    def __init__(self, after: int) -> None:
        self._left = after
        self._lock = threading.Lock()
        self.asked_at: float | None = None
        self.came_at: list[float] = []

    def __call__(self, visit: Visit) -> None:
        with self._lock:
            now = time.monotonic()
            self._left -= 1
            if self._left >= 0:
                behaviour: Behaviour = answers()
            elif self.asked_at is None or now - self.asked_at < RETRY_AFTER:
                behaviour = answers(429, b"", f"Retry-After: {RETRY_AFTER}")
                if self.asked_at is not None:
                    self.came_at.append(now - self.asked_at)
            else:
                behaviour = answers()
        behaviour(visit)
        with self._lock:
            if self._left < 0 and self.asked_at is None:
                self.asked_at = time.monotonic()


@pytest.mark.timeout(400)
def test_a_receiver_that_asks_for_a_pause_has_it_and_then_gets_everything(app: RunningApp, receiver: Receiver) -> None:
    name = new_event_name()
    webhook = register(app, receiver.url, name)
    behaviour = Throttling(5)
    receiver.behave(behaviour)
    burst(app, name, 40)
    assert eventually(lambda: behaviour.asked_at is not None)
    assert eventually(lambda: bool(waiting(app, webhook)))
    (one, *_) = waiting(app, webhook)
    assert (one["waitingReason"], bool(one["waitingUntil"])) == ("paused", True)
    assert eventually(lambda: len(keys(receiver)) == 40, seconds=120)
    assert eventually(lambda: not unfinished(app, webhook), seconds=120)
    # No more than what was under way when it asked.
    assert len(behaviour.came_at) <= 2 * PLACES
    usage = app.get(f"v1/Webhook/{webhook['WebhookId']}").json()
    assert (usage["State"], usage["ConsecutiveErrors"]) == ("Active", 0)


@pytest.mark.timeout(400)
def test_what_waits_for_a_receiver_that_fails_shows_why_and_a_save_that_proves_it_well_wakes_it(
    app: RunningApp, receiver: Receiver
) -> None:
    name = new_event_name()
    webhook = register(app, receiver.url, name)
    receiver.behave(sends(b""))
    burst(app, name, 30)
    # The circuit opens again and again, for longer each time, and nobody disables it for that.
    assert eventually(lambda: len(waiting(app, webhook)) >= 25, seconds=120)
    assert {one["waitingReason"] for one in waiting(app, webhook)} <= {"circuit", "place"}
    assert eventually(lambda: any(one["waitingReason"] == "circuit" for one in waiting(app, webhook)))
    assert all(one["waitingUntil"] for one in waiting(app, webhook))
    assert state_of(app, webhook) == "Active"
    receiver.behave(answers())
    # Without the save, up to half an hour could pass until the next probe.
    patch(app, webhook, TargetUrl=f"{receiver.url}/well")
    assert eventually(lambda: not waiting(app, webhook), seconds=120)
    assert "delivered" in states(app, webhook)


@pytest.mark.timeout(400)
def test_a_host_that_is_killed_while_many_wait_loses_none(
    own_accounts: Callable[[], str], receiver: Receiver, tmp_path: Path
) -> None:
    storage, name = own_accounts(), new_event_name()
    with running_app(storage, tmp_path, lease_seconds=LEASE_SECONDS) as first:
        webhook = register(first, receiver.url, name)
        receiver.behave(answers_in_turn(answers(429, b"", "Retry-After: 8"), answers()))
        burst(first, name, BURST)
        assert eventually(lambda: len(waiting(first, webhook)) >= 75, seconds=60)
        first.kill(0)
    with running_app(storage, tmp_path) as second:
        # What the killed host had in its hands shows up again when its lease ends.
        assert eventually(lambda: keys(receiver) == set(range(BURST)), seconds=240)
        assert eventually(lambda: not waiting(second, webhook), seconds=60)
        assert state_of(second, webhook) == "Active"
