"""An event that 500 webhooks want."""

import time
from pathlib import Path

from bench.load import percentile
from bench.receiver import RunningReceiver
from bench.report import Figure, shown
from bench.runs import marks_of, receipts_of
from bench.senders import HubSender, hub_sender

_WEBHOOKS = 500
_EVENTS = 4
_PATIENCE_SECONDS = 120.0


def figures(receiver: RunningReceiver, folder: Path) -> list[Figure]:
    """Some events, one after the other, each to 500 webhooks at one receiver."""
    urls = [f"{receiver.url}/healthy"] * _WEBHOOKS
    with hub_sender(folder / "wide", *urls) as sender:
        log = sender.site.storage_log
        log.begin()
        before = sender.cpu_seconds()
        took = sorted(_seconds(sender, receiver) for _ in range(_EVENTS))
        spent, cpu = log.settled(), sender.cpu_seconds() - before
    deliveries = _EVENTS * _WEBHOOKS
    name = f"fan-out to {_WEBHOOKS}"
    return [
        shown(
            f"{name}: from acceptance until all have it",
            f"{percentile(took, 50):.1f} s",
            f"median of {_EVENTS} events, the first to webhooks never called before took at most {took[-1]:.1f} s",
        ),
        shown(f"{name}: deliveries a second", f"{deliveries / sum(took):.0f}"),
        shown(f"{name}: storage transactions a delivery", f"{spent.total / deliveries:.1f}", spent.shares(deliveries)),
        shown(f"{name}: CPU a delivery", f"{1000 * cpu / deliveries:.1f} ms"),
    ]


def _seconds(sender: HubSender, receiver: RunningReceiver) -> float:
    mark = "8a6c1d5e-0000-4000-8000-" + f"{time.monotonic_ns() % 10**12:012d}"
    sender.post(mark)
    accepted, came = time.monotonic(), 0
    last = accepted
    while came < _WEBHOOKS:
        if time.monotonic() > accepted + _PATIENCE_SECONDS:
            raise RuntimeError(f"{came} of {_WEBHOOKS} deliveries came")
        times = [at for found, at in marks_of(sender, receipts_of(receiver), "healthy") if found == mark]
        came, last = came + len(times), max([last, *times])
        time.sleep(0.1)
    return last - accepted
