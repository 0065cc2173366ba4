"""One measurement for every sender: the same client, receiver and cores, one after the other in one run."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bench.load import Run, counted, offer
from bench.receiver import Receipt, RunningReceiver
from bench.senders import Sender

STEADY = (100, 5.0)
"""Events, and how many a second."""
BURST = 200
PATIENCE_SECONDS = 45.0
_WARM_UP = 20

type Start = Callable[..., AbstractContextManager[Sender]]


@dataclass(frozen=True)
class Compared:
    """What one sender did: at a steady rate, in a burst, and in a burst with a hanging receiver beside."""

    name: str
    settings: str
    steady: Run
    burst: Run
    beside_hanging: Run


def compare(start: Start, receiver: RunningReceiver, folder: Path) -> Compared:
    """Start the sender twice, each time afresh, and measure; raises NotAvailable."""
    healthy, hanging = f"{receiver.url}/healthy", f"{receiver.url}/hanging"
    with start(folder / "healthy", healthy) as sender:
        _warm_up(sender, receiver)
        steady = _run(sender, receiver, *STEADY)
        burst = _run(sender, receiver, BURST)
    with start(folder / "hanging", healthy, hanging) as sender:
        # Not warmed up: the first event already meets the receiver that hangs.
        beside = _run(sender, receiver, BURST)
        return Compared(sender.name, sender.settings, steady, burst, beside)


def _warm_up(sender: Sender, receiver: RunningReceiver) -> None:
    run = _run(sender, receiver, _WARM_UP)
    if run.missing or not run.accepted:
        raise RuntimeError(f"{sender.name} delivers nothing: see its log below .local/bench")


def _run(sender: Sender, receiver: RunningReceiver, events: int, a_second: float = float("inf")) -> Run:
    """Offer events, then wait until every accepted one has come to the healthy receiver, or time is up."""
    accepted = offer(sender.post, events, a_second=a_second)
    came: list[tuple[str, float]] = []
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        came += _marks(sender, receiver.receipts())
        if accepted.keys() <= dict(came).keys():
            break
        time.sleep(0.2)
    arrived, receipts = counted([(mark, at) for mark, at in came if mark in accepted])
    return Run(events, accepted, arrived, receipts)


def _marks(sender: Sender, receipts: list[Receipt]) -> list[tuple[str, float]]:
    return [(sender.mark_of(one.body), one.at) for one in receipts if one.path == "healthy" and _is_event(one)]


def _is_event(receipt: Receipt) -> bool:
    # The hub's test event, sent when a webhook is saved, names no connection.
    return receipt.body.get("Event", "") != "test"
