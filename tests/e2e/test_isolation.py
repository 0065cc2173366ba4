"""One receiver that hangs does not hold up another."""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.running import RunningApp, running_app
from tests.e2e.test_receiving import eventually
from tests.e2e.webhooks import new_event_name, register, signal, states
from tests.fakes.receiver import Receiver, hangs
from tests.fakes.server import FakeServer, Received, Reply

WAITING = 200
MEASURED = 80
PAUSE_SECONDS = 0.1
MOST_RATIO = 1.5
SLACK_SECONDS = 0.25
"""What two runs on one noisy machine differ by: an eighth of the longest pause between two polls of a queue."""


class TimingReceiver(FakeServer):
    """A healthy receiver that notes when each event came, by its primary key."""

    def __init__(self) -> None:
        super().__init__()
        self.came_at: dict[int, float] = {}

    def reply(self, request: Received) -> Reply:
        """204, and the first time counts."""
        self.came_at.setdefault(json.loads(request.body)["PrimaryKey"], time.monotonic())
        return Reply(204)


@pytest.fixture(scope="module")
def app(new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app that never disables a webhook, so that the hanging one hangs to the end."""
    with running_app(new_account(), tmp_path_factory.mktemp("app"), DELIVERY_DISABLE_AFTER="100000") as running:
        yield running


def p95_seconds(app: RunningApp, receiver: TimingReceiver, event: str, keys: range) -> float:
    """From the request that signals an event to its arrival, for a steady stream of events."""
    sent_at: dict[int, float] = {}
    for key in keys:
        sent_at[key] = time.monotonic()
        signal(app, event, key)
        time.sleep(PAUSE_SECONDS)
    # Far more than it takes: a message that the host lost from sight comes again when its lease of a minute ends.
    assert eventually(lambda: sent_at.keys() <= receiver.came_at.keys(), seconds=150)
    return statistics.quantiles([receiver.came_at[key] - sent for key, sent in sent_at.items()], n=20)[-1]


@pytest.mark.timeout(400)
def test_a_hanging_receiver_with_200_waiting_events_leaves_the_p95_of_another_one_alone(
    app: RunningApp, receiver: Receiver
) -> None:
    hanging, healthy = new_event_name(), new_event_name()
    with TimingReceiver() as other:
        webhook = register(app, receiver.url, hanging)
        register(app, other.url, healthy)
        p95_seconds(app, other, healthy, range(1000, 1010))
        alone = p95_seconds(app, other, healthy, range(2000, 2000 + MEASURED))
        receiver.behave(hangs())
        receiver.connections = 0
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: signal(app, hanging, key), range(WAITING)))
        assert eventually(lambda: receiver.connections > 0)
        beside = p95_seconds(app, other, healthy, range(3000, 3000 + MEASURED))
        # They do wait: few were tried, and none was delivered.
        assert 0 < receiver.connections < WAITING / 4
        assert "delivered" not in states(app, webhook)
    assert beside <= MOST_RATIO * alone + SLACK_SECONDS
