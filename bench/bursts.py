"""Bursts to one webhook: storage transactions an event, the host's included, and how many deliveries were parked."""

from pathlib import Path

from bench.load import Run
from bench.receiver import RunningReceiver
from bench.report import Figure, at_most, shown
from bench.runs import run_events, warm_up
from bench.senders import HubSender, hub_sender
from bench.storage_log import Transactions

BURSTS = (200, 1_000)
_PATIENCE_SECONDS = 120.0
_RECORDS = "POST /deliveries"


def figures(receiver: RunningReceiver, folder: Path) -> list[Figure]:
    """On one hub, one burst after the other."""
    found = []
    with hub_sender(folder / "bursts", f"{receiver.url}/healthy") as sender:
        warm_up(sender, receiver)
        for events in BURSTS:
            run, spent = measured(sender, receiver, events)
            found += _figures(run, spent, events)
    return found


def measured(
    sender: HubSender, receiver: RunningReceiver, events: int, *, path: str = "healthy"
) -> tuple[Run, Transactions]:
    """Run a burst, and tell what storage was asked for until all of it was done."""
    log = sender.site.storage_log
    log.settled()
    log.begin()
    run = run_events(sender, receiver, events, path=path, patience_seconds=_PATIENCE_SECONDS)
    return run, log.settled()


def _figures(run: Run, spent: Transactions, events: int) -> list[Figure]:
    parked = max(0, spent.created[_RECORDS] - events)
    each = f"storage transactions an event in a burst of {events:,} to one webhook"
    how = f"all in Azurite's access log: {spent.shares(events)}"
    count = at_most(each, spent.total / events, 10, how, digits=1)
    return [
        count if events == BURSTS[0] else shown(each, count.value, how),
        at_most(
            f"deliveries to a healthy receiver that were parked, burst of {events:,}",
            100 * parked / events,
            5,
            f"rows made in `deliveries` beyond one for each of {len(run.arrived):,} delivered",
            unit=" %",
            digits=1,
        ),
        shown(
            f"burst of {events:,}: delivered a second",
            f"{run.delivered_a_second:.0f}",
            f"{len(run.arrived):,} of {len(run.accepted):,} accepted, {run.duplicates} again",
        ),
    ]
