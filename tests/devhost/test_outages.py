"""Storage that is not there, goes away, or hangs: the host says so once, lives on, and works again after."""

import time
from pathlib import Path

from devhost.azurite import Azurite, azurite
from tests.devhost.hosting import RunningHost, eventually, running_host
from tests.devhost.queues import Queues, began, write_queue_app


def outages(host: RunningHost, queues: Queues) -> int:
    """How often the host said that it cannot read the queue."""
    return host.log.count(f"queue {queues.name('work')} cannot be read")


def test_storage_may_come_up_later_than_the_host(azurite_process: Azurite, tmp_path: Path) -> None:
    # The shared one has put Node on PATH.
    assert azurite_process.pid
    with azurite() as before:
        before.kill()
    queues = Queues(before.connection_string)
    root = write_queue_app(tmp_path, queues)
    with running_host(root, AzureWebJobsStorage=queues.connection_string) as host:
        assert eventually(lambda: outages(host, queues) == 1)
        assert host.call("send?text=lost").status_code == 500
        with azurite(before.ports):
            queues.send("work", "late")
            assert eventually(lambda: began(host, "late") != [])
        assert outages(host, queues) == 1
        assert "can be read again" in host.log


def test_storage_may_hang_while_the_host_runs_and_does_not_keep_it_from_ending(
    azurite_process: Azurite, tmp_path: Path
) -> None:
    queues = Queues(azurite_process.connection_string)
    root = write_queue_app(tmp_path, queues)
    arguments = ("--grace-seconds", "1")
    with running_host(root, *arguments, AzureWebJobsStorage=queues.connection_string) as host:
        try:
            azurite_process.pause()
            assert eventually(lambda: outages(host, queues) == 1, seconds=40)
            azurite_process.resume()
            queues.send("work", "after")
            assert eventually(lambda: began(host, "after") != [])
            azurite_process.pause()
            started = time.monotonic()
            assert host.end() == 0
            assert time.monotonic() - started < 8
        finally:
            azurite_process.resume()
