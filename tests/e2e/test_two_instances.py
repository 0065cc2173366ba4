"""Two instances of the app over one storage: what one does the other knows, and nothing is done twice or lost."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from azure.storage.queue import QueueServiceClient

from shared.delivery.queues import DELIVERIES_QUEUE
from shared.dynamics.dataverse_event import connection_event_id
from shared.events.announcement import EVENTS_QUEUE
from tests.e2e.running import RunningApp, running_instances
from tests.e2e.test_receiving import ORGANIZATION, new_connection
from tests.e2e.webhooks import events_of, new_event_name, patch, register, signal, states
from tests.fakes.receiver import Behaviour, Receiver, Visit, answers
from tests.support.patience import Meeting, eventually

BOTH = (0, 1)
CONNECTIONS = 40
CALLS = 48
BURST = 120
LEASE_SECONDS = 10
PAUSE_SECONDS = 5
SETTINGS = {"DELIVERY_RETRY_DELAYS": "1,1,2,2,4,4", "DELIVERY_DISABLE_AFTER": "1000"}


@pytest.fixture(scope="module")
def storage(own_accounts: Callable[[], str]) -> str:
    return own_accounts()


@pytest.fixture(scope="module")
def app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Two instances that try again soon."""
    folder = tmp_path_factory.mktemp("app")
    with running_instances(2, storage, folder, lease_seconds=LEASE_SECONDS, **SETTINGS) as running:
        yield running


def queued(connection_string: str) -> int:
    """How many messages the queues hold, those that are worked on and those that wait for later included."""
    with QueueServiceClient.from_connection_string(connection_string) as service:
        queues = [service.get_queue_client(name) for name in (EVENTS_QUEUE, DELIVERIES_QUEUE)]
        return sum(queue.get_queue_properties().approximate_message_count or 0 for queue in queues)


def event_ids(receiver: Receiver) -> list[str]:
    """The ids of the events that it got, in their order."""
    return [call.headers["x-superoffice-eventid"] for call in events_of(receiver.journal)]


def primary_keys(receiver: Receiver) -> list[int]:
    """The keys of the events that it got, in their order."""
    return [json.loads(call.body)["PrimaryKey"] for call in events_of(receiver.journal)]


def fails_sometimes() -> Behaviour:
    """A 500 for every fourth event."""
    lock, seen = threading.Lock(), 0

    def behave(visit: Visit) -> None:
        nonlocal seen
        with lock:
            seen += 1
            fails = seen % 4 == 0
        answers(500 if fails else 200)(visit)

    return behave


def test_the_same_connection_posted_to_both_at_once_is_stored_once_and_delivered_once(
    app: RunningApp, storage: str, receiver: Receiver
) -> None:
    webhook = register(app, receiver.url, "connection.created")
    posted = [new_connection() for _ in range(CONNECTIONS)]

    def post_to_both(body: bytes) -> list[int]:
        meeting = Meeting(2)

        def post(number: int) -> int:
            meeting.wait()
            # As Dataverse does: where storage is too busy to answer in time, that is a 503.
            statuses = (app.at(number).post(body).status_code for _ in range(5))
            return next(status for status in statuses if status != 503)

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(post, BOTH))

    with ThreadPoolExecutor(4) as pool:
        answered = list(pool.map(post_to_both, (body for _, body in posted)))
    assert {status for statuses in answered for status in statuses} == {200, 201}
    assert [statuses for statuses in answered if statuses.count(201) > 1] == []
    expected = {connection_event_id(ORGANIZATION, connection_id) for connection_id, _ in posted}
    assert eventually(lambda: set(event_ids(receiver)) == expected)
    # A second delivery of one would be on its way through a queue.
    assert eventually(lambda: queued(storage) == 0)
    listed = [event["entityId"] for event in app.get("v1/events", limit="200").json()["value"]]
    assert sorted(one for one in listed if one in dict(posted)) == sorted(dict(posted))
    assert sorted(event_ids(receiver)) == sorted(expected)
    patch(app, webhook, State="Stopped")


