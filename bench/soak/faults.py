"""What hurts the hub while a soak runs: planned faults of hosts and storage, and queue messages that come twice."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from azure.core.exceptions import AzureError
from azure.storage.queue import QueueClient

from bench.site import Site
from bench.soak.plan import HOSTS, Fault, PlannedFault
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE
from shared.delivery.queues import DELIVERIES_QUEUE
from shared.events.announcement import EVENTS_QUEUE

_QUEUES = (EVENTS_QUEUE, DELIVERIES_QUEUE, WAKEUPS_QUEUE)
_LOOK_SECONDS = 0.3
_CALL_SECONDS = 2
_MAX_REMEMBERED = 500


@dataclass
class FaultTimes:
    """When faults began and were over, in monotonic seconds; threads may share it."""

    spans: list[tuple[float, float]] = field(default_factory=list)

    @contextmanager
    def during(self) -> Iterator[None]:
        """A fault is under way until the end of the block."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.spans.append((began, time.monotonic()))


def cause(site: Site, faults: Iterable[PlannedFault], started: float, done: "Counter[str]", times: FaultTimes) -> None:
    """Each fault at its moment, or as soon after it as the one before is over; `started` is of the monotonic clock."""
    for planned in faults:
        time.sleep(max(0.0, started + planned.at - time.monotonic()))
        with times.during():
            _cause(site, planned)
        done[planned.fault] += 1


def _cause(site: Site, planned: PlannedFault) -> None:
    match planned.fault:
        case Fault.KILL_HOST:
            site.kill_host(planned.host)
            site.start_host(planned.host)
        case Fault.KILL_ALL_HOSTS:
            for number in range(HOSTS):
                site.kill_host(number)
            for number in range(HOSTS):
                site.start_host(number)
        case Fault.PAUSE_STORAGE:
            site.pause_storage(planned.seconds)
        case Fault.RESTART_STORAGE:
            site.restart_storage()


def double(site: Site, chance: random.Random, is_over: threading.Event, done: "Counter[str]") -> None:
    """Until the end, send messages of the queues again: some at once, some long after their work is done."""
    remembered: dict[str, list[str]] = {name: [] for name in _QUEUES}
    while not is_over.wait(_LOOK_SECONDS):
        for name in _QUEUES:
            try:
                done["message doubled"] += _double(site.connection_string, name, chance, remembered[name])
            except AzureError:
                # Storage is paused or gone, so there is nothing to see.
                continue


def _double(connection_string: str, name: str, chance: random.Random, remembered: list[str]) -> int:
    with QueueClient.from_connection_string(
        connection_string, name, retry_total=0, connection_timeout=_CALL_SECONDS, read_timeout=_CALL_SECONDS
    ) as queue:
        seen = [str(message.content) for message in queue.peek_messages(32)]
        remembered.extend(seen[: _MAX_REMEMBERED - len(remembered)])
        again = [
            *chance.sample(seen, min(2, len(seen))),
            *chance.sample(remembered, min(1, len(remembered))),
        ]
        for text in again:
            queue.send_message(text, time_to_live=-1)
    return len(again)
