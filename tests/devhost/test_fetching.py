"""When a listener asks its queue: at once where a place is free again, and no sooner than its wait says otherwise."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from devhost.azurite import Azurite, development_connection_string
from tests.devhost.hosting import eventually, running_host
from tests.devhost.queues import Queues, write_queue_app
from tests.fakes.server import FakeServer, Received, Reply

MESSAGES = 24


class Counting(FakeServer):
    """Hands everything on to the queues of another address, and keeps the journal."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self.strips = ""
        """The method whose answers lose what the service says in headers."""

    def reply(self, request: Received) -> Reply:
        url = f"http://127.0.0.1:{self._port}{request.path}"
        headers = {
            name: value for name, value in request.headers.items() if name.startswith(("x-ms-", "auth", "content-t"))
        }
        answer = requests.request(
            request.method, url, params=request.query, data=request.body, headers=headers, timeout=30
        )
        kept = "x-ms-" if request.method != self.strips else "none"
        told = {name: value for name, value in answer.headers.items() if name.startswith(kept)}
        return Reply(answer.status_code, answer.content, told)

    def fetches(self, queue: str) -> int:
        """How often this queue was asked for messages."""
        return sum(1 for call in self.journal if call.method == "GET" and f"/{queue}/" in call.path)


@pytest.fixture
def counting(azurite_process: Azurite) -> Iterator[Counting]:
    with Counting(azurite_process.ports[1]) as running:
        yield running


def through(counting: Counting) -> str:
    """The connection string whose queues are there."""
    return development_connection_string((1, int(counting.url.rpartition(":")[2]), 1))


def test_messages_that_end_do_not_shorten_the_wait_after_an_empty_poll(
    azurite_process: Azurite, counting: Counting, tmp_path: Path
) -> None:
    queues = Queues(azurite_process.connection_string)
    root = write_queue_app(tmp_path, queues, maxPollingInterval="00:01:00", batchSize=32, newBatchThreshold=32)
    for number in range(MESSAGES):
        queues.send("work", f"slow {number / 10}")
    settings = {"AzureWebJobsStorage": through(counting), "PYTHON_THREADPOOL_THREAD_COUNT": "32"}
    with running_host(root, **settings) as host:
        assert eventually(lambda: len(host.lines("ended")) == MESSAGES)
        # One that found them all, and then one after 0, 0.1, 0.2, 0.4, 0.8, 1.6, ... seconds.
        assert 1 < counting.fetches(queues.name("work")) < MESSAGES / 2


def test_a_renewal_that_fails_in_any_way_is_tried_again(
    azurite_process: Azurite, counting: Counting, tmp_path: Path
) -> None:
    counting.strips = "PUT"
    queues = Queues(azurite_process.connection_string)
    root = write_queue_app(tmp_path, queues)
    queues.send("work", "slow 4")
    with running_host(root, "--lease-seconds", "2", AzureWebJobsStorage=through(counting)) as host:
        assert eventually(lambda: host.log.count("was not renewed (") >= 2)
        assert "was not renewed (KeyError)" in host.log


def test_a_full_listener_asks_at_once_when_a_place_is_free(
    azurite_process: Azurite, counting: Counting, tmp_path: Path
) -> None:
    queues = Queues(azurite_process.connection_string)
    root = write_queue_app(tmp_path, queues, maxPollingInterval="00:01:00", batchSize=1, newBatchThreshold=0)
    for number in range(MESSAGES):
        queues.send("work", f"good {number}")
    with running_host(root, AzureWebJobsStorage=through(counting)) as host:
        # With a wait before each, ever longer ones, it would take hours.
        assert eventually(lambda: len(host.lines("ended")) == MESSAGES)
        assert counting.fetches(queues.name("work")) <= MESSAGES + 2
