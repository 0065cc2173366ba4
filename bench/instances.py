"""Two instances on one storage: the same post at both at the same moment, and what a second one adds."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.load import Run
from bench.receiver import RunningReceiver
from bench.report import Figure, at_most, shown
from bench.runs import marks_of, receipts_of, run_events, warm_up
from bench.senders import HubSender, hub_sender

_POSTS = 200
_PAIRS_AT_ONCE = 4
_BURST = 400
_PATIENCE_SECONDS = 60.0
_SETTLE_SECONDS = 3.0


def twice_figures(receiver: RunningReceiver, folder: Path) -> list[Figure]:
    """Each connection is posted to both instances at the same moment; what came to the receiver again is counted."""
    with hub_sender(folder / "twice", f"{receiver.url}/healthy", instances=2) as sender:
        warm_up(sender, receiver)
        marks = [str(uuid.uuid4()) for _ in range(_POSTS)]
        with ThreadPoolExecutor(_PAIRS_AT_ONCE) as pool:
            statuses = [status for pair in pool.map(lambda mark: _post_to_both(sender, mark), marks) for status in pair]
        came = _came(sender, receiver, frozenset(marks))
    missing = len(frozenset(marks) - frozenset(came))
    method = f"{_POSTS} connections; answers: " + ", ".join(
        f"{status} {statuses.count(status)}" for status in sorted(frozenset(statuses))
    )
    again = len(came) - len(frozenset(came))
    return [
        at_most("delivered again when two instances get the same post at once", again, 0, method, digits=0),
        at_most("not delivered at all then", missing, 0, f"of {_POSTS}", digits=0),
    ]


def against_one_figures(receiver: RunningReceiver, folder: Path) -> list[Figure]:
    """The same burst on one instance and on two, on the same cores."""
    found = {count: _burst(receiver, folder, count) for count in (1, 2)}
    (one, one_cpu), (two, two_cpu) = found[1], found[2]
    return [
        shown(
            "two instances over one: delivered a second",
            f"{two.delivered_a_second / one.delivered_a_second:.2f}x",
            f"burst of {_BURST}: {two.delivered_a_second:.0f} over {one.delivered_a_second:.0f}, "
            "on the same cores as storage, client and receiver",
        ),
        shown(
            "two instances over one: CPU an event",
            f"{two_cpu / one_cpu:.2f}x",
            f"{two_cpu * 1000:.1f} over {one_cpu * 1000:.1f} ms",
        ),
    ]


def _burst(receiver: RunningReceiver, folder: Path, count: int) -> tuple[Run, float]:
    with hub_sender(folder / f"instances-{count}", f"{receiver.url}/healthy", instances=count) as sender:
        warm_up(sender, receiver)
        before = sender.cpu_seconds()
        run = run_events(sender, receiver, _BURST, patience_seconds=_PATIENCE_SECONDS)
        time.sleep(1)
        return run, (sender.cpu_seconds() - before) / _BURST


def _post_to_both(sender: HubSender, mark: str) -> list[int]:
    barrier = threading.Barrier(2)

    def post(url: str) -> int:
        barrier.wait()
        return sender.post_to(url, mark)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(post, sender.site.urls))


def _came(sender: HubSender, receiver: RunningReceiver, marks: frozenset[str]) -> list[str]:
    """The marks that came, as often as they did, a while after all had come once."""
    came: list[str] = []
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while not marks <= frozenset(came) and time.monotonic() < give_up_at:
        came += [mark for mark, _ in marks_of(sender, receipts_of(receiver), "healthy") if mark in marks]
        time.sleep(0.2)
    time.sleep(_SETTLE_SECONDS)
    return came + [mark for mark, _ in marks_of(sender, receipts_of(receiver), "healthy") if mark in marks]