def test_usage_counts_every_call_of_both(app: RunningApp, receiver: Receiver) -> None:
    name = new_event_name()
    webhook = register(app, receiver.url, name)
    receiver.behave(fails_sometimes())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: signal(app.at(key % 2), name, key), range(CALLS)))
    assert eventually(lambda: states(app, webhook).count("delivered") == CALLS, seconds=90)
    calls = len(events_of(receiver.journal))

    def usage() -> tuple[int, int]:
        entity = app.get(f"v1/Webhook/{webhook['WebhookId']}").json()
        return entity["TotalCalls"], entity["TotalErrors"]

    # A call is counted after its answer, and before its message is removed.
    assert eventually(lambda: usage() == (calls, calls // 4))
    assert calls > CALLS


@pytest.mark.timeout(300)
def test_an_instance_that_is_killed_in_a_burst_loses_nothing_that_either_acknowledged(
    own_accounts: Callable[[], str], receiver: Receiver, tmp_path: Path
) -> None:
    acknowledged: set[int] = set()

    def post(key: int) -> None:
        # The instance that is killed answers no more, and so acknowledges nothing.
        with suppress(requests.RequestException):
            if app.at(key % 2).send("POST", f"v1/Webhook/{name}/{key}", {}).status_code == 204:
                acknowledged.add(key)

    with running_instances(2, own_accounts(), tmp_path, lease_seconds=LEASE_SECONDS, **SETTINGS) as app:
        name = new_event_name()
        register(app, receiver.url, name)
        with ThreadPoolExecutor(8) as pool:
            burst = [pool.submit(post, key) for key in range(BURST)]
            assert eventually(lambda: len(primary_keys(receiver)) > 5)
            app.kill(0)
            for one in burst:
                one.result()
        before = set(primary_keys(receiver))
        assert acknowledged - before, "everything had arrived before one was killed"
        assert len([key for key in acknowledged if key % 2]) > len([key for key in acknowledged if not key % 2])
        # The address that they shared is the other's now.
        assert {app.get("v1/Webhook").status_code for _ in range(8)} == {200}
        assert eventually(lambda: set(primary_keys(receiver)) >= acknowledged, seconds=150)


@pytest.mark.parametrize("number", BOTH)
def test_both_learn_of_a_pause_that_one_was_asked_for(app: RunningApp, receiver: Receiver, number: int) -> None:
    came: list[float] = []

    def is_busy(visit: Visit) -> None:
        came.append(time.monotonic())
        answers(429, b"", f"Retry-After: {PAUSE_SECONDS}")(visit)

    def is_well(visit: Visit) -> None:
        came.append(time.monotonic())
        answers(200)(visit)

    name = new_event_name()
    webhook = register(app, receiver.url, name)
    receiver.behave(is_busy)
    signal(app.at(number), name, 1)
    assert eventually(lambda: app.get(f"v1/Webhook/{webhook['WebhookId']}").json()["TotalErrors"] == 1)
    receiver.behave(is_well)
    for key in range(2, 12):
        signal(app.at(key % 2), name, key)
    assert eventually(lambda: set(primary_keys(receiver)[1:]) == set(range(1, 12)))
    first, *later = came
    assert min(later) - first >= PAUSE_SECONDS
    assert app.get(f"v1/Webhook/{webhook['WebhookId']}").json()["State"] == "Active"


def test_an_event_signalled_at_each_is_delivered_once_each(app: RunningApp, storage: str, receiver: Receiver) -> None:
    name = new_event_name()
    register(app, receiver.url, name)
    for number in BOTH:
        signal(app.at(number), name, number)
    assert eventually(lambda: len(event_ids(receiver)) >= 2)
    assert eventually(lambda: queued(storage) == 0)
    assert sorted(primary_keys(receiver)) == [*BOTH]
    assert len({*event_ids(receiver)}) == 2


def test_what_is_saved_at_one_holds_at_the_other_at_once(app: RunningApp, receiver: Receiver) -> None:
    name = new_event_name()
    one, other = app.at(0), app.at(1)
    webhook = register(one, f"{receiver.url}/before", name)
    signal(other, name, 1)
    assert eventually(lambda: primary_keys(receiver) == [1])
    patch(other, webhook, TargetUrl=f"{receiver.url}/after")
    signal(one, name, 2)
    assert eventually(lambda: primary_keys(receiver) == [1, 2])
    assert [call.path for call in events_of(receiver.journal)] == ["/before", "/after"]
    patch(one, webhook, State="Stopped")
    signal(other, name, 3)
    assert eventually(lambda: states(one, webhook) == ["held", "delivered", "delivered"])
    assert primary_keys(receiver) == [1, 2]
